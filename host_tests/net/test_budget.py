"""What all clients hold together is bounded: who holds most is closed, the others lose nothing."""

import contextlib
import pathlib
import resource
import socket as plain_socket
import ssl
import subprocess
import sys
import time

import pytest

from edgeio import compat, engineio, socketio
from edgeio.net import budget
from edgeio.net.budget import Budget
from edgeio.websocket import WsServer, codec
from edgeio.websocket.codec import masked_frame
from host_tests.looping import PATIENCE, Polling, during, make_server, open_ws, turn_until, until_quiet
from host_tests.net.secure import open_tls, talk

MOST = 400000
KEY = b'\1\2\3\4'
UPGRADE = (
    b'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
)


def handler(req, res):
    """/big: more than a socket takes; anything else: the length of the body."""
    if req.url == '/big':
        res.end(bytes(12000000))
    else:
        req.read_body(2000000, lambda error, data: error or res.end(str(len(data))))


@pytest.fixture
def server(reports, monkeypatch):
    """A server whose clients may hold MOST bytes, on a system that does not tell how large the process is."""
    monkeypatch.setattr(budget, 'memory_used', lambda: None)
    server = make_server(handler, max_memory=MOST)
    yield server
    server.stop()
    until_quiet()


def dial(port, address):
    """A connection from `address`, one of this machine's own."""
    return plain_socket.create_connection(('127.0.0.1', port), PATIENCE / 1000, (address, 0))


def a_look():
    """Waits as long as the server does between two looks."""
    time.sleep(budget.LOOK / 1000)


def until_closed(sock):
    """Reads until the server closes."""
    with contextlib.suppress(ConnectionError):
        while sock.recv(65536):
            pass


def post(sock, length, send):
    """A request whose body is `length` bytes, of which `send` come."""
    sock.sendall(b'POST /take HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n' % length)
    sock.sendall(bytes(send))


def body(port):
    with dial(port, '127.0.0.2') as greedy:
        post(greedy, 600000, 500000)
        until_closed(greedy)


def answer_not_taken(port):
    with dial(port, '127.0.0.2') as greedy:
        greedy.sendall(b'GET /big HTTP/1.1\r\nHost: x\r\n\r\n')
        greedy.recv(10)
        for _ in range(4):
            a_look()
        until_closed(greedy)


def unfinished_message(port):
    with dial(port, '127.0.0.2') as greedy:
        greedy.sendall(UPGRADE + masked_frame(codec.BINARY, bytes(500000), KEY, 0))
        until_closed(greedy)


def packet_without_its_attachment(port):
    with open_ws(port, '/socket.io/') as greedy:
        greedy.recv()
        greedy.send('40')
        greedy.recv()
        greedy.send('451-["x","' + 500000 * 'x' + '",{"_placeholder":true,"num":0}]')
        with contextlib.suppress(Exception):
            while True:
                greedy.recv()


@pytest.mark.parametrize('hold', [body, answer_not_taken, unfinished_message, packet_without_its_attachment])
def test_who_holds_most_is_closed_and_others_lose_nothing(server, reports, hold):
    channels = WsServer.create_server('/ws', server)
    engine = socketio.Server(server)
    engine.on('connection', lambda socket: None)

    def client(port):
        with dial(port, '127.0.0.3') as modest:
            post(modest, 100000, 99000)
            hold(port)
            modest.sendall(bytes(1000))
            return b''.join(iter(lambda: modest.recv(65536), b''))

    assert during(client, server.port()).endswith(b'\r\n\r\n100000')
    assert server._budget.ended == 1
    assert [error.code for error, where in reports] == ['net.memory']
    assert 'max_memory' in str(reports[0][0])
    reports.clear()
    channels.stop()
    engine.close()


def test_session_whose_packets_nobody_polls_is_closed_for_it(server, reports):
    engine = engineio.Server(server)
    ends = []

    def begin(session):
        session.on('close', ends.append)
        session.send(MOST * 'x')

    engine.on('connection', begin)
    during(lambda port: Polling(port).sid, server.port())
    for session in engine.sessions.values():
        session.send(MOST * 'x')  # the first may have left with the handshake
    turn_until(lambda: ends, 'the end of the session')
    assert ends == ['out of memory']
    assert [error.code for error, where in reports] == ['net.memory']
    reports.clear()
    engine.close()


def test_addresses_that_hold_most_altogether_come_first(server, reports):
    def client(port):
        with contextlib.ExitStack() as stack:
            modest = stack.enter_context(dial(port, '127.0.0.3'))
            post(modest, 150000, 149000)  # more than any one of the crowd
            crowd = [stack.enter_context(dial(port, '127.0.0.2')) for _ in range(6)]
            for one in crowd:
                post(one, 100000, 60000)
            while not server._budget.ended:
                a_look()
            modest.sendall(bytes(1000))
            return b''.join(iter(lambda: modest.recv(65536), b''))

    assert during(client, server.port()).endswith(b'\r\n\r\n150000')
    assert 2 <= server._budget.ended <= 6
    reports.clear()


def test_what_tls_takes_of_each_connection_counts(serve, reports, monkeypatch, pki):
    monkeypatch.setattr(budget, 'memory_used', lambda: None)
    server = serve(limits={'max_memory': 200000})
    context = ssl.create_default_context(cafile=pki['ca'])

    def client(port):
        with contextlib.ExitStack() as stack:
            for _ in range(20):  # idle, and well within every other bound
                raw = stack.enter_context(dial(port, '127.0.0.2'))
                with contextlib.suppress(ConnectionError):
                    stack.enter_context(context.wrap_socket(raw, server_hostname='localhost'))
            for _ in range(12):
                a_look()
            assert server._budget.ended
            return talk(stack.enter_context(open_tls(port, pki)))

    assert during(client, server.port()) == b'https True'
    assert {error.code for error, _ in reports} == {'net.memory'}
    reports.clear()


def test_what_is_shared_ends_nobody_while_the_process_is_small(reports, monkeypatch):
    looks = []
    monkeypatch.setattr(budget, 'memory_used', lambda: looks.append(1) or 50000000)
    server = make_server(handler, max_memory=MOST)

    def client(port):
        with dial(port, '127.0.0.2') as sock:
            post(sock, 600000, 599000)
            before = len(looks)
            while len(looks) < before + 3:
                a_look()
            sock.sendall(bytes(1000))
            return b''.join(iter(lambda: sock.recv(65536), b''))

    assert during(client, server.port()).endswith(b'\r\n\r\n600000')
    assert server._budget.ended == 0
    server.stop()
    until_quiet()


def test_nobody_is_looked_at_where_nobody_is(server):
    during(lambda port: dial(port, '127.0.0.1').close(), server.port())
    turn_until(lambda: server._budget.bucket is None, 'the end of the looks')
    assert not server.busy


def test_connection_whose_handshake_outlasts_the_server_is_served(serve, pki):
    server = serve()
    context = ssl.create_default_context(cafile=pki['ca'])

    def client(sock):
        with context.wrap_socket(sock, server_hostname='localhost') as secure:
            return talk(secure)

    with dial(server.port(), '127.0.0.1') as sock:
        turn_until(lambda: server._admission.total, 'the connection')
        stopped = []
        server.stop(lambda: stopped.append(True))
        turn_until(lambda: stopped, 'the end of the server')
        assert during(client, sock) == b'https True'


def test_default_is_a_third_of_the_memory_in_equal_parts():
    assert Budget(0, 1, None).most == compat.memory_size() // 3
    assert Budget(0, 4, None).most == compat.memory_size() // 12
    assert Budget(5000, 4, None).most == 5000


def test_runtime_tells_how_much_memory_there_is_and_how_much_of_it_is_used():
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # counted a little late by the system
    assert 1000000 < compat.memory_used() < most + 4000000
    assert compat.memory_size() > compat.memory_used()


CROWDED = """
from edgeio import http, iosched, socket
def handler(req, res):
    req.read_body(8000000, lambda error, data: error or res.end(str(len(data))))
server = http.create_server('crowded', handler, 0, socket.sockaddr('127.0.0.1', 0), max_memory=20000000).start()
print(server.port(), flush=True)
iosched.forever()
"""


def test_process_stays_within_its_bound_however_many_come():
    root = pathlib.Path(__file__).parents[2]
    program = [sys.executable, '-c', CROWDED]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, cwd=root, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            port = int(process.stdout.readline())
            before = resident(process.pid)
            largest = 0
            with contextlib.ExitStack() as stack, dial(port, '127.0.0.3') as modest:
                post(modest, 1000000, 999000)
                for _ in range(40):  # 160 MB
                    one = stack.enter_context(dial(port, '127.0.0.2'))
                    with contextlib.suppress(ConnectionError):
                        post(one, 5000000, 4000000)
                    a_look()
                    largest = max(largest, resident(process.pid))
                modest.sendall(bytes(1000))
                answer = b''.join(iter(lambda: modest.recv(65536), b''))
        finally:
            process.kill()
            told = process.stderr.read()
    assert answer.endswith(b'\r\n\r\n1000000')
    assert largest - before < 60000000
    assert 'net.memory' in told or 'max_memory' in told


def resident(pid):
    """Bytes of memory that a process has."""
    return int(pathlib.Path(f'/proc/{pid}/statm').read_text().split()[1]) * resource.getpagesize()
