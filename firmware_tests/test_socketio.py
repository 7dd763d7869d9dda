"""Socket.IO over the loopback interface."""

from edgeio import iosched
from edgeio.socketio import Server

from . import servers
from .clients.engineio import open_polling, open_socket, upgrade
from .clients.socketio import Client, open_client
from .clients.websocket import CLOSE
from .harness import raises, same, take_reports


class _Server:
    """A Socket.IO server; sockets: those that connected to the main namespace, in order."""

    def __init__(self, **options):
        self.http = servers.start()
        self.io = Server(self.http, **options)
        self.sockets = []
        self.io.on('connection', self.sockets.append)
        self.port = self.http.port()

    async def stop(self):
        closed = iosched.Promise()
        self.io.close(closed.resolve)
        await closed


async def _answer(server, polling):
    """A client that asks and gets its answer, text and binary."""

    @server.io.on('connection')
    def on_connection(socket):
        socket.on('add', lambda a, b, ack: ack(a + b))
        socket.on('reverse', lambda data, ack: ack(bytes(reversed(data)), 'done'))

    client = await open_client(server.port, polling=polling)
    same(await client.ask('add', 2, 3), [5])
    same(await client.ask('reverse', b'\x01\x02\x03'), [b'\x03\x02\x01', 'done'])
    client.close()
    await server.stop()


async def test_acknowledgements_by_websocket():
    await _answer(_Server(), False)


async def test_acknowledgements_by_polling():
    await _answer(_Server(), True)


async def test_client_that_upgrades_stays_connected():
    server = _Server()
    session = await open_polling(server.port, '/socket.io/')
    client = Client(session, '/')
    await client.join()
    client.session = await upgrade(session)
    server.sockets[0].emit('hello', 1)
    same(await client.event(), ['hello', 1])
    client.close()
    await server.stop()


async def test_server_asks_and_the_client_answers():
    server = _Server()
    client = await open_client(server.port)
    answers = []
    server.sockets[0].emit('question', 'name?', lambda name: answers.append(name))
    ack_id, event = await client.event()
    same(event, ['question', 'name?'])
    await client.answer(ack_id, 'board')
    while not answers:
        await iosched.sleep(1)
    same(answers, ['board'])
    client.close()
    await server.stop()


async def test_values_arrive_as_they_were_sent():
    server = _Server()
    client = await open_client(server.port)
    values = [None, True, 0, -1.5, '', 'euro \u20ac \U0001f600', [], {}, {'a': [1, {'b': b'\x00\xff'}]}, b'']
    server.sockets[0].emit('values', *values)
    same(await client.event(), ['values'] + values)
    received = []
    server.sockets[0].on('values', lambda *seen: received.extend(seen))
    await client.emit('values', *values)
    while not received:
        await iosched.sleep(1)
    same(received, values)
    client.close()
    await server.stop()


async def test_broadcast_reaches_everyone_but_the_sender():
    server = _Server()
    clients = [await open_client(server.port), await open_client(server.port), await open_client(server.port)]
    server.sockets[0].broadcast.emit('news', 'from the first')
    server.io.emit('news', 'for all')
    same(await clients[0].event(), ['news', 'for all'])
    for client in clients[1:]:
        same(await client.event(), ['news', 'from the first'])
        same(await client.event(), ['news', 'for all'])
    for client in clients:
        client.close()
    await server.stop()


async def test_rooms():
    server = _Server()
    clients = []
    for _ in range(3):
        clients.append(await open_client(server.port))
    first, second, third = server.sockets
    first.join('a')
    second.join(['a', 'b'])
    server.io.to('a').to('b').emit('news', 'once each')
    server.io.to('b').emit('news', 'second only')
    first.to('a').emit('news', 'not the sender')
    second.leave('a')
    server.io.to('a').emit('news', 'first only')
    server.io.emit('end')
    expected = (
        ['once each', 'first only'],
        ['once each', 'second only', 'not the sender'],
        [],
    )
    for client, texts in zip(clients, expected):
        for text in texts:
            same(await client.event(), ['news', text])
        same(await client.event(), ['end'])
        client.close()
    await server.stop()


async def test_namespaces_are_apart():
    server = _Server()
    admin = server.io.of('/admin')
    names = []
    admin.on('connection', lambda socket: names.append(socket.nsp.name))
    client = await open_client(server.port, '/admin')
    same(names, ['/admin'])
    server.io.emit('news', 'not for admins')
    admin.emit('news', 'for admins')
    same(await client.event(), ['news', 'for admins'])
    client.close()
    await server.stop()


async def test_unknown_namespace_is_refused():
    server = _Server()
    client = Client(await open_socket(server.port, '/socket.io/'), '/nowhere')
    try:
        await client.join()
        raise AssertionError('joined')
    except ValueError as exc:
        same(str(exc), 'Invalid namespace')
    client.close()
    await server.stop()


async def test_middleware_lets_pass_and_refuses():
    server = _Server()

    @server.io.use
    def check(socket, next):
        if socket.handshake.auth.get('token') == 'secret':
            next()
        else:
            next(ValueError('no token'))

    client = await open_client(server.port, auth={'token': 'secret'})
    client.close()
    refused = Client(await open_socket(server.port, '/socket.io/'), '/')
    try:
        await refused.join()
        raise AssertionError('joined')
    except ValueError as exc:
        same(str(exc), 'no token')
    refused.close()
    await server.stop()
    same(len(server.sockets), 1)


async def test_disconnect_is_told_once_with_its_reason():
    server = _Server()
    reasons = []
    server.io.on('connection', lambda socket: socket.on('disconnect', reasons.append))
    dropped = await open_client(server.port)
    leaving = await open_client(server.port)
    thrown = await open_client(server.port)
    dropped.close()
    while len(reasons) < 1:
        await iosched.sleep(1)
    await leaving.leave()
    while len(reasons) < 2:
        await iosched.sleep(1)
    server.sockets[2].disconnect()
    await thrown.disconnected()
    leaving.close()
    thrown.close()
    await server.stop()
    same(reasons, ['transport close', 'client namespace disconnect', 'server namespace disconnect'])


async def test_coroutine_handler_may_wait():
    server = _Server()

    @server.io.on('connection')
    def on_connection(socket):
        @socket.on('slow')
        async def on_slow(ack):
            await iosched.sleep(2)
            ack('done')

    client = await open_client(server.port)
    same(await client.ask('slow'), ['done'])
    client.close()
    await server.stop()


async def test_exception_in_a_handler_is_reported_and_the_client_stays():
    server = _Server()

    @server.io.on('connection')
    def on_connection(socket):
        socket.on('fail', lambda: 1 / 0)
        socket.on('ping me', lambda ack: ack('pong'))

    client = await open_client(server.port)
    await client.emit('fail')
    same(await client.ask('ping me'), ['pong'])
    same([type(exc) for exc, _ in take_reports()], [ZeroDivisionError])
    client.close()
    await server.stop()


async def test_packet_that_is_not_valid_ends_its_connection_alone():
    server = _Server()
    for packet in ('42[', '42{"a":1}', '47', '451-["a",{"_placeholder":true,"num":5}]', '4', '42["disconnect"]'):
        client = await open_client(server.port)
        await client.session.send(packet)
        if packet[:2] == '45':
            await client.session.send(b'x')
        while (await client.session.websocket.receive_frame())[0] != CLOSE:
            pass
        client.close()
    client = await open_client(server.port)
    server.sockets[-1].emit('still here')
    same(await client.event(), ['still here'])
    client.close()
    await server.stop()


async def test_message_of_32_kilobytes():
    server = _Server()

    @server.io.on('connection')
    def on_connection(socket):
        socket.on('echo', lambda data, ack: ack(data))

    client = await open_client(server.port)
    for value in (bytes(range(256)) * 128, 'x' * 32768):
        answer = await client.ask('echo', value)
        assert answer == [value]
    client.close()
    await server.stop()


async def test_many_messages_arrive_in_order():
    server = _Server()
    client = await open_client(server.port)
    received = []
    server.sockets[0].on('n', received.append)
    for number in range(200):
        await client.emit('n', number)
        server.sockets[0].emit('m', number)
    for number in range(200):
        same(await client.event(), ['m', number])
    while len(received) < 200:
        await iosched.sleep(1)
    same(received, list(range(200)))
    client.close()
    await server.stop()


async def test_fifty_clients_hear_a_broadcast():
    server = _Server()
    clients = []
    for _ in range(50):
        clients.append(await open_client(server.port))
    server.io.emit('news', 1)
    for client in clients:
        same(await client.event(), ['news', 1])
        client.close()
    await server.stop()


async def test_reserved_names_and_unsendable_values_are_refused_at_the_call():
    server = _Server()
    client = await open_client(server.port)
    socket = server.sockets[0]
    raises(Exception, socket.emit, 'disconnect')
    raises(TypeError, socket.emit, 'news', object())
    raises(ValueError, socket.emit, 'news', float('nan'))
    socket.emit('news', 'fine')
    same(await client.event(), ['news', 'fine'])
    client.close()
    await server.stop()


async def test_client_that_poses_as_an_attachment_harms_no_receiver_of_what_is_relayed():
    server = _Server()
    sender, receiver = await open_client(server.port), await open_client(server.port)
    server.sockets[0].on('say', lambda what: server.sockets[0].broadcast.emit('said', what, b'picture'))
    await sender.emit('say', {'num': 9, '_placeholder': True})
    await sender.emit('say', [{'_placeholder': False}, {'"_placeholder': True}])
    packet = await receiver.session.receive()
    assert packet.startswith('451-["said",[{"_placeholder":false},{"\\"_placeholder":true}],'), packet
    same(await receiver.session.receive(), b'picture')
    same([type(exc) for exc, _ in take_reports()], [ValueError])
    sender.close()
    receiver.close()
    await server.stop()


async def test_client_file_is_served():
    from .clients.http import request
    from .clients.wire import connect

    server = _Server()
    wire = await connect(server.port)
    answer = await request(wire, 'GET', '/socket.io/socket.io.js')
    same(answer.status, 200)
    assert b'io' in answer.body and 'javascript' in answer.headers['content-type']
    wire.close()
    await server.stop()
