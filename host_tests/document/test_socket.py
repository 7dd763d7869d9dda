"""The document's chapter "Socket": what it is, what it sends, its rooms and its flags, in its order."""

import re
import time

import pytest

from edgeio import iosched
from edgeio.errors import OptionError
from edgeio.events import EventEmitter
from host_tests.document.talk import heard, other_end
from host_tests.looping import turn_until

DATA = {'some': 'data'}


# -- what it is ------------------------------------------------------------------------------------------------------


def test_socket_is_an_event_emitter_that_overrides_emit_alone(serve, connect):
    io = serve()
    socket = other_end(io, connect(io))
    assert isinstance(socket, EventEmitter)
    for name in ('once', 'remove_listener', 'remove_all_listeners', 'event_names', 'listeners'):
        assert getattr(type(socket), name) is getattr(EventEmitter, name)


def test_socket_id(serve, connect, revision):
    io = serve()
    client, other = connect(io), connect(io)
    socket = other_end(io, client)
    assert socket.id == client.id != other.id
    if revision == 4:
        assert socket.id == socket.client.id == socket.conn.id
    admin = connect(io.of('/admin').server, '/admin')
    assert other_end(io, admin, '/admin').id == admin.id


def test_socket_rooms_example(serve, connect):
    io = serve()
    seen = []

    @io.on('connection')
    def connection(socket):
        socket.join('room 237', lambda: seen.append(list(socket.rooms)))

    client = connect(io)
    assert seen == [[client.id, 'room 237']]
    assert other_end(io, client).rooms == {client.id: client.id, 'room 237': 'room 237'}


def test_socket_client_and_conn(serve, connect):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    assert socket.client.conn is socket.conn
    assert socket.conn.id in io.engine.clients
    assert socket.conn.transport.name == 'websocket'


def test_socket_request(serve, connect):
    io = serve()
    client = connect(io, extraHeaders={'Cookie': 'a=1', 'User-Agent': 'board'})
    socket = other_end(io, client)
    assert socket.request is socket.client.request
    assert socket.request.headers['cookie'] == 'a=1'
    assert socket.request.headers['user-agent'] == 'board'


def test_socket_handshake_example(serve, connect, revision):
    io = serve()
    seen = []
    io.use(lambda socket, next: (seen.append(socket.handshake), next())[1])
    before = time.time() * 1000
    client = connect(io, query={'token': 'abc'}, extraHeaders={'X-Own': 'yes'})
    handshake = other_end(io, client).handshake
    assert seen == [handshake]
    assert handshake.headers['x-own'] == 'yes'
    assert before - 1000 <= handshake.issued <= time.time() * 1000
    assert re.fullmatch(r'\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT', handshake.time)
    assert handshake.address == '127.0.0.1'
    assert (handshake.xdomain, handshake.secure) == (False, False)
    assert handshake.url.startswith('/socket.io/?') and f'EIO={revision - 1}' in handshake.url
    assert (handshake.query['token'], handshake.query['EIO']) == ('abc', str(revision - 1))
    assert handshake.eos is None


def test_socket_handshake_tells_another_origin(serve, connect):
    io = serve()
    client = connect(io, extraHeaders={'Origin': 'https://foo.example.com'})
    assert other_end(io, client).handshake.xdomain is True


def test_socket_handshake_auth_of_a_revision_5_client(serve, connect, revision):
    io = serve()
    client = connect(io, auth={'token': 'abc'})
    assert other_end(io, client).handshake.auth == ({'token': 'abc'} if revision == 5 else {})


def test_socket_handshake_query_of_a_namespace_of_a_revision_4_client(serve, connect, revision):
    io = serve()
    io.of('/admin')
    client = connect(io, '/admin?token=abc', query={'first': '1'})
    query = other_end(io, client, '/admin').handshake.query
    assert query['token'] == 'abc'
    # The official 4.x client gives the namespace's query to the connection, in place of the option's.
    assert revision == 5 or query['first'] == '1'


def test_socket_remote_address_example(serve, connect):
    io = serve()
    socket = other_end(io, connect(io))
    assert socket.remote_address == socket.remoteAddress == '127.0.0.1'


# -- socket.use ------------------------------------------------------------------------------------------------------


def test_socket_use_example(serve, connect, revision):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    errors, seen = [], []
    socket.use(lambda packet, next: next() if 'doge' in packet else next(Exception('Not a doge error')))
    socket.on('error', lambda error: errors.append(str(error)))
    socket.on('event', lambda *args: seen.append(args))
    client.emit('event', 'doge', 1)
    client.emit('event', 'cat')
    turn_until(lambda: errors, 'the error')
    assert seen == [('doge', 1)] and errors == ['Not a doge error']
    if revision == 4:
        assert client.expect('error') == ['Not a doge error']
    assert socket.connected and client.ask is not None


def test_socket_use_sees_packets_in_order_and_may_change_them(serve, connect):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    packets = []

    def first(packet, next):
        packets.append(('first', list(packet)))
        packet[1] = 'changed'
        next()

    def second(packet, next):
        packets.append(('second', list(packet)))
        next()

    socket.use(first)
    socket.use(second)
    socket.on('event', lambda text, ack: ack(text))
    assert client.ask('event', 'text') == ['changed']
    assert [(name, packet[:2]) for name, packet in packets] == [
        ('first', ['event', 'text']), ('second', ['event', 'changed']),
    ]


# -- sending ---------------------------------------------------------------------------------------------------------


def test_socket_send(serve, connect):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    answers = []
    assert socket.send('text', 1) is socket
    assert client.expect('message') == ['text', 1]
    socket.send('question', answers.append)
    client.expect('message')
    client.reply('answer')
    turn_until(lambda: answers, 'the answer')
    assert answers == ['answer']


def test_socket_emit_example(serve, connect):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    assert socket.emit('hello', 'world') is socket
    assert client.expect('hello') == ['world']
    socket.emit('with-binary', 1, '2', {3: '4', 5: bytes(6)})
    assert client.expect('with-binary') == [1, '2', {'3': '4', '5': bytes(6)}]


def test_socket_emit_with_ack_example(serve, connect):
    io = serve()
    answers = []

    @io.on('connection')
    def connection(socket):
        socket.emit('an event', DATA)
        socket.emit('ferret', 'tobi', lambda data: answers.append(data))

    client = connect(io)
    assert client.expect('an event') == [DATA]
    assert client.expect('ferret') == ['tobi']
    client.reply('woot')
    turn_until(lambda: answers, 'the answer')
    assert answers == ['woot']


def test_socket_emit_with_binary_in_the_acknowledgement(serve, connect):
    io = serve()
    client = connect(io)
    answers = []
    other_end(io, client).emit('question', b'\0\1', lambda *args: answers.append(args))
    assert client.expect('question') == [b'\0\1']
    client.reply({'data': b'\2\3'}, 'text')
    turn_until(lambda: answers, 'the answer')
    assert answers == [({'data': b'\2\3'}, 'text')]


@pytest.mark.parametrize(
    'name', ['error', 'connect', 'disconnect', 'disconnecting', 'newListener', 'removeListener', 'connect_error']
)
def test_reserved_events_cannot_be_used_as_event_names(serve, connect, name):
    io = serve()
    socket = other_end(io, connect(io))
    for emit in (socket.emit, socket.broadcast.emit, io.emit, io.to('room').emit):
        with pytest.raises(OptionError, match=f'{name}.* is a reserved event name'):
            emit(name, 'data')


# -- listening -------------------------------------------------------------------------------------------------------


def test_socket_on_example(serve, connect):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    seen = []
    assert socket.on('news', lambda data: seen.append(data)) is socket
    socket.on('several', lambda arg1, arg2, arg3: seen.append((arg1, arg2, arg3)))
    socket.on('acknowledged', lambda data, callback: callback(0))
    client.emit('news', DATA)
    client.emit('several', 1, None, b'3')
    assert client.ask('acknowledged', 'data') == [0]
    assert seen == [DATA, (1, None, b'3')]


def test_socket_once(serve, connect):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    seen = []
    socket.once('news', seen.append)
    socket.on('done', lambda ack: ack())
    client.emit('news', 1)
    client.emit('news', 2)
    client.ask('done')
    assert seen == [1]


def test_socket_remove_listener(serve, connect):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    seen = []
    socket.on('news', seen.append)
    socket.on('done', lambda ack: ack())
    assert socket.removeListener('news', seen.append) is socket
    client.emit('news', 1)
    client.ask('done')
    assert seen == []


def test_socket_remove_all_listeners(serve, connect):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    seen = []
    socket.on('news', seen.append).on('other', seen.append).on('done', lambda ack: ack())
    socket.remove_all_listeners('news')
    client.emit('news', 1)
    client.emit('other', 2)
    client.ask('done')
    assert seen == [2]
    socket.remove_all_listeners()
    assert socket.event_names() == []


def test_socket_event_names(serve, connect):
    io = serve()
    socket = other_end(io, connect(io))
    socket.on('news', print).once('other', print)
    assert sorted(socket.event_names()) == sorted(socket.eventNames()) == ['news', 'other']


# -- rooms -----------------------------------------------------------------------------------------------------------


def test_socket_join_example(serve, connect):
    io = serve()
    seen = []

    @io.on('connection')
    def connection(socket):
        def joined(error):
            seen.append((error, list(socket.rooms)))
            io.to('room 237').emit('a new user has joined the room')

        assert socket.join('room 237', joined) is socket

    first = connect(io)
    assert first.expect('a new user has joined the room') == []
    second = connect(io)
    assert first.expect('a new user has joined the room') == second.expect('a new user has joined the room') == []
    assert seen == [(None, [first.id, 'room 237']), (None, [second.id, 'room 237'])]


def test_socket_join_say_to_someone_example(serve, connect):
    io = serve()

    @io.on('connection')
    def connection(socket):
        socket.on('say to someone', lambda id, msg: socket.to(id).emit('my message', msg))

    first, second, third = connect(io), connect(io), connect(io)
    first.emit('say to someone', second.id, 'psst')
    assert second.expect('my message') == ['psst']
    assert heard(io, first) == heard(io, third) == []


def test_socket_join_several_rooms(serve, connect):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    errors = []
    assert socket.join(['a', 'b'], errors.append) is socket
    assert errors == [None]
    assert list(socket.rooms) == [client.id, 'a', 'b']
    io.to('b').emit('an event')
    assert client.expect('an event') == []


def test_socket_leave(serve, connect):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    errors = []
    socket.join(['a', 'b'])
    assert socket.leave('a', errors.append) is socket
    assert errors == [None]
    assert list(socket.rooms) == [client.id, 'b']
    io.to('a').emit('an event')
    assert heard(io, client) == []


def test_socket_to_example(serve, connect):
    io = serve()
    sender, first, second, outside = [connect(io) for _ in range(4)]
    socket = other_end(io, sender)
    socket.join(['others', 'room1'])
    other_end(io, first).join(['others', 'room1', 'room2'])
    other_end(io, second).join('room2')
    # to one room
    socket.to('others').emit('an event', DATA)
    # to multiple rooms
    socket.to('room1').to('room2').emit('hello')
    # a private message to another socket
    socket.to(outside.id).emit('hey')
    assert heard(io, first) == [['an event', DATA], ['hello']]
    assert heard(io, second) == [['hello']]
    assert heard(io, outside) == [['hey']]
    assert heard(io, sender) == []


@pytest.mark.parametrize('name', ['in_', 'in'])
def test_socket_in_is_to(serve, connect, name):
    io = serve()
    sender, inside = connect(io), connect(io)
    for client in (sender, inside):
        other_end(io, client).join('room')
    getattr(other_end(io, sender), name)('room').emit('an event')
    assert heard(io, inside) == [['an event']]
    assert heard(io, sender) == []


# -- flags and the end -----------------------------------------------------------------------------------------------


def test_socket_compress_example(serve, connect):
    io = serve()
    client = connect(io)
    other_end(io, client).compress(False).emit('uncompressed', "that's rough")
    assert client.expect('uncompressed') == ["that's rough"]


def test_socket_disconnect_example(serve, connect):
    io = serve()
    reasons = []

    @io.on('connection')
    def connection(socket):
        socket.on('disconnect', reasons.append)
        iosched.setTimeout(lambda: socket.disconnect(True), 20)

    client = connect(io)
    socket = other_end(io, client)
    assert client.expect('disconnect')[0] == 'io server disconnect'
    assert reasons == ['server namespace disconnect'] and socket.disconnected
    assert socket.disconnect(True) is socket
    turn_until(lambda: not io.engine.clients, 'the end of the connection')


def test_socket_disconnect_leaves_the_connection_and_its_other_namespaces(serve, begin, connect):
    io = serve()
    client = connect(io)
    other = begin(io, '/chat', like=client)
    io.of('/chat')
    other.expect('connect')
    other_end(io, other, '/chat').disconnect()
    assert other.expect('disconnect')[0] == 'io server disconnect'
    assert heard(io, client) == []
    assert io.of('/chat').connected == {}


def test_socket_disconnect_and_close_ends_all_namespaces(serve, begin, connect):
    io = serve()
    client = connect(io)
    other = begin(io, '/chat', like=client)
    io.of('/chat')
    other.expect('connect')
    reasons = []
    for socket in (other_end(io, client), other_end(io, other, '/chat')):
        socket.on('disconnect', reasons.append)
    other_end(io, client).disconnect(True)
    client.expect('disconnect')
    other.expect('disconnect')
    assert reasons == ['server namespace disconnect'] * 2


def test_socket_flag_broadcast_example(serve, connect):
    io = serve()
    sender, first, second = [connect(io) for _ in range(3)]
    other_end(io, sender).broadcast.emit('an event', DATA)
    assert heard(io, first) == heard(io, second) == [['an event', DATA]]
    assert heard(io, sender) == []


def test_socket_flag_volatile_example(serve, connect):
    io = serve()
    client = connect(io)
    other_end(io, client).volatile.emit('an event', DATA)
    assert heard(io, client) == [['an event', DATA]]


def test_socket_flag_volatile_loses_events_for_a_client_between_two_polls(serve, connect):
    io = serve()
    client = connect(io, transports=['polling'])
    socket = other_end(io, client)
    turn_until(lambda: socket.conn.writable, 'a poll')
    socket.emit('takes the poll')
    socket.volatile.emit('an event', DATA)
    assert heard(io, client) == [['takes the poll']]


def test_socket_flag_binary_example(serve, connect):
    io = serve()
    client = connect(io)
    socket = other_end(io, client)
    socket.binary(False).emit('an event', DATA)
    socket.binary(True).emit('an event', b'data')
    assert heard(io, client) == [['an event', DATA], ['an event', b'data']]


# -- events ----------------------------------------------------------------------------------------------------------


def test_socket_event_disconnect_example(serve, connect):
    io = serve()
    reasons = []
    io.on('connection', lambda socket: socket.on('disconnect', reasons.append))
    leaver, loser = connect(io), connect(io)
    leaver.call('disconnect')
    turn_until(lambda: reasons, 'the disconnect')
    assert reasons == ['client namespace disconnect']
    loser.call('io.engine.close')
    turn_until(lambda: len(reasons) == 2, 'the end of the connection')
    assert reasons[1] == 'transport close'


def test_socket_event_error_example(serve, connect):
    io = serve()
    errors = []

    @io.on('connection')
    def connection(socket):
        socket.on('error', errors.append)
        socket.use(lambda packet, next: next(Exception('no')))

    connect(io).emit('event')
    turn_until(lambda: errors, 'the error')
    assert [str(error) for error in errors] == ['no']


def test_socket_event_error_tells_of_a_packet_that_is_not_valid(serve, connect):
    io = serve()
    client = connect(io)
    errors, reasons = [], []
    other_end(io, client).on('error', errors.append).on('disconnect', reasons.append)
    client.call('io.engine.write', '2 not a packet')
    turn_until(lambda: reasons, 'the disconnect')
    assert errors[0].code == 'sio.packet'
    assert reasons == ['forced close']


def test_socket_event_disconnecting_example(serve, connect):
    io = serve()
    seen = []

    @io.on('connection')
    def connection(socket):
        socket.join('room')
        socket.on('disconnecting', lambda reason: seen.append(('disconnecting', reason, list(socket.rooms))))
        socket.on('disconnect', lambda reason: seen.append(('disconnect', reason, list(socket.rooms))))

    client = connect(io)
    client.call('disconnect')
    turn_until(lambda: len(seen) == 2, 'the disconnect')
    reason = 'client namespace disconnect'
    assert seen == [('disconnecting', reason, [client.id, 'room']), ('disconnect', reason, [])]
