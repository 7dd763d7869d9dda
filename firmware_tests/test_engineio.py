"""Engine.IO over the loopback interface: long-polling, WebSocket and the way from one to the other."""

import json

import edgeio.http.question as question
from edgeio import iosched
from edgeio.engineio import Server as Engine
from edgeio.engineio.server import make_id

from . import servers
from .clients.engineio import open_polling, open_socket, upgrade
from .clients.http import request
from .clients.websocket import handshake, open_websocket
from .clients.wire import connect
from .harness import same, take_reports


class _Server:
    """An Engine.IO server that sends back what it gets; closed: the reasons of sessions that ended."""

    def __init__(self, **options):
        self.http = servers.start()
        self.engine = Engine(self.http, **options)
        self.sessions = []
        self.closed = []
        self.engine.on('connection', self._on_connection)
        self.port = self.http.port()

    def _on_connection(self, session):
        self.sessions.append(session)
        session.on('data', session.send)
        session.on('close', self.closed.append)

    async def wait_closed(self, n=1):
        while len(self.closed) < n:
            await iosched.sleep(1)

    async def stop(self):
        self.engine.close()
        await servers.stop(self.http)


async def test_handshake_says_what_the_client_must_know():
    server = _Server(ping_interval=25000, ping_timeout=20000, max_http_buffer_size=100000)
    polling = await open_polling(server.port)
    opened = polling.open
    same(opened['upgrades'], ['websocket'])
    same((opened['pingInterval'], opened['pingTimeout'], opened['maxPayload']), (25000, 20000, 100000))
    assert opened['sid'] == server.sessions[0].id
    polling.close()
    socket = await open_socket(server.port)
    same(socket.open['upgrades'], [])
    socket.close()
    await server.stop()


async def test_messages_come_back_by_polling():
    server = _Server()
    polling = await open_polling(server.port)
    await polling.send('4one', b'\x01\x02\xff', '4euro \u20ac')
    for packet in ('4one', b'\x01\x02\xff', '4euro \u20ac'):
        same(await polling.receive(), packet)
    polling.close()
    await server.stop()


async def test_messages_come_back_by_websocket():
    server = _Server()
    socket = await open_socket(server.port)
    await socket.send('4one', b'\x01\x02\xff', '4euro \u20ac')
    for packet in ('4one', b'\x01\x02\xff', '4euro \u20ac'):
        same(await socket.receive(), packet)
    socket.close()
    await server.stop()


async def test_upgrade_loses_nothing_and_keeps_the_order():
    server = _Server()
    polling = await open_polling(server.port)
    session = server.sessions[0]
    for number in range(5):
        session.send('before %d' % number)
    received = [await polling.receive()]
    websocket = await open_websocket(server.port, polling.path.replace('=polling', '=websocket'))
    await websocket.send('2probe')
    same(await websocket.receive(), '3probe')
    session.send('while probing')
    await websocket.send('5')
    received += polling._packets
    session.send('after')
    while len(received) < 7:
        received.append(await websocket.receive())
    same(received, ['4before %d' % number for number in range(5)] + ['4while probing', '4after'])
    same(session.transport.name, 'websocket')
    polling.close()
    websocket.close()
    await server.stop()


async def test_upgraded_session_talks_by_websocket():
    server = _Server()
    socket = await upgrade(await open_polling(server.port))
    await socket.send('4hello')
    same(await socket.receive(), '4hello')
    same(len(server.sessions), 1)
    socket.close()
    await server.wait_closed()
    same(server.closed, ['transport close'])
    await server.stop()


async def test_server_pings_and_the_client_that_answers_stays():
    server = _Server(ping_interval=10, ping_timeout=60000)
    socket = await open_socket(server.port)
    for _ in range(3):
        same(await socket.receive(), '2')
        await socket.send('3')
    same(server.closed, [])
    socket.close()
    await server.stop()


async def test_client_that_answers_no_ping_is_closed():
    server = _Server(ping_interval=10, ping_timeout=20)
    socket = await open_socket(server.port)
    await server.wait_closed()
    same(server.closed, ['ping timeout'])
    socket.close()
    await server.stop()


async def test_client_of_revision_3_pings_itself():
    server = _Server()
    socket = await open_socket(server.port, revision=3)
    await socket.send('2')
    same(await socket.receive(), '3')
    await socket.send('4hello')
    same(await socket.receive(), '4hello')
    socket.close()
    await server.stop()


async def test_binary_of_revision_3_has_its_type_in_front():
    server = _Server()
    socket = await open_socket(server.port, revision=3)
    await socket.send(b'\x04\x01\x02')
    same(await socket.receive(), b'\x04\x01\x02')
    socket.close()
    await server.stop()


async def test_close_packet_ends_the_session():
    server = _Server()
    socket = await open_socket(server.port)
    await socket.send('1')
    await server.wait_closed()
    same(server.closed, ['transport close'])
    socket.close()
    await server.stop()


async def test_bad_requests_get_the_errors_that_clients_know():
    server = _Server()
    wire = await connect(server.port)
    for query, code in (
        ('EIO=4&transport=carrier-pigeon', 0),
        ('EIO=4&transport=polling&sid=nobody', 1),
        ('EIO=9&transport=polling', 5),
        ('transport=', 0),
    ):
        answer = await request(wire, 'GET', '/engine.io/?' + query)
        same((answer.status, json.loads(str(answer.body, 'utf-8'))['code']), (400, code))
    answer = await request(wire, 'POST', '/engine.io/?EIO=4&transport=polling', (), b'4')
    same((answer.status, json.loads(str(answer.body, 'utf-8'))['code']), (400, 2))
    wire.close()
    await server.stop()
    same(server.sessions, [])


async def test_app_that_takes_its_time_is_waited_for():
    async def generate_id(req):
        await iosched.sleep(1)
        return make_id(req)

    server = _Server(allow_request=lambda req, callback: iosched.set_timeout(callback, 1, None, True))
    server.engine.generate_id = generate_id
    polling = await open_polling(server.port)
    socket = await open_socket(server.port)
    await socket.send('4hello')
    same(await socket.receive(), '4hello')
    socket.close()
    polling.close()
    await server.stop()


async def test_app_that_does_not_answer_is_waited_for_no_longer_than_the_bound():
    async def generate_id(req):
        await iosched.sleep(60000)

    before, question.ANSWER_TIMEOUT = question.ANSWER_TIMEOUT, 20
    try:
        for options, status in (({'allow_request': lambda req, callback: None}, 403), ({}, 400)):
            server = _Server(**options)
            server.engine.generate_id = generate_id
            wire = await connect(server.port)
            same((await request(wire, 'GET', '/engine.io/?EIO=4&transport=polling')).status, status)
            same([exc.code for exc, _ in take_reports()], ['app.no_answer'])
            wire.close()
            await server.stop()
    finally:
        question.ANSWER_TIMEOUT = before


async def test_late_answer_to_a_request_that_fails_is_a_500():
    server = _Server(allow_request=lambda req, callback: iosched.set_timeout(callback, 1, None, True))
    server.engine.on('initial_headers', lambda headers, req: headers.update({'X-Name': 'two\r\nlines'}))
    wire = await connect(server.port)
    same((await request(wire, 'GET', '/engine.io/?EIO=4&transport=polling')).status, 500)
    wire.close()
    wire = await connect(server.port)
    same((await handshake(wire, '/engine.io/?EIO=4&transport=websocket'))[0], 500)
    wire.close()
    same(len(take_reports()), 2)
    same(server.engine.clients_count, 0)
    await server.stop()


async def test_body_that_is_no_payload_closes_the_session():
    server = _Server()
    polling = await open_polling(server.port)
    answer = await request(polling.wire, 'POST', polling.path, (), b'x')
    same(answer.status, 400)
    await server.wait_closed()
    same(server.closed, ['parse error'])
    polling.close()
    await server.stop()


async def test_packets_of_one_post_take_turns_with_other_clients():
    server = _Server()
    served = []
    other = await open_socket(server.port)
    server.sessions[0].on('data', lambda data: served.append(len(taken)))
    polling = await open_polling(server.port)
    taken = []
    server.sessions[1].remove_all_listeners('data')
    server.sessions[1].on('data', taken.append)
    server.sessions[1].once('data', lambda data: iosched.spawn(other.send('4hello')))
    numbers = [str(number) for number in range(4000)]
    answer = await request(polling.wire, 'POST', polling.path, (), '\x1e'.join(['4' + n for n in numbers]).encode())
    same((answer.status, taken), (200, numbers))
    same(await other.receive(), '4hello')
    assert 0 < served[0] < 4000, served
    polling.close()
    other.close()
    await server.stop()


async def test_message_that_is_too_big_closes_the_session():
    server = _Server(max_http_buffer_size=100)
    socket = await open_socket(server.port)
    await socket.send('4' + 'x' * 200)
    opcode, payload = await socket.websocket.receive_frame()
    same((opcode, int.from_bytes(payload[:2], 'big')), (8, 1009))
    socket.close()
    await server.wait_closed()
    polling = await open_polling(server.port)
    same((await request(polling.wire, 'POST', polling.path, (), b'4' + b'x' * 200)).status, 413)
    polling.close()
    await server.stop()
