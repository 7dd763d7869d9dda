"""Connection state recovery: what a client finds that comes back in time, and what not."""

import json
import re

import pytest

from edgeio import iosched
from host_tests.looping import turn_until
from host_tests.socketio.serving import next_socket


class Away:
    """A client that was connected, saw one event, and lost its connection. socket: its Socket of then."""

    def __init__(self, io, raw, nsp='/', rooms=(), data=None):
        self.io = io
        self.nsp = nsp
        arrived = next_socket(io, nsp)
        self.client = raw(io, nsp=nsp)
        self.socket = arrived().join(list(rooms))
        if data is not None:
            self.socket.data = data
        self.socket.emit('seen')
        self.offset = self.client.take_event()[1]

    def leave(self, how='drop'):
        """Loses the connection; self."""
        getattr(self.client, how)()
        turn_until(lambda: self.socket.disconnected, 'the disconnect')
        return self

    def back(self, raw, **changes):
        """A client with its pid and offset; its Socket."""
        auth = {'pid': self.client.pid, 'offset': self.offset, **changes}
        arrived = next_socket(self.io, self.nsp)
        client = raw(self.io, nsp=self.nsp, auth=auth)
        return client, arrived()


def test_it_is_off_by_default(serve, raw):
    io = serve()
    arrived = next_socket(io)
    client = raw(io)
    arrived().emit('event', 1)
    assert client.pid is None and client.take() == '42["event",1]' and arrived().recovered is False


def test_clients_get_a_private_id_and_events_an_offset(serve, raw):
    io = serve(connection_state_recovery=True)
    arrived = next_socket(io)
    client = raw(io)
    assert client.pid and client.pid != client.id
    arrived().emit('event', 1)
    io.emit('event', 2)
    events = client.events()
    assert [event[:2] for event in events] == [['event', 1], ['event', 2]]
    assert len({event[2] for event in events}) == 2


def test_acks_volatile_events_and_revision_4_have_none(serve, raw):
    io = serve(connection_state_recovery=True)
    arrived = next_socket(io)
    client = raw(io)
    arrived().emit('question', lambda: None)
    io.volatile.emit('event')
    arrived().volatile.emit('event')
    assert [len(event) for event in client.events()] == [1, 1, 1]
    old = raw(io, 4)
    assert old.pid is None


def test_who_comes_back_in_time_finds_id_rooms_and_data(serve, raw):
    io = serve(connection_state_recovery=True)
    away = Away(io, raw, rooms=['a', 'b'], data={'user': 'ada'}).leave()
    client, socket = away.back(raw)
    assert (socket.id, client.id, client.pid) == (away.socket.id, away.client.id, away.client.pid)
    assert socket.recovered is True and socket is not away.socket
    assert list(socket.rooms) == [socket.id, 'a', 'b'] and socket.data == {'user': 'ada'}
    io.to('b').emit('event')
    assert client.take_event()[0] == 'event'


def test_missed_events_come_in_order_and_those_of_others_do_not(serve, raw):
    io = serve(connection_state_recovery=True)
    away = Away(io, raw, rooms=['a', 'b'])
    other = Away(io, raw)
    away.leave()
    io.emit('1')
    io.to('a').emit('2', b'binary')
    io.to(['a', 'b']).emit('3')
    io.to(away.socket.id).emit('4')
    io.to('elsewhere').emit('not for it')
    io.except_('b').emit('not for it')
    io.to('a').except_(away.socket.id).emit('not for it')
    io.volatile.emit('not kept')
    other.socket.broadcast.emit('5')
    other.socket.emit('not for it')
    client, socket = away.back(raw)
    io.emit('6')
    assert [event[0] for event in client.events()] == ['1', '2', '3', '4', '5', '6']


def test_only_what_came_after_the_offset_comes_again(serve, raw):
    io = serve(connection_state_recovery=True)
    away = Away(io, raw)
    io.emit('seen as well')
    away.offset = away.client.take_event()[1]
    io.emit('on its way')
    away.leave()
    client, _ = away.back(raw)
    assert [event[0] for event in client.events()] == ['on its way']


def test_each_return_is_a_new_beginning(serve, raw):
    io = serve(connection_state_recovery=True)
    away = Away(io, raw, rooms=['a']).leave()
    io.emit('1')
    away.client, away.socket = away.back(raw)
    away.offset = away.client.take_event()[1]
    away.leave()
    io.to('a').emit('2')
    client, socket = away.back(raw)
    assert socket.recovered and [event[0] for event in client.events()] == ['2']


def test_it_works_in_namespaces_of_all_kinds(serve, raw):
    io = serve(connection_state_recovery=True)
    io.of(re.compile('^/dynamic$'))
    away = Away(io, raw, '/dynamic').leave()
    assert io.of('/dynamic').parent is not None
    io.of('/dynamic').emit('missed')
    client, socket = away.back(raw)
    assert socket.recovered and client.take().startswith('42/dynamic,["missed"')


@pytest.mark.parametrize(
    'changes',
    [{'pid': 'unknown'}, {'offset': 'unknown'}, {'pid': None}, {'offset': None}, {'pid': 1}, {'offset': ['x']}],
    ids=str,
)
def test_an_unknown_pid_or_offset_starts_a_new_session(serve, raw, changes):
    io = serve(connection_state_recovery=True)
    away = Away(io, raw, rooms=['a'], data={'user': 'ada'}).leave()
    io.emit('missed')
    client, socket = away.back(raw, **changes)
    assert socket.recovered is False and socket.id != away.socket.id and client.pid != away.client.pid
    assert list(socket.rooms) == [socket.id] and socket.data == {} and client.rest() == []


def test_a_session_can_be_taken_up_once(serve, raw):
    io = serve(connection_state_recovery=True)
    away = Away(io, raw).leave()
    assert away.back(raw)[1].recovered and not away.back(raw)[1].recovered


def test_a_session_of_another_namespace_is_not_taken_up(serve, raw):
    io = serve(connection_state_recovery=True)
    io.of('/chat')
    away = Away(io, raw).leave()
    away.nsp = '/chat'
    assert not away.back(raw)[1].recovered


def test_who_comes_too_late_starts_a_new_session(serve, raw):
    io = serve(connection_state_recovery={'maxDisconnectionDuration': 20})
    away = Away(io, raw).leave()
    late = iosched.Promise()
    iosched.set_timeout(late.resolve, 40)
    turn_until(lambda: late.settled)
    assert not away.back(raw)[1].recovered


@pytest.mark.parametrize('how', ['the client', 'the server', 'the server, with the connection'])
def test_who_was_sent_away_or_left_is_not_expected_back(serve, raw, how):
    io = serve(connection_state_recovery=True)
    away = Away(io, raw)
    if how == 'the client':
        away.client.send('41')
    else:
        away.socket.disconnect('connection' in how)
    turn_until(lambda: away.socket.disconnected, 'the disconnect')
    assert not away.back(raw)[1].recovered


def test_the_handlers_run_for_a_session_that_is_taken_up_too(serve, raw):
    io = serve(connection_state_recovery=True)
    seen = []
    io.on('connection', lambda socket: seen.append(socket.recovered))
    Away(io, raw).leave().back(raw)
    assert seen == [False, True]


@pytest.mark.parametrize(('skip', 'runs'), [(True, 1), (False, 2)])
def test_middleware_is_skipped_unless_asked_for(serve, raw, skip, runs):
    io = serve(connection_state_recovery={'skip_middlewares': skip})
    seen = []
    io.use(lambda socket, next: (seen.append(socket.recovered), next())[1])
    assert Away(io, raw).leave().back(raw)[1].recovered
    assert seen == [False, True][:runs]


def test_events_go_on_while_the_middleware_thinks(serve, raw):
    io, away, client, go_on = returning(serve, raw, max_packets=10)
    io.emit('meanwhile')
    go_on()
    io.emit('after')
    assert client.take() == '40' + json.dumps({'sid': away.socket.id, 'pid': away.client.pid}, separators=(',', ':'))
    assert [event[0] for event in client.events()] == ['missed', 'meanwhile', 'after']


def test_who_misses_more_than_is_kept_while_the_middleware_thinks_begins_anew(serve, raw):
    io, away, client, go_on = returning(serve, raw, max_packets=2)
    io.emit('meanwhile')
    go_on()
    assert json.loads(client.take()[2:])['pid'] != away.client.pid
    [socket] = io.sockets.sockets.values()
    assert client.events() == [] and not socket.recovered
    assert socket.id != away.socket.id and set(socket.rooms) == {socket.id} and socket.data == {}
    assert set(io.sockets.adapter.sids) == {socket.id}


def returning(serve, raw, **bounds):
    """(server, Away, its new client, what lets that in): a client comes back, and the middleware thinks."""
    io = serve(connection_state_recovery={'skip_middlewares': False, **bounds})
    thinking = []
    io.use(lambda socket, next: thinking.append(next) if socket.recovered else next())
    away = Away(io, raw, rooms=['vip'], data={'admin': True}).leave()
    away.thinking, away.until = thinking, io.sockets.adapter._sessions[away.client.pid].until
    io.emit('missed')
    client = raw(io, nsp=None)
    client.send('40' + json.dumps({'pid': away.client.pid, 'offset': away.offset}))
    turn_until(lambda: thinking)
    return io, away, client, thinking[0]


def test_who_drops_while_the_middleware_thinks_may_come_back_again(serve, raw):
    io, away, client, _ = returning(serve, raw)
    adapter = io.sockets.adapter
    until = away.until
    client.drop()
    turn_until(lambda: len(adapter._sessions) == 1, 'the return of the session')
    assert adapter._sessions[away.client.pid].until == until  # no longer than it had
    assert adapter.rooms == {}
    io.emit('meanwhile')
    again = raw(io, nsp=None)
    arrived = next_socket(io)
    again.send('40' + json.dumps({'pid': away.client.pid, 'offset': away.offset}))
    turn_until(lambda: len(away.thinking) == 2, 'the second thought')
    away.thinking[1]()
    assert arrived().recovered and again.take().startswith('40{')
    assert [event[0] for event in again.events()] == ['missed', 'meanwhile']


def test_a_middleware_may_refuse_a_session_that_is_taken_up(serve, raw):
    io = serve(connection_state_recovery={'skip_middlewares': False})
    io.use(lambda socket, next: next(Exception('no') if socket.recovered else None))
    away = Away(io, raw, rooms=['a']).leave()
    io.emit('missed')
    client = raw(io, nsp=None)
    client.send('40' + json.dumps({'pid': away.client.pid, 'offset': away.offset}))
    assert client.rest() == ['44{"message":"no"}']
    assert io.sockets.adapter.rooms == {}


# -- bounds ----------------------------------------------------------------------------------------------------------


def test_events_kept_are_bounded_in_number(serve, raw):
    io = serve(connection_state_recovery={'max_packets': 3})
    first, second = Away(io, raw), Away(io, raw)
    first.leave()
    second.leave()
    io.emit('1')
    io.emit('2')
    assert second.back(raw)[1].recovered
    io.emit('3')
    io.emit('4')
    assert not first.back(raw)[1].recovered


def test_events_kept_are_bounded_in_bytes(serve, raw):
    io = serve(connection_state_recovery={'max_packet_bytes': 1000})
    away = Away(io, raw).leave()
    for _ in range(3):
        io.emit('event', b'x' * 200, 'x' * 200)
    adapter = io.sockets.adapter
    assert len(adapter._kept) == 2 and adapter._bytes < 1000
    assert not away.back(raw)[1].recovered


def test_sessions_kept_are_bounded_and_the_oldest_go_first(serve, raw):
    io = serve(connection_state_recovery={'max_sessions': 2})
    aways = [Away(io, raw) for _ in range(3)]
    for away in aways:
        away.leave()
    assert [away.back(raw)[1].recovered for away in aways] == [False, True, True]


def test_sessions_whose_time_is_up_are_forgotten_though_nobody_asks(serve, raw):
    io = serve(connection_state_recovery={'max_disconnection_duration': 60})
    for away in [Away(io, raw, data={'user': 'ada'}), Away(io, raw)]:
        away.leave()
    turn_until(lambda: not io.sockets.adapter._sessions, 'the end of the sessions')
    assert len(io.sockets.adapter._watched) == 0


def left_behind(adapter):
    """What `adapter` holds: timers, sessions, events, and their bytes."""
    return len(adapter._watched), len(adapter._sessions), len(adapter._kept), adapter._bytes


def test_the_end_of_the_server_leaves_neither_timers_nor_sessions_nor_events(serve, raw):
    io = serve(connection_state_recovery=True)
    Away(io, raw).leave()
    connected = Away(io, raw)
    assert left_behind(io.sockets.adapter)[:3] == (1, 1, 2)
    io.close()
    assert connected.socket.disconnected
    assert left_behind(io.sockets.adapter) == (0, 0, 0, 0)


def test_the_end_of_the_server_ends_those_who_come_back_and_are_not_in_yet(serve, raw):
    io, _, client, go_on = returning(serve, raw)
    io.close()
    client.wait_closed()
    go_on()
    assert left_behind(io.sockets.adapter) == (0, 0, 0, 0) and io.sockets.sockets == {}


def test_a_namespace_that_is_cleaned_up_keeps_nobody(serve, raw):
    io = serve(connection_state_recovery={'skip_middlewares': False}, cleanup_empty_child_namespaces=True)
    thinking = []
    io.of(re.compile('^/dynamic$')).use(lambda socket, next: thinking.append(next) if socket.recovered else next())
    Away(io, raw, '/dynamic')  # whose being there keeps the namespace
    away = Away(io, raw, '/dynamic').leave()
    client = raw(io, nsp=None)
    client.send('40/dynamic,' + json.dumps({'pid': away.client.pid, 'offset': away.offset}))
    turn_until(lambda: thinking, 'the middleware')
    adapter = io.of('/dynamic').adapter
    for socket in list(io.of('/dynamic').sockets.values()):
        socket.disconnect()
    client.drop()
    turn_until(lambda: '/dynamic' not in io.namespaces, 'the end of the namespace')
    assert left_behind(adapter) == (0, 0, 0, 0)


def test_the_old_connection_ends_when_its_client_is_back_before_it_was_missed(serve, raw):
    io = serve(connection_state_recovery=True)
    away = Away(io, raw)
    client, socket = away.back(raw)
    # The server does not know yet that the first connection is gone: no session waits, a new one begins.
    assert not socket.recovered and socket.id != away.socket.id and away.socket.connected


def test_nobody_misses_what_was_said_before_it_came_or_joined(serve, raw):
    io = serve(connection_state_recovery=True)
    early = Away(io, raw, rooms=['secret'])
    io.to('secret').emit('said', 1)
    io.emit('told', 2)
    late = Away(io, raw)
    io.to('secret').emit('said', 3)
    late.socket.join('secret')
    io.to('secret').emit('said', 4)
    late.leave()
    io.to('secret').emit('said', 5)
    client, socket = late.back(raw, offset=early.offset)
    assert socket.recovered
    assert [event[:-1] for event in client.events()] == [['seen'], ['said', 4], ['said', 5]]


def test_what_was_lost_twice_is_still_missed(serve, raw):
    io = serve(connection_state_recovery=True)
    away = Away(io, raw, rooms=['a']).leave()
    io.to('a').emit('said', 1)
    for _ in range(2):
        client, socket = away.back(raw)
        assert [event[:2] for event in client.events()] == [['said', 1]]
        client.drop()
        turn_until(lambda socket=socket: socket.disconnected, 'the disconnect')


def test_rooms_of_those_that_are_gone_are_not_remembered(serve, raw):
    io = serve(connection_state_recovery=True)
    away = Away(io, raw, rooms=['a', 'b']).leave()
    client, socket = away.back(raw)
    client.drop()
    turn_until(lambda: socket.disconnected, 'the disconnect')
    assert io.of('/').adapter._joined == {}


def test_join_that_fails_leaves_nothing_behind(serve, raw):
    io = serve(connection_state_recovery=True)
    arrived = next_socket(io)
    client = raw(io)
    socket = arrived()
    adapter = io.sockets.adapter
    with pytest.raises(TypeError):
        socket.join(['room', []])
    with pytest.raises(TypeError):
        adapter.add_all(socket.id, ['other', []])
    assert list(socket.rooms)[0] == socket.id and 'room' not in socket.rooms
    client.send('41')
    turn_until(lambda: socket.disconnected, 'the disconnect')
    assert adapter._joined == {} and adapter.rooms == {}


def test_id_that_somebody_has_by_now_is_not_taken_up(serve, raw):
    io = serve(connection_state_recovery=True)
    io.engine.generate_id = lambda req: req.query['user']
    first = raw(io, query={'user': 'bob'})
    io.emit('seen')
    offset = first.take_event()[1]
    first.drop()
    turn_until(lambda: not io.sockets.sockets, 'the disconnect')
    second = raw(io, query={'user': 'bob'})
    raw(io, query={'user': 'ann'}, auth={'pid': first.pid, 'offset': offset})
    assert sorted(io.sockets.sockets) == ['ann', 'bob']
    io.emit('all')
    assert second.take_event()[0] == 'all'
