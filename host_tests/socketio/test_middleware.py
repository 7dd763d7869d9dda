"""Middleware of namespaces and of sockets: order, refusals, errors of its own, and what ends while it thinks."""

import json

import pytest

from edgeio import iosched
from host_tests.looping import turn_until
from host_tests.socketio.serving import next_socket


class Refusal(Exception):
    """An error with `data`, which the client gets."""

    def __init__(self, text, data):
        Exception.__init__(self, text)
        self.data = data


def answer_to_connect(client, nsp='/chat'):
    """Asks to join; the packet that answers."""
    client.send(f'40{nsp},')
    return client.take()


def test_it_runs_in_order_and_the_connection_comes_after(serve, raw, revision):
    io = serve()
    order = []
    chat = io.of('/chat')
    chat.use(lambda socket, next: (order.append(1), iosched.set_timeout(next, 1))[0])
    chat.use(lambda socket, next: (order.append(2), next())[0])
    chat.on('connection', lambda socket: order.append('connection'))
    assert answer_to_connect(raw(io, revision)).startswith('40/chat,')
    assert order == [1, 2, 'connection']


def test_a_coroutine_may_be_one(serve, raw, revision):
    io = serve()

    @io.of('/chat').use
    async def middleware(socket, next):
        await iosched.sleep(1)
        next(None if revision == 5 else Exception('only revision 5'))

    assert answer_to_connect(raw(io, revision)).startswith('40/chat,' if revision == 5 else '44/chat,')


def test_those_after_a_refusal_do_not_run(serve, raw, revision):
    io = serve()
    ran = []
    io.of('/chat').use(lambda socket, next: next(Exception('no')))
    io.of('/chat').use(lambda socket, next: ran.append(1))
    io.of('/chat').on('connection', ran.append)
    answer_to_connect(raw(io, revision))
    assert ran == []


@pytest.mark.parametrize(
    ('error', 'answer5', 'answer4'),
    [
        (Exception('no'), {'message': 'no'}, 'no'),
        (Refusal('no', {'code': 7}), {'message': 'no', 'data': {'code': 7}}, {'code': 7}),
        ('no', {'message': 'no'}, 'no'),
        ({'message': 'no', 'data': 1}, {'message': 'no', 'data': 1}, 1),
    ],
)
def test_its_error_and_data_reach_the_client(serve, raw, revision, error, answer5, answer4):
    io = serve()
    io.of('/chat').use(lambda socket, next: next(error))
    packet = answer_to_connect(raw(io, revision))
    assert packet.startswith('44/chat,')
    assert json.loads(packet[8:]) == (answer5 if revision == 5 else answer4)


@pytest.mark.parametrize('data', [b'bytes', {'deep': [b'bytes']}, object()])
def test_data_that_cannot_be_sent_is_reported_and_the_refusal_goes_without(serve, raw, revision, data, reports):
    io = serve()
    io.of('/chat').use(lambda socket, next: next(Refusal('no', data)))
    packet = answer_to_connect(raw(io, revision))
    assert packet == ('44/chat,{"message":"no"}' if revision == 5 else '44/chat,"no"')
    assert [where for _, where in reports] == ['the data of a refusal']
    reports.clear()


def test_a_second_answer_changes_nothing(serve, raw, revision):
    io = serve()
    seen = []

    @io.of('/chat').use
    def middleware(socket, next):
        next()
        next(Exception('too late'))
        next()

    io.of('/chat').on('connection', seen.append)
    client = raw(io, revision)
    assert answer_to_connect(client).startswith('40/chat,')
    assert client.rest() == [] and len(seen) == 1


def test_rooms_joined_before_a_refusal_are_left(serve, raw, revision):
    io = serve()
    chat = io.of('/chat')

    @chat.use
    def middleware(socket, next):
        socket.join('room')
        chat.adapter.add_all(socket.id, ['other'])
        next(Exception('no'))

    answer_to_connect(raw(io, revision))
    assert chat.adapter.rooms == {} and chat.adapter.sids == {} and chat.sockets == {}


def test_nothing_happens_if_the_client_left_meanwhile(serve, raw, revision):
    io = serve()
    waiting, seen = [], []
    chat = io.of('/chat').on('connection', seen.append)
    chat.use(lambda socket, next: waiting.append((socket, next)))
    client = raw(io, revision)
    client.send('40/chat,')
    turn_until(lambda: waiting, 'the middleware')
    client.drop()
    turn_until(lambda: not io.engine.clients, 'the end of the connection')
    socket, next = waiting[0]
    next()
    assert seen == [] and chat.sockets == {} and not socket.connected and chat.adapter.sids == {}


def test_nothing_happens_if_the_client_left_the_namespace_meanwhile(serve, raw, revision):
    io = serve()
    waiting, seen = [], []
    chat = io.of('/chat').on('connection', seen.append)
    chat.use(lambda socket, next: waiting.append(next))
    client = raw(io, revision)
    client.send('40/chat,')
    turn_until(lambda: waiting, 'the middleware')
    client.send('41/chat,')
    assert client.rest() == []
    waiting[0]()
    assert client.rest() == [] and seen == [] and chat.sockets == {}


def test_an_exception_in_it_refuses_without_telling_what_it_was(serve, raw, revision, reports):
    io = serve()

    @io.of('/chat').use
    def middleware(socket, next):
        raise KeyError('a secret')

    packet = answer_to_connect(raw(io, revision))
    assert packet.startswith('44/chat,') and 'Internal server error' in packet and 'secret' not in packet
    assert [str(error) for error, _ in reports] == ["'a secret'"]
    reports.clear()


def test_an_exception_in_a_coroutine_refuses_too(serve, raw, revision, reports):
    io = serve()

    @io.of('/chat').use
    async def middleware(socket, next):
        await iosched.sleep(1)
        raise KeyError('a secret')

    assert 'Internal server error' in answer_to_connect(raw(io, revision))
    assert len(reports) == 1
    reports.clear()


def test_middleware_of_the_server_is_that_of_the_main_namespace(serve, raw):
    io = serve()
    assert io.use(lambda socket, next: next(Exception('no'))) is io
    client = raw(io, nsp=None)
    client.send('40')
    assert client.take() == '44{"message":"no"}'
    assert answer_to_connect(client).startswith('44/chat,{"message":"Invalid namespace"}')


# -- of a socket -----------------------------------------------------------------------------------------------------


def test_a_sockets_middleware_sees_each_event_with_its_ack(serve, raw, revision):
    io = serve()
    packets, seen = [], []
    arrived = next_socket(io)
    client = raw(io, revision)
    socket = arrived()
    assert socket.use(lambda packet, next: (packets.append(packet[:]), iosched.set_immediate(next))[0]) is socket
    socket.on('event', lambda *args: seen.append(args[0]))
    client.emit('event', 1)
    client.emit('event', 2, ack_id=7)
    turn_until(lambda: len(seen) == 2, 'the events')
    assert packets[0] == ['event', 1] and packets[1][:2] == ['event', 2] and callable(packets[1][2])


def test_a_sockets_middleware_may_refuse(serve, raw, revision):
    io = serve()
    seen, errors = [], []
    arrived = next_socket(io)
    client = raw(io, revision)
    arrived().use(lambda packet, next: next(Refusal('no', {'code': 7}))).on('event', seen.append).on(
        'error', lambda error: errors.append((str(error), error.data))
    )
    client.emit('event')
    turn_until(lambda: errors, 'the error')
    assert seen == [] and errors == [('no', {'code': 7})]
    assert client.rest() == ([] if revision == 5 else ['44{"code":7}'])


def test_a_sockets_middleware_may_refuse_with_data_that_cannot_be_sent(serve, raw, revision, reports):
    io = serve()
    errors = []
    arrived = next_socket(io)
    client = raw(io, revision)
    arrived().use(lambda packet, next: next(Refusal('no', b'bytes'))).on('error', errors.append)
    client.emit('event')
    turn_until(lambda: errors, 'the error')
    assert client.rest() == ([] if revision == 5 else ['44"no"'])
    assert len(reports) == (0 if revision == 5 else 1)
    reports.clear()


def test_an_exception_in_a_sockets_middleware_stops_that_event_alone(serve, raw, revision, reports):
    io = serve()
    seen, errors = [], []

    def middleware(packet, next):
        if packet[1] == 1:
            raise KeyError('a secret')
        next()

    arrived = next_socket(io)
    client = raw(io, revision)
    arrived().use(middleware).on('event', seen.append).on('error', errors.append)
    client.emit('event', 1)
    client.emit('event', 2)
    turn_until(lambda: seen, 'the second event')
    assert seen == [2] and [error.code for error in errors] == ['middleware.failed']
    assert [type(error) for error, _ in reports] == [KeyError]
    reports.clear()


def test_an_event_whose_socket_left_meanwhile_is_dropped(serve, raw, revision):
    io = serve()
    seen, waiting = [], []
    arrived = next_socket(io)
    client = raw(io, revision)
    socket = arrived().use(lambda packet, next: waiting.append(next)).on('event', seen.append)
    client.emit('event')
    turn_until(lambda: waiting, 'the middleware')
    socket.disconnect()
    waiting[0]()
    assert seen == []


@pytest.mark.parametrize('error', [ValueError, KeyError])
@pytest.mark.parametrize('of', ['namespace', 'socket'])
def test_an_exception_after_next_is_reported_and_harms_nobody(serve, raw, revision, reports, error, of):
    io = serve()
    seen = []
    arrived = next_socket(io)

    def middleware(subject, next):
        next()
        raise error('of the app')

    if of == 'namespace':
        io.use(middleware)
    client = raw(io, revision)
    socket = arrived()
    if of == 'socket':
        socket.use(middleware)
    socket.on('event', seen.append)
    client.emit('event', 1)
    turn_until(lambda: seen, 'the event')
    assert seen == [1] and socket.connected and client.rest() == []
    assert [(type(exc), where) for exc, where in reports] == [(error, 'a middleware')]
    reports.clear()


def test_middleware_that_will_answer_holds_the_client_and_one_that_never_will_does_not(serve, raw, reports):
    io = serve(max_running_handlers=4)
    arrived = next_socket(io)
    client = raw(io)
    socket = arrived()
    waiting, seen, dropped = [], [], []
    socket.use(lambda packet, next: (dropped if packet[0] == 'drop' else waiting).append(next) or dropped.clear())
    socket.on('event', seen.append)
    for _ in range(20):
        client.emit('drop')
    for n in range(10):
        client.emit('event', n)
    turn_until(lambda: socket.conn.held, 'the bound')
    assert len(waiting) == 4
    while len(seen) < 10:
        turn_until(lambda: waiting, 'the next event')
        waiting.pop(0)()
    assert seen == list(range(10)) and io.engine.allowance.bytes == 0
    assert [error.code for error, _ in reports] == ['running.held']
    reports.clear()
