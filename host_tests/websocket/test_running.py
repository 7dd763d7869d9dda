"""Channels whose handlers take their time: at max_running_handlers of them the client is held back."""

import socket as plain_socket
import ssl
import threading

import pytest
import trustme

from edgeio import socket
from edgeio.errors import OptionError
from edgeio.websocket import WsServer, connection
from edgeio.websocket.codec import BINARY, masked_frame
from firmware_tests.targets import local
from host_tests.looping import PATIENCE, during, make_server, settle, turn_until, until_quiet
from host_tests.processes import ROOT, App
from host_tests.work import BOUND, KEY, Flood, Work, frames, told_once, upgrade_request

NUMBERS = [str(n) for n in range(2000)]


@pytest.fixture
def serve(reports):
    """`serve(**options)` gives a WsServer on a port of its own, and the Work that its messages are for."""
    started = []

    def start(**options):
        server = WsServer.create_server('/ws', socket.sockaddr('127.0.0.1', 0), **options).start()
        work = Work()
        work.ends = []  # what channels were closed with
        server.on('connection', lambda channel: channel.on('message', work.handle))
        server.on('connection', lambda channel: channel.on('close', lambda *end: work.ends.append(end)))
        started.append(server)
        return server, work

    yield start
    for server in started:
        server.stop()
    until_quiet()


@pytest.fixture
def flood():
    """`flood(server, wrap=None)` gives a Flood, dropped at the end."""
    made = []

    def connect(server, wrap=None):
        made.append(Flood(server.port(), '/ws', wrap))
        made[-1].until(b'\r\n\r\n')
        return made[-1]

    yield connect
    for client in made:
        client.socket.close()


def test_messages_of_one_read_wait_for_the_handlers(serve, flood, reports):
    server, work = serve()
    flood(server).say(*NUMBERS)
    work.until_held()
    work.finish_all(len(NUMBERS))
    assert work.begun == NUMBERS and work.done == NUMBERS
    assert work.most == BOUND
    assert told_once(reports)


def test_binary_messages_and_those_that_come_with_the_handshake_wait_too(serve, reports):
    server, work = serve(max_running_handlers=2)
    parts = [b'a', b'b' * 1000, b'c' * 70_000, b'd']
    with plain_socket.create_connection(('127.0.0.1', server.port()), PATIENCE / 1000) as client:
        client.sendall(upgrade_request('/ws') + b''.join(masked_frame(BINARY, part, KEY) for part in parts))
        work.until_held(2)
        work.finish_all(4)
    assert work.done == parts
    assert told_once(reports)


@pytest.fixture(scope='module')
def tls(tmp_path_factory):
    """(path of a server's certificate and key, context of a client)."""
    authority, path = trustme.CA(), tmp_path_factory.mktemp('tls') / 'server.pem'
    authority.issue_cert('127.0.0.1').private_key_and_cert_chain_pem.write_to_path(path)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return str(path), context


def test_messages_under_tls_wait_for_the_handlers(serve, flood, reports, tls):
    pem, context = tls
    server, work = serve(tls={'cert': pem})
    texts = [number + 'x' * 60 for number in NUMBERS]  # many records

    def wrap(sock):
        wrapped = []
        thread = threading.Thread(target=lambda: wrapped.append(context.wrap_socket(sock, server_hostname='127.0.0.1')))
        thread.start()
        turn_until(lambda: wrapped, 'the handshake')
        thread.join()
        return wrapped[0]

    client = flood(server, wrap)
    sending = threading.Thread(target=client.say, args=texts)
    sending.start()
    work.until_held()
    work.finish_all(len(texts))
    sending.join()
    assert work.done == texts
    assert work.most == BOUND
    assert told_once(reports)


ON_MICROPYTHON = """
from edgeio import iosched, socket
from edgeio.websocket import WsServer


def connected(channel):
    async def echo(data):
        await iosched.sleep(1)
        channel.send(data)

    channel.on('message', echo)


iosched.set_on_error(lambda exc, where: print(exc.code))
address = socket.sockaddr('127.0.0.1', 0)
server = WsServer.create_server('/ws', address, {'cert': PEM}, max_running_handlers=4)
server.on('connection', connected)
server.start()
print('{"port": %d}' % server.port())
iosched.forever()
"""


def test_micropython_goes_on_with_a_record_of_tls_that_it_has_read_in_part(run_micropython, tls):
    pem, context = tls
    app = run_micropython(f'PEM = {pem!r}\n{ON_MICROPYTHON}')
    texts = [f'{n:0>100}' for n in range(400)]  # 40 KB: more than a record, which is more than one read
    with plain_socket.create_connection(('127.0.0.1', app.port), PATIENCE / 1000) as plain:
        with context.wrap_socket(plain, server_hostname='127.0.0.1') as client:
            client.sendall(upgrade_request('/ws') + frames(texts))
            expected = b''.join(b'\x81' + bytes([len(text)]) + text.encode() for text in texts)
            heard = b''
            while not heard.endswith(expected):
                part = client.recv(65536)
                assert part, 'the connection was closed'
                heard += part


@pytest.fixture
def run_micropython(tmp_path):
    """`run_micropython(text)` runs a program under MicroPython until it says its port: an App."""
    apps = []

    def start(text):
        program = tmp_path / 'server.py'
        program.write_text(text)
        apps.append(App([*local.micropython(), program], env={'MICROPYPATH': f'{ROOT}:.frozen'}))
        return apps[-1]

    yield start
    for app in apps:
        app.check()
        app.stop()


def test_held_channel_is_pinged_but_needs_not_answer(serve, flood, reports):
    server, work = serve(max_running_handlers=1, ping_interval=40)
    client = flood(server)
    client.say('1', '2')
    work.until_held(1)
    client.until_times(b'\x89\x04', 4)
    assert work.ends == []
    work.finish_all(2)
    turn_until(lambda: work.ends, 'the end of a client that never answers')
    assert work.ends == [(1006, 'ping timeout')]
    assert told_once(reports)


def test_client_that_goes_while_it_is_held_is_gone(serve, flood, reports):
    server, work = serve(max_running_handlers=2)
    client = flood(server)
    client.say(*NUMBERS)
    work.until_held(2)
    client.drop()
    turn_until(lambda: work.ends, 'the end')
    work.finish()
    settle()
    assert len(work.begun) == 2 and not server.channels
    assert told_once(reports)


def test_held_channel_that_the_app_closes_takes_the_answer_once_its_handlers_ended(serve, flood, reports, monkeypatch):
    monkeypatch.setattr(connection, 'CLOSE_TIMEOUT', 10_000_000)
    server, work = serve(max_running_handlers=2)
    client = flood(server)
    client.say('1', '2', '3')
    work.until_held(2)
    next(iter(server.channels)).close(3000, 'enough')
    client.until(b'enough')
    client.socket.sendall(b'\x88\x82\0\0\0\0\x0b\xb8')
    work.finish_all(3)
    client.until_closed()
    turn_until(lambda: work.ends, 'the end')
    assert work.ends == [(3000, 'enough')]
    assert told_once(reports)


def test_connection_handlers_count(serve, flood, reports):
    server, work = serve(max_running_handlers=1)
    welcome = Work()
    server.on('connection', welcome.handle)
    flood(server).say('1')
    settle()
    assert work.begun == [] and len(welcome.waiting) == 1
    welcome.finish()
    work.finish_all(1)
    assert told_once(reports)


def test_place_of_a_channel_is_kept_until_its_handlers_have_ended(serve, flood, reports):
    server, work = serve(max_connections=2)
    farewell = Work()  # begun by the close itself
    server.on('connection', lambda channel: channel.on('close', farewell.handle))
    for _ in range(2):
        client = flood(server)
        client.say('hello')
        turn_until(lambda: work.waiting, 'a message')
        client.drop()
        turn_until(lambda: not server.channels, 'the end')
        work.finish()
    assert len(farewell.waiting) == 2
    assert refused(server)
    farewell.finish(1)
    assert not refused(server)
    farewell.finish()


def refused(server):
    with plain_socket.create_connection(('127.0.0.1', server.port()), PATIENCE / 1000) as client:
        client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        answer = during(client.recv, 65536)
    until_quiet()
    return b' 503 ' in answer


def test_handlers_of_requests_before_the_handshake_count_for_the_place(reports):
    work = Work()

    async def answer(req, res):
        res.end('hello')
        await work.handle(req.url)

    http_server = make_server(answer, max_connections=1)
    server = WsServer.create_server('/ws', http_server)
    with plain_socket.create_connection(('127.0.0.1', http_server.port()), PATIENCE / 1000) as client:
        client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n' + upgrade_request('/ws'))
        turn_until(lambda: server.channels, 'the handshake')
        assert len(work.waiting) == 1
    until_quiet()
    assert refused(http_server)
    work.finish()
    assert not refused(http_server)
    work.finish()
    http_server.stop()
    until_quiet()


def test_question_about_an_origin_keeps_the_place_of_who_asked_and_went(serve, reports):
    answers = []
    server, _ = serve(max_connections=1, origins=lambda origin, answer: answers.append(answer))
    with plain_socket.create_connection(('127.0.0.1', server.port()), PATIENCE / 1000) as client:
        client.sendall(upgrade_request('/ws'))
        turn_until(lambda: answers, 'the question')
    until_quiet()
    assert refused(server)
    answers[0](None, True)
    assert not refused(server)


@pytest.mark.parametrize('value', [0, -1, '7'])
def test_bound_that_cannot_be_is_an_error(value):
    with pytest.raises(OptionError, match='max_running_handlers'):
        WsServer.create_server('/ws', socket.sockaddr('127.0.0.1', 0), max_running_handlers=value)
