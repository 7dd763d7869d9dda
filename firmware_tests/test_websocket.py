"""WsServer over the loopback interface."""

from edgeio import iosched
from edgeio.websocket import WsServer

from . import servers
from .clients.http import request
from .clients.websocket import BINARY, CLOSE, PING, PONG, TEXT, handshake, open_websocket
from .clients.wire import connect
from .harness import same, take_reports


class _Server:
    """A WsServer at /ws that sends back what it gets; closed: [(code, reason), ...]."""

    def __init__(self, **options):
        self.http = servers.start()
        self.closed = []
        self.server = WsServer.create_server('/ws', self.http, **options)
        self.server.on('connection', self._on_connection)
        self.port = self.http.port()

    def _on_connection(self, channel):
        channel.on('message', channel.send)
        channel.on('close', lambda code, reason: self.closed.append((code, reason)))

    async def stop(self):
        self.server.stop()
        await servers.stop(self.http)


async def test_messages_come_back():
    server = _Server()
    ws = await open_websocket(server.port, '/ws')
    for message in ('hello', '', 'euro \u20ac', b'\x00\x01', b'', 'x' * 126, b'y' * 20000):
        await ws.send(message)
        same(await ws.receive(), message)
    ws.close()
    await server.stop()


async def test_message_of_64_kilobytes_comes_back():
    server = _Server()
    ws = await open_websocket(server.port, '/ws')
    message = bytes(range(256)) * 256
    await ws.send(message)
    assert await ws.receive() == message
    ws.close()
    await server.stop()


async def test_fragments_are_one_message():
    server = _Server()
    ws = await open_websocket(server.port, '/ws')
    await ws.send_frame(TEXT, b'one ', fin=False)
    await ws.send_frame(PING, b'between')
    await ws.send_frame(0, b'two', fin=True)
    same(await ws.receive_frame(), (PONG, b'between'))
    same(await ws.receive(), 'one two')
    ws.close()
    await server.stop()


async def test_close_is_answered_with_the_same_code():
    server = _Server()
    ws = await open_websocket(server.port, '/ws')
    await ws.send_frame(CLOSE, b'\x0f\xa0bye')
    opcode, payload = await ws.receive_frame()
    same((opcode, payload[:2]), (CLOSE, b'\x0f\xa0'))
    same(await ws.wire.take_all(), b'')
    ws.close()
    while not server.closed:
        await iosched.sleep(1)
    same(server.closed, [(4000, 'bye')])
    await server.stop()


async def test_violation_ends_the_connection_with_its_code():
    server = _Server()
    for first, payload, code in ((0xC1, b'', 1002), (0x83, b'', 1002), (0x81, b'\xff', 1007)):
        ws = await open_websocket(server.port, '/ws')
        await ws.wire.send(bytes([first, 0x80 | len(payload)]) + b'\x00\x00\x00\x00' + payload)
        opcode, payload = await ws.receive_frame()
        same((opcode, int.from_bytes(payload[:2], 'big')), (CLOSE, code))
        ws.close()
    await server.stop()


async def test_dropped_connection_closes_its_channel_once():
    server = _Server()
    ws = await open_websocket(server.port, '/ws')
    await ws.send('last')
    ws.close()
    other = await open_websocket(server.port, '/ws')
    while not server.closed:
        await iosched.sleep(1)
    await other.send('still here')
    same(await other.receive(), 'still here')
    same([code for code, _ in server.closed], [1006])
    other.close()
    await server.stop()


async def test_broadcast_reaches_everyone():
    server = _Server()
    clients = []
    for _ in range(5):
        clients.append(await open_websocket(server.port, '/ws'))
        await clients[-1].send('here')
        same(await clients[-1].receive(), 'here')
    server.server.broadcast('to all')
    server.server.broadcast(b'\x01')
    for ws in clients:
        same(await ws.receive(), 'to all')
        same(await ws.receive_frame(), (BINARY, b'\x01'))
        ws.close()
    await server.stop()


async def test_handshake_that_is_not_valid_is_refused_with_a_status():
    server = _Server()
    wire = await connect(server.port)
    same((await request(wire, 'GET', '/ws')).status, 426)
    wire.close()
    wire = await connect(server.port)
    status, _ = await handshake(wire, '/elsewhere')
    same(status, 404)
    wire.close()
    await server.stop()


async def test_page_of_another_origin_is_refused_with_403():
    good, bad = 'https://good.example', 'https://bad.example'

    async def decide(origin, callback):
        await iosched.sleep(1)
        callback(None, origin == good)

    for origins in (good, ['http://*', 'https://good.example:*'], decide):
        server = _Server(origins=origins)
        for origin, expected in ((good, 101), (bad, 403)):
            wire = await connect(server.port)
            status, _ = await handshake(wire, '/ws', ['Origin: ' + origin])
            same(status, expected)
            wire.close()
        await server.stop()


async def test_first_message_may_come_with_the_handshake():
    server = _Server()
    wire = await connect(server.port)
    head = b'GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    key = b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    await wire.send(head + key + b'\x81\x82\x00\x00\x00\x00hi')
    await wire.take_until(b'\r\n\r\n')
    same(await wire.take(4), b'\x81\x02hi')
    wire.close()
    await server.stop()


async def test_exception_in_a_message_handler_is_reported_and_the_connection_stays():
    http = servers.start()
    server = WsServer.create_server('/ws', http)

    @server.on('connection')
    def on_connection(channel):
        @channel.on('message')
        def on_message(message):
            if message == 'fail':
                raise ValueError('on purpose')
            channel.send(message)

    ws = await open_websocket(http.port(), '/ws')
    await ws.send('fail')
    await ws.send('next')
    same(await ws.receive(), 'next')
    same([str(exc) for exc, _ in take_reports()], ['on purpose'])
    ws.close()
    server.stop()
    await servers.stop(http)
