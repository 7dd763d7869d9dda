"""Who gets an event: rooms, exclusions, flags; what operators are; who is told with on_any and on_any_outgoing."""

import json

import pytest

from edgeio.errors import OptionError
from edgeio.socketio import Server
from host_tests.looping import Polling, during, turn_until
from host_tests.socketio.serving import next_socket


@pytest.fixture
def three(serve, raw, revision):
    """(io, [client, ...], [socket, ...]): three clients, each with its Socket."""
    io = serve()
    clients, sockets = [], []
    for _ in range(3):
        arrived = next_socket(io)
        clients.append(raw(io, revision))
        sockets.append(arrived())
    return io, clients, sockets


def heard(clients):
    """The names of the events that each client got."""
    return [[event[0] for event in client.events()] for client in clients]


# -- selection -------------------------------------------------------------------------------------------------------


def test_several_rooms_reach_a_socket_once(three):
    io, clients, sockets = three
    sockets[0].join(['a', 'b'])
    sockets[1].join('b')
    io.to('a').to('b').emit('chained')
    io.to(['a', 'b']).emit('listed')
    assert heard(clients) == [['chained', 'listed'], ['chained', 'listed'], []]


def test_except_leaves_rooms_and_ids_out(three):
    io, clients, sockets = three
    sockets[0].join('a')
    sockets[1].join('a')
    io.except_('a').emit('1')
    io.to('a').except_(sockets[0].id).emit('2')
    io.except_(['a', sockets[2].id]).emit('3')
    getattr(io, 'except')('nowhere').emit('4')
    assert heard(clients) == [['4'], ['2', '4'], ['1', '4']]


def test_a_socket_reaches_the_others(three):
    io, clients, sockets = three
    for socket in sockets[:2]:
        socket.join('room')
    sockets[0].broadcast.emit('1')
    sockets[0].to('room').emit('2')
    sockets[0].except_('room').emit('3')
    sockets[0].broadcast.to('room').except_(sockets[1].id).emit('4')
    sockets[0].local.emit('5')
    sockets[0].to(sockets[0].id).emit('6')
    assert heard(clients) == [[], ['1', '2', '5'], ['1', '3', '5']]


def test_the_server_reaches_one_socket_by_its_id(three):
    io, clients, sockets = three
    io.to(sockets[1].id).emit('private')
    assert heard(clients) == [[], ['private'], []]


def test_a_room_without_members_reaches_nobody_and_vanishes(three):
    io, clients, sockets = three
    sockets[0].join('room').leave('room')
    sockets[0].leave('never joined')
    io.to('room').emit('nobody')
    assert heard(clients) == [[], [], []]
    assert sorted(io.sockets.adapter.rooms) == sorted(socket.id for socket in sockets)


def test_operators_are_values_that_can_be_kept(three):
    io, clients, sockets = three
    sockets[0].join('a')
    sockets[1].join('b')
    to_a = io.to('a')
    to_both = to_a.to('b')
    quiet = to_a.volatile
    to_a.emit('a')
    to_both.emit('both')
    quiet.emit('quiet')
    to_a.emit('a again')
    assert heard(clients) == [['a', 'both', 'quiet', 'a again'], ['both'], []]


def test_binary_reaches_receivers_of_both_revisions_and_all_transports(serve, raw):
    io = serve()
    clients = [raw(io, 5), raw(io, 4), raw(io, 5)]
    io.emit('event', b'\0\1', {'deep': [b'\2', b'']}, 'text')
    for client in clients:
        assert client.take_event() == ['event', b'\0\1', {'deep': [b'\2', b'']}, 'text']


def test_events_keep_their_order_whether_sent_to_one_or_to_all(three):
    io, clients, sockets = three
    for n in range(0, 30, 3):
        sockets[0].emit('event', n)
        io.emit('event', n + 1)
        io.to(sockets[0].id).emit('event', n + 2, b'binary')
    assert [event[1] for event in clients[0].events()] == list(range(30))


def test_what_cannot_be_encoded_raises_at_the_call_and_sends_nothing(three):
    io, clients, sockets = three
    for emit in (io.emit, sockets[0].emit, sockets[0].broadcast.emit):
        with pytest.raises((TypeError, ValueError)):
            emit('event', object())
        with pytest.raises((TypeError, ValueError)):
            emit('event', float('nan'))
    io.emit('after')
    assert heard(clients) == [['after']] * 3


def test_client_that_poses_as_an_attachment_harms_no_receiver_of_what_is_relayed(three, reports):
    io, clients, sockets = three
    sockets[0].on('say', lambda what: sockets[0].broadcast.emit('said', what, b'a picture'))
    clients[0].emit('say', {'_placeholder': True, 'num': 9})
    clients[0].emit('say', 'hello')
    assert [client.take_event() for client in clients[1:]] == [['said', 'hello', b'a picture']] * 2
    [(error, where)] = reports
    assert type(error) is ValueError and "'_placeholder'" in str(error) and "'say'" in where
    assert not any(client.closed for client in clients)
    reports.clear()


@pytest.mark.parametrize('name', [None, 7, b'event', ('a',)])
def test_an_event_name_is_a_str(three, name):
    io, _, sockets = three
    for emit in (io.emit, sockets[0].emit, sockets[0].volatile.emit):
        with pytest.raises(OptionError, match='an event name must be str'):
            emit(name)


def test_nothing_is_sent_to_a_socket_that_is_gone(three):
    io, clients, sockets = three
    sockets[0].disconnect()
    assert sockets[0].emit('event') is sockets[0]
    io.to(sockets[0].id).emit('event')
    assert clients[0].rest() == ['41']


def test_a_gone_socket_still_broadcasts(three):
    io, clients, sockets = three
    sockets[0].join('room')
    sockets[1].join('room')
    sockets[0].on('disconnect', lambda reason: sockets[0].to('room').emit('left'))
    sockets[0].disconnect()
    assert heard(clients[1:]) == [['left'], []]


def test_a_handler_that_disconnects_everybody_during_a_broadcast_harms_nobody(three):
    io, clients, sockets = three
    sockets[1].on('bye', lambda: io.disconnect_sockets())
    io.emit('before')
    clients[1].emit('bye')
    assert [client.rest() for client in clients] == [['42["before"]', '41']] * 3


# -- volatile --------------------------------------------------------------------------------------------------------


def test_volatile_is_dropped_where_the_client_does_not_read_and_counted(serve, raw, revision):
    io = serve()
    arrived = next_socket(io)
    client = raw(io, revision)
    socket = arrived()
    while socket.conn.writable:
        socket.emit('fill', 'x' * 30000)
    dropped = io.sockets.adapter.dropped
    socket.volatile.emit('lost')
    io.volatile.emit('lost', b'binary')
    socket.emit('kept')
    assert io.sockets.adapter.dropped == dropped + 2
    names = set()
    while 'kept' not in names:
        names.add(client.take_event()[0])
    assert names == {'fill', 'kept'} and client.events() == []


def test_volatile_that_is_dropped_is_not_outgoing_and_leaves_no_question_open(serve, raw):
    io = serve(max_pending_acks=2)
    arrived = next_socket(io)
    client = raw(io)
    socket = arrived()
    while socket.conn.writable:
        socket.emit('fill', 'x' * 30000)
    outgoing = []
    socket.on_any_outgoing(lambda *args: outgoing.append(args))
    for _ in range(9):
        socket.volatile.emit('lost', outgoing.append)
        io.volatile.emit('lost')
    socket.emit('kept')
    names = set()
    while 'kept' not in names:
        names.add(client.take_event()[0])
    assert names == {'fill', 'kept'} and outgoing == [('kept',)] and socket.connected


def test_volatile_binary_is_sent_whole(three):
    io, clients, sockets = three
    sockets[0].volatile.emit('event', b'1', b'2')
    io.volatile.emit('event', b'1', b'2')
    assert clients[0].events() == [['event', b'1', b'2']] * 2


# -- on_any ----------------------------------------------------------------------------------------------------------


def test_on_any_hears_each_event_before_its_handlers(three):
    _, clients, sockets = three
    order = []
    last = lambda name, *args: order.append(('last', name, *args))  # noqa: E731
    sockets[0].on_any(last)
    sockets[0].prepend_any(lambda name, *args: order.append(('first', name, *args)))
    sockets[0].use(lambda packet, next: (order.append('middleware'), next())[0])
    sockets[0].on('event', lambda data: order.append(('handler', data)))
    clients[0].emit('event', 1)
    turn_until(lambda: len(order) == 4, 'the event')
    assert order == [('first', 'event', 1), ('last', 'event', 1), 'middleware', ('handler', 1)]
    assert sockets[0].listeners_any()[1] is last


def test_on_any_hears_events_without_a_handler(three):
    _, clients, sockets = three
    seen = []
    sockets[0].on_any(lambda *args: seen.append(args))
    clients[0].emit('unknown', 1, b'2')
    turn_until(lambda: seen, 'the event')
    assert seen == [('unknown', 1, b'2')]


def test_off_any_removes_one_or_all(three):
    _, clients, sockets = three
    seen = []
    first, second, third = [lambda name, n=n: seen.append(n) for n in range(3)]
    sockets[0].on_any(first).on_any(second).on_any(third).off_any(second)
    sockets[0].on('done', lambda ack: ack())
    clients[0].emit('event')
    turn_until(lambda: seen, 'the event')
    assert seen == [0, 2]
    sockets[0].off_any()
    clients[0].emit('done', ack_id=1)
    assert clients[0].take() == '431[]' and seen == [0, 2]


def test_on_any_outgoing_hears_events_and_broadcasts_but_no_acks(three):
    io, clients, sockets = three
    seen = []
    sockets[0].on_any_outgoing(lambda *args: seen.append(args))
    sockets[0].prepend_any_outgoing(lambda *args: seen.append('first'))
    sockets[0].on('question', lambda ack: ack('answer'))
    sockets[0].emit('direct', 1)
    io.emit('broadcast', 2)
    io.to(sockets[0].id).volatile.emit('volatile', 3)
    sockets[1].emit('to another')
    clients[0].emit('question', ack_id=1)
    while clients[0].take() != '431["answer"]':
        pass
    assert seen == ['first', ('direct', 1), 'first', ('broadcast', 2), 'first', ('volatile', 3)]


def test_off_any_outgoing_removes_one_or_all(three):
    io, _, sockets = three
    seen = []
    first, second = [lambda name, n=n: seen.append(n) for n in range(2)]
    sockets[0].on_any_outgoing(first).on_any_outgoing(second)
    assert sockets[0].listeners_any_outgoing() == [first, second]
    sockets[0].off_any_outgoing(first).emit('event')
    io.emit('event')
    assert seen == [1, 1]
    sockets[0].off_any_outgoing()
    io.emit('event')
    assert seen == [1, 1] and sockets[0].listeners_any_outgoing() == []


def test_an_exception_in_one_any_listener_harms_nobody(three, reports):
    _, clients, sockets = three
    seen = []
    sockets[0].on_any(lambda *args: 1 / 0).on('event', seen.append)
    clients[0].emit('event', 1)
    turn_until(lambda: seen, 'the event')
    assert len(reports) == 1
    reports.clear()


# -- handlers --------------------------------------------------------------------------------------------------------


def test_the_arity_of_a_handler_is_fitted(three):
    _, clients, sockets = three
    seen = []
    sockets[0].on('event', lambda: seen.append(()))
    sockets[0].on('event', lambda a: seen.append((a,)))
    sockets[0].on('event', lambda a, b, c: seen.append((a, b, c)))
    sockets[0].on('event', lambda *args: seen.append(args))
    clients[0].emit('event', 1, 2)
    turn_until(lambda: len(seen) == 4, 'the handlers')
    assert seen == [(), (1,), (1, 2, None), (1, 2)]


def test_an_exception_in_a_handler_is_reported_with_the_events_name(three, reports):
    _, clients, sockets = three
    seen = []
    sockets[0].on('event', lambda data: 1 / 0).on('event', seen.append)
    clients[0].emit('event', 1)
    turn_until(lambda: seen, 'the second handler')
    [(error, where)] = reports
    assert type(error) is ZeroDivisionError and "'event'" in where
    assert not clients[0].closed
    reports.clear()


def test_send_and_write_are_message_events(three):
    io, clients, sockets = three
    assert io.send('1') is io and io.write('2') is io
    assert sockets[0].send('3') is sockets[0] and sockets[0].write('4') is sockets[0]
    io.to(sockets[0].id).send('5')
    assert clients[0].events() == [['message', text] for text in '12345']


def test_names_of_events_may_hold_anything(three):
    _, clients, sockets = three
    seen = []
    for name in ('', '/', 'größer, 漢字 🙂', '"\\\n\0', 'emit', '__init__'):
        sockets[0].on(name, lambda data, name=name: seen.append((name, data)))
        clients[0].emit(name, 1)
        sockets[0].emit(name, 2)
        assert clients[0].take_event() == [name, 2]
    assert len(seen) == 6 and json.dumps(seen)


def test_a_server_without_clients_sends_to_nobody():
    io = Server()
    assert io.emit('event') is True
    io.to('room').emit('event')


@pytest.mark.parametrize('data', [('\udc80',), ('\udc80', b'bytes')])
def test_text_without_a_form_in_utf8_raises_at_emit_and_harms_no_receiver(serve, raw, revision, data):
    io = serve()
    arrived = next_socket(io)
    polling = during(lambda: Polling(io.port, '/socket.io/', revision - 1))
    if revision == 5:
        during(lambda: polling.post('40'))
    by_polling = arrived()
    arrived = next_socket(io)
    client = raw(io, revision)
    for emit in (by_polling.emit, arrived().emit, io.emit):
        with pytest.raises(UnicodeEncodeError):
            emit('news', *data)
    io.emit('news', 'after')
    assert client.events() == [['news', 'after']]
    text = ''
    while '42["news","after"]' not in text:
        text += during(lambda: polling.poll().text)
    assert by_polling.connected
