"""What today's servers offer to look after many sockets: finding, moving, sending away; `data`; rooms' events."""

import gc

import pytest

from edgeio import iosched
from edgeio.errors import OptionError
from host_tests.looping import settle, turn_until
from host_tests.socketio.serving import next_socket


@pytest.fixture
def three(serve, raw, revision):
    """(io, [client, ...], [socket, ...]): three clients; the first two are in room 'a', the second in 'b' too."""
    io = serve()
    clients, sockets = [], []
    for rooms in (['a'], ['a', 'b'], []):
        arrived = next_socket(io)
        clients.append(raw(io, revision))
        sockets.append(arrived().join(rooms))
    return io, clients, sockets


def awaited(wait):
    """What a coroutine gets that awaits `wait`."""
    found = []

    async def work():
        found.append(await wait)

    iosched.spawn(work())
    turn_until(lambda: found, 'the result')
    return found[0]


def test_fetch_sockets(three):
    io, _, sockets = three
    assert set(awaited(io.fetch_sockets())) == set(sockets)
    assert set(awaited(io.to('a').fetch_sockets())) == set(sockets[:2])
    assert awaited(io.to('a').except_('b').fetch_sockets()) == [sockets[0]]
    assert awaited(io.to(sockets[2].id).fetch_sockets()) == [sockets[2]]
    assert awaited(io.to('nowhere').fetch_sockets()) == []
    [found] = awaited(sockets[0].to('a').fetch_sockets())
    assert found is sockets[1]


def test_all_sockets(three):
    io, _, sockets = three
    assert awaited(io.all_sockets()) == {socket.id for socket in sockets}
    assert awaited(io.in_('b').all_sockets()) == {sockets[1].id}


def test_sockets_join_and_leave(three):
    io, clients, sockets = three
    io.to('a').sockets_join(['c', 'd'])
    io.sockets_join('all')
    assert list(sockets[0].rooms) == [sockets[0].id, 'a', 'all', 'c', 'd']
    assert list(sockets[2].rooms) == [sockets[2].id, 'all']
    io.to('b').sockets_leave(['c', 'd'])
    io.except_('b').sockets_leave('all')
    assert list(sockets[1].rooms) == [sockets[1].id, 'a', 'all', 'b']
    assert list(sockets[2].rooms) == [sockets[2].id]


def test_disconnect_sockets_of_a_room(three):
    io, clients, sockets = three
    reasons = []
    for socket in sockets:
        socket.on('disconnect', reasons.append)
    io.to('a').disconnect_sockets()
    assert reasons == ['server namespace disconnect'] * 2
    assert [client.rest() for client in clients] == [['41'], ['41'], []]
    assert not any(client.closed for client in clients)


def test_disconnect_sockets_with_their_connections(three):
    io, clients, _ = three
    io.disconnect_sockets(True)
    for client in clients:
        client.wait_closed()
    assert not io.engine.clients and not io.sockets.sockets


def test_data_is_the_apps_own(three):
    _, _, sockets = three
    sockets[0].data['user'] = 'ada'
    assert sockets[0].data == {'user': 'ada'} and sockets[1].data == {}
    sockets[0].data = {'user': 'bob'}
    assert sockets[0].data['user'] == 'bob'


def test_data_set_by_a_middleware_is_there_in_the_handler(serve, raw, revision):
    io = serve()
    seen = []
    io.use(lambda socket, next: (socket.data.update(user='ada'), next())[1])
    io.on('connection', lambda socket: seen.append(socket.data))
    raw(io, revision)
    assert seen == [{'user': 'ada'}]


def test_server_side_emit_has_nobody_to_reach(three):
    io, clients, _ = three
    answers = []
    assert io.server_side_emit('hello', 1) is True
    io.of('/chat').server_side_emit('hello', lambda error, found: answers.append((error, found)))
    assert answers == [(None, [])]
    settle()
    assert [client.rest() for client in clients] == [[], [], []]


@pytest.mark.parametrize('name', ['connect', 'connection', 'new_namespace'])
def test_server_side_emit_refuses_reserved_names(three, name):
    with pytest.raises(OptionError, match='is a reserved event name'):
        three[0].server_side_emit(name)


def test_the_adapter_tells_of_rooms(serve, raw, revision):
    io = serve()
    events = []
    adapter = io.sockets.adapter
    for name in ('create-room', 'join-room', 'leave-room', 'delete-room'):
        adapter.on(name, lambda *args, name=name: events.append((name, *args)))
    arrived = next_socket(io)
    raw(io, revision)
    socket = arrived()
    sid = socket.id
    assert events == [('create-room', sid), ('join-room', sid, sid)]
    events.clear()
    socket.join('a')
    socket.join('a')
    adapter.add_all('other', ['a'])
    adapter.remove('other', 'a')
    socket.leave('a')
    assert events == [
        ('create-room', 'a'), ('join-room', 'a', sid), ('join-room', 'a', 'other'), ('leave-room', 'a', 'other'),
        ('leave-room', 'a', sid), ('delete-room', 'a'),
    ]
    events.clear()
    socket.disconnect()
    assert events == [('leave-room', sid, sid), ('delete-room', sid)]


def test_rooms_and_sids_mirror_each_other_through_any_sequence(three):
    io, _, sockets = three
    adapter = io.sockets.adapter
    steps = [(0, 'x'), (1, 'x'), (0, 'y'), (0, '-x'), (1, '-a'), (2, 'x'), (2, 'y'), (0, '-y'), (2, '-x'), (1, '-x')]
    for n, room in steps:
        sockets[n].leave(room[1:]) if room[0] == '-' else sockets[n].join(room)
        forth = {(sid, room) for sid, rooms in adapter.sids.items() for room in rooms}
        back = {(sid, room) for room, sids in adapter.rooms.items() for sid in sids}
        assert forth == back
    assert sorted(adapter.rooms['a']) == [sockets[0].id] and 'x' not in adapter.rooms


def test_engine_clients_count(serve, raw, revision):
    io = serve()
    assert io.engine.clients_count == 0
    client = raw(io, revision)
    assert io.engine.clients_count == 1
    client.drop()
    turn_until(lambda: io.engine.clients_count == 0, 'the end of the connection')


def test_conn_events_of_a_socket(serve, raw, revision):
    io = serve()
    events = []

    @io.on('connection')
    def connection(socket):
        for name in ('packet', 'packet_create', 'close'):
            socket.conn.on(name, lambda *args, name=name: events.append((name, *args)))
        socket.on('echo', lambda data: socket.emit('echoed', data))

    client = raw(io, revision)
    client.emit('echo', 1)
    assert client.take() == '42["echoed",1]'
    assert events[-2:] == [
        ('packet', {'type': 'message', 'data': '2["echo", 1]'}),
        ('packet_create', {'type': 'message', 'data': '2["echoed",1]'}),
    ]
    client.drop()
    turn_until(lambda: events[-1] == ('close', 'transport close'), 'the close event')


def test_conn_tells_of_drain(serve, raw, revision):
    io = serve()
    arrived = next_socket(io)
    client = raw(io, revision)
    socket = arrived()
    drained = []
    socket.conn.on('drain', lambda: drained.append(socket.conn.writable))
    while socket.conn.writable:
        socket.emit('fill', 'x' * 30000)
    turn_until(lambda: client._read() or drained, 'the drain')
    assert drained[0] is True


def test_a_once_handler_runs_once_though_the_event_comes_again_before_it_is_called(serve, raw, revision):
    io = serve()
    arrived = next_socket(io)
    client = raw(io, revision)
    socket = arrived()
    seen = []

    def ask_for_more(number):
        if number == 1:
            client.emit('event', 2)
            turn_until(lambda: seen, 'the same event')

    socket.on('event', ask_for_more)
    socket.once('event', seen.append)
    client.emit('event', 1)
    turn_until(lambda: seen, 'the event')
    settle()
    assert seen == [2]


def test_connection_that_ends_leaves_nothing_to_the_garbage_collector(serve, raw, revision):
    io = serve()
    ended = []
    io.on('connection', lambda socket: socket.on('disconnect', ended.append))
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        raw(io, revision).drop()
        turn_until(lambda: ended, 'the end of the connection')
        gc.collect()
        left = [type(found).__name__ for found in gc.garbage if type(found).__module__.startswith('edgeio')]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert left == []
