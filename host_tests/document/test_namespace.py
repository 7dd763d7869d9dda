"""The document's chapter "Namespace": its headings and examples, in its order."""

import pytest

from host_tests.document.talk import heard, other_end, refused_with
from host_tests.looping import turn_until

DATA = {'some': 'data'}


def test_namespace_name(serve):
    io = serve()
    assert io.of('/chat').name == '/chat' and io.sockets.name == '/'
    assert io.of('chat') is io.of('/chat')
    assert io.of('') is io.sockets


def test_a_client_is_in_the_main_namespace_and_then_in_others(serve, begin, connect):
    io = serve()
    client = connect(io)
    other = begin(io, '/chat', like=client)
    io.of('/chat')
    other.expect('connect')
    main, chat = other_end(io, client), other_end(io, other, '/chat')
    assert main.client is chat.client and main.conn is chat.conn
    assert main.nsp is io.sockets and chat.nsp is io.of('/chat')


def test_namespace_connected(serve, connect):
    io = serve()
    client = connect(io, '/')
    [(sid, socket)] = io.sockets.connected.items()
    assert sid == socket.id == client.id
    client.call('disconnect')
    turn_until(lambda: not io.sockets.connected, 'the disconnect')


def test_namespace_to_example(serve, connect):
    io = serve()
    admin_namespace = io.of('/admin')
    admin_namespace.on('connect', lambda socket: socket.join(socket.handshake.query.get('room', 'none')))
    inside, outside = connect(io, '/admin', query={'room': 'level1'}), connect(io, '/admin')
    admin_namespace.to('level1').emit('an event', DATA)
    assert inside.expect('an event') == [DATA]
    assert heard(io, outside, '/admin') == []


def test_namespace_to_chained_reaches_each_socket_once(serve, connect):
    io = serve()
    clients = [connect(io) for _ in range(3)]
    other_end(io, clients[0]).join(['level1', 'level2'])
    other_end(io, clients[1]).join('level2')
    io.to('level1').to('level2').emit('an event')
    assert [heard(io, client) for client in clients] == [[['an event']], [['an event']], []]


@pytest.mark.parametrize('name', ['in_', 'in'])
def test_namespace_in_is_to(serve, connect, name):
    io = serve()
    inside, outside = connect(io), connect(io)
    other_end(io, inside).join('room')
    getattr(io.sockets, name)('room').emit('an event', DATA)
    assert heard(io, inside) == [['an event', DATA]]
    assert heard(io, outside) == []


def test_namespace_emit_example(serve, connect):
    io = serve()
    chat = io.of('/chat')
    main_client, chat_client = connect(io), connect(io, '/chat')
    io.emit('an event sent to all connected clients')
    chat.emit('an event sent to all connected clients in chat namespace')
    assert heard(io, main_client) == [['an event sent to all connected clients']]
    assert heard(io, chat_client, '/chat') == [['an event sent to all connected clients in chat namespace']]


def test_namespace_clients_example(serve, connect):
    io = serve()
    io.of('/chat')
    clients = [connect(io, '/chat'), connect(io, '/chat')]
    assert asked(io.of('/chat').clients) == sorted(client.id for client in clients)


def test_namespace_clients_in_a_room_example(serve, connect):
    io = serve()
    io.of('/chat').on('connect', lambda socket: socket.join(socket.handshake.query.get('room', 'none')))
    inside, _ = connect(io, '/chat', query={'room': 'general'}), connect(io, '/chat')
    assert asked(io.of('/chat').in_('general').clients) == [inside.id]
    assert asked(io.of('/chat').in_('nowhere').clients) == []


def test_namespace_clients_of_the_server_are_those_of_the_main_namespace_example(serve, connect):
    io = serve()
    io.of('/chat')
    connect(io, '/chat')
    client = connect(io)
    ids = asked(io.clients)
    # A client of revision 4 that is in /chat is in the main namespace as well.
    assert client.id in ids and not any(id.startswith('/chat') for id in ids)
    assert ids == sorted(io.sockets.connected)


def asked(clients):
    """The list that a `clients` gives to its callback, sorted."""
    answers = []
    clients(lambda error, ids: answers.append((error, ids)))
    [(error, ids)] = answers
    assert error is None and isinstance(ids, list)
    return sorted(ids)


def test_namespace_use_example(serve, begin, connect):
    io = serve()

    @io.use
    def needs_cookie(socket, next):
        if socket.request.headers.get('cookie'):
            return next()
        next(Exception('Authentication error'))

    refused_with(begin(io), 'Authentication error')
    client = connect(io, extraHeaders={'Cookie': 'a=1'})
    assert list(io.sockets.connected) == [client.id]


def test_namespace_use_runs_in_order_before_the_connection(serve, connect):
    io = serve()
    order = []

    def step(name):
        def middleware(socket, next):
            order.append((name, socket.connected))
            next()

        return middleware

    assert io.of('/chat').use(step('first')) is io.of('/chat')
    io.of('/chat').use(step('second'))
    io.of('/chat').on('connection', lambda socket: order.append(('connection', socket.connected)))
    connect(io, '/chat')
    assert order == [('first', False), ('second', False), ('connection', True)]


def test_namespace_use_gives_data_of_the_error_to_the_client(serve, begin, revision):
    io = serve()
    error = Exception('expired')
    error.data = {'code': 7}
    io.of('/chat').use(lambda socket, next: next(error))
    client = begin(io, '/chat')
    if revision == 5:
        [told] = client.expect('connect_error')
        assert (told['message'], told['data']) == ('expired', {'code': 7})
    else:
        assert client.expect('error') == [{'code': 7}]


@pytest.mark.parametrize('event', ['connect', 'connection'])
def test_namespace_event_connect_and_connection_example(serve, connect, event):
    io = serve()
    seen = []
    io.on(event, lambda socket: seen.append((socket.nsp.name, socket.id)))
    io.of('/admin').on(event, lambda socket: seen.append((socket.nsp.name, socket.id)))
    main = connect(io)
    assert seen == [('/', main.id)]
    admin = connect(io, '/admin')
    assert seen[-1] == ('/admin', admin.id)


def test_namespace_flag_volatile_example(serve, connect):
    io = serve()
    client = connect(io)
    io.volatile.emit('an event', DATA)
    assert heard(io, client) == [['an event', DATA]]


def test_namespace_flag_volatile_loses_events_for_a_client_between_two_polls(serve, connect):
    io = serve()
    client = connect(io, transports=['polling'])
    conn = other_end(io, client).conn
    turn_until(lambda: conn.writable, 'a poll')
    other_end(io, client).emit('takes the poll')
    io.volatile.emit('an event', DATA)
    assert not conn.writable
    assert heard(io, client) == [['takes the poll']]


@pytest.mark.parametrize('value', [True, False])
def test_namespace_flag_binary_example(serve, connect, value):
    io = serve()
    client = connect(io)
    io.binary(value).emit('an event', DATA)
    assert heard(io, client) == [['an event', DATA]]


def test_namespace_flag_local_example(serve, connect):
    io = serve()
    client = connect(io)
    io.local.emit('an event', DATA)
    assert heard(io, client) == [['an event', DATA]]


def test_namespace_flags_combine_with_rooms(serve, connect):
    io = serve()
    inside, outside = connect(io), connect(io)
    other_end(io, inside).join('room')
    io.volatile.local.binary(False).compress(True).to('room').emit('an event')
    assert heard(io, inside) == [['an event']]
    assert heard(io, outside) == []
