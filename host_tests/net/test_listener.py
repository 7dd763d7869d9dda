"""Listening sockets: ports, errors a person can act on, storms of connections, the end of descriptors."""

import socket
import subprocess
import sys

import pytest

from edgeio import iosched, pollset
from edgeio.compat import accept
from edgeio.errors import EdgeError
from edgeio.net import listener as listener_module
from edgeio.net.listener import Listener
from host_tests.looping import turn_until
from host_tests.processes import ROOT

pytestmark = pytest.mark.usefixtures('reports')


class Server:
    """A listener that keeps its streams."""

    def __init__(self, host='127.0.0.1', port=0, **options):
        self.streams = []
        self.listener = Listener(host, port, self.take, **options)

    def take(self, stream):
        stream.protocol = self
        self.streams.append(stream)

    def on_close(self, reason):
        """A stream's protocol has it."""

    def connect(self):
        """A client's socket, connected."""
        family = socket.AF_INET6 if ':' in self.host else socket.AF_INET
        client = socket.socket(family)
        client.connect((self.host, self.listener.port()))
        return client

    host = '127.0.0.1'

    def close(self):
        self.listener.close()
        for stream in self.streams:
            stream.abort()


@pytest.fixture
def make_server():
    made = []

    def make(*args, **options):
        made.append(Server(*args, **options))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def server(make_server):
    return make_server()


def test_port_0_is_a_port_of_the_systems_choice(server, make_server):
    assert 0 < server.listener.port() < 65536
    assert make_server().listener.port() != server.listener.port()


def test_each_connection_is_a_stream_with_its_peer(server):
    with server.connect() as client:
        turn_until(lambda: server.streams)
        (stream,) = server.streams
        assert stream.peer == client.getsockname()
        assert not stream.closed and not stream.secure
        assert stream.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert stream.sock.getblocking() is False


def test_a_storm_of_connections_is_accepted_in_portions(server):
    clients = [server.connect() for _ in range(listener_module.MAX_ACCEPTS + 10)]
    turn_until(lambda: server.streams)
    assert len(server.streams) <= listener_module.MAX_ACCEPTS
    turn_until(lambda: len(server.streams) == len(clients))
    for client in clients:
        client.close()


def test_nobody_is_accepted_in_vain(server, monkeypatch):
    accepts = []
    monkeypatch.setattr(listener_module, 'accept', lambda sock: accepts.append(sock) or accept(sock))
    with server.connect(), server.connect():
        turn_until(lambda: len(server.streams) == 2)
        assert len(accepts) == 2


def test_client_that_is_gone_before_it_is_accepted_harms_nobody(server):
    gone = server.connect()
    gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
    gone.close()
    with server.connect():
        turn_until(lambda: any(stream.peer[1] for stream in server.streams))


def test_limits_reach_the_streams(make_server):
    server = make_server(limits=(1, 2))
    with server.connect():
        turn_until(lambda: server.streams)
        assert server.streams[0].limits == (1, 2)


def test_exception_for_a_new_connection_ends_that_one_alone(server, reports):
    take = server.listener.on_stream

    def fail_once(stream):
        server.listener.on_stream = take
        raise ValueError('on purpose')

    server.listener.on_stream = fail_once
    with server.connect() as bad, server.connect() as good:
        turn_until(lambda: server.streams)
        assert server.streams[0].peer == good.getsockname()
        bad.settimeout(5)
        assert bad.recv(1) == b''
    assert [(str(exc), where) for exc, where in reports] == [('on purpose', 'a new connection')]
    reports.clear()


def test_taken_port_is_an_error_that_says_so(server):
    port = server.listener.port()
    with pytest.raises(EdgeError) as caught:
        Server(port=port)
    assert caught.value.code == 'net.listen'
    text = str(caught.value)
    assert f'cannot listen on 127.0.0.1 port {port}' in text
    assert 'the port is taken by another program' in text
    assert '--port' in text


def test_address_that_is_not_here_is_an_error_that_says_so():
    with pytest.raises(EdgeError, match='cannot listen on 192.0.2.1 port 0; seen: not an address here.*net.listen'):
        Server('192.0.2.1')


def test_failed_listener_leaves_no_descriptor(server):
    before = set(pollset.watchers)
    with pytest.raises(EdgeError):
        Server(port=server.listener.port())
    assert set(pollset.watchers) == before


def test_closed_listener_accepts_nobody_and_its_connections_go_on(server):
    with server.connect() as client:
        turn_until(lambda: server.streams)
        port = server.listener.port()
        server.listener.close()
        server.listener.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(('127.0.0.1', port))
        server.streams[0].write(b'still here')
        iosched.poll(0)
        client.settimeout(5)
        assert client.recv(100) == b'still here'


def test_port_can_be_listened_on_again_right_after(make_server):
    first = make_server()
    port = first.listener.port()
    with first.connect():
        turn_until(lambda: first.streams)
        first.close()
        assert make_server(port=port).listener.port() == port


def test_two_listeners_share_a_port_when_both_say_so(make_server):
    first = make_server(reuse_port=True)
    second = make_server(port=first.listener.port(), reuse_port=True)
    clients = [first.connect() for _ in range(40)]
    turn_until(lambda: len(first.streams) + len(second.streams) == 40)
    for client in clients:
        client.close()


def test_listens_on_ipv6(make_server):
    server = make_server('::1')
    server.host = '::1'
    with server.connect() as client:
        turn_until(lambda: server.streams)
        assert server.streams[0].peer == client.getsockname()[:2]


STARVED = '''
import resource, socket, sys
from edgeio import iosched
from edgeio.net.listener import Listener

streams = []


class Protocol:
    def on_close(self, reason):
        pass


def take(stream):
    stream.protocol = Protocol()
    streams.append(stream)


listener = Listener('127.0.0.1', 0, take)
clients = []
for _ in range(6):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(('127.0.0.1', listener.port()))
    clients.append(client)
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
spare = socket.socket()
limit = spare.fileno() + 4  # room for three connections
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
while listener.back_offs < 2:
    iosched.poll()
print('accepted', len(streams), 'backed off', listener.back_offs > 1)
turns = 0
while listener.back_offs < 4:
    iosched.poll()
    turns += 1
print('few turns', turns < 20)
for stream in list(streams):
    stream.abort()
while len(streams) < 6:
    iosched.poll()
print('accepted', len(streams))
'''


def test_listener_out_of_descriptors_waits_and_goes_on_when_there_are_some(tmp_path):
    script = tmp_path / 'starved.py'
    script.write_text(STARVED)
    environment = {'PYTHONPATH': str(ROOT)}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ['accepted 3 backed off True', 'few turns True', 'accepted 6']
    assert done.stderr == ''
