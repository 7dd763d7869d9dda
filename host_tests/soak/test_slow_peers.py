"""Peers that are slow, or deaf, above HTTP: each is ended with a reason, and the others get what they are owed."""

import socket as plain_socket

import pytest

from edgeio.socketio import Server
from host_tests.looping import PATIENCE, make_server, turn_until, until_quiet
from host_tests.socketio.raw import RawClient

HANDSHAKE = (
    b'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
)
JOIN = b'\x81\x82\0\0\0\x0040'


@pytest.fixture
def serve(reports):
    """`serve(limits, **options)` gives a Socket.IO server; `io.ends`: why sockets ended."""
    started = []

    def start(limits=None, **options):
        io = Server(make_server(**(limits or {})), **options)
        io.port = next(iter(io._http_servers)).port()
        io.ends = []
        io.on('connection', lambda socket: socket.on('disconnect', io.ends.append))
        started.append(io)
        return io

    yield start
    for io in started:
        io.close()
    until_quiet()


def deaf_client(io):
    """A client that joins, and then neither reads nor writes; the system's buffer for it is small."""
    sock = plain_socket.socket()
    sock.setsockopt(plain_socket.SOL_SOCKET, plain_socket.SO_RCVBUF, 4096)
    sock.settimeout(PATIENCE / 1000)
    sock.connect(('127.0.0.1', io.port))
    before = len(io.sockets.sockets)
    sock.sendall(HANDSHAKE + JOIN)
    turn_until(lambda: len(io.sockets.sockets) > before, 'its socket')
    return sock


def test_client_that_never_reads_is_ended_and_the_others_get_everything(serve):
    io = serve({'max_queued': 2_000_000})
    with deaf_client(io):
        client = RawClient(io)
        for number in range(200):
            io.emit('news', number, 'x' * 50_000)
            assert client.take_event()[1] == number
        turn_until(lambda: io.ends, 'the end of the deaf client')
        assert io.ends == ['write queue overflow']
        client.drop()


def test_volatile_events_are_dropped_and_counted_for_a_client_that_never_reads(serve):
    io = serve({'high_water': 100_000})
    with deaf_client(io):
        client = RawClient(io)
        for number in range(300):
            io.volatile.emit('news', number, 'x' * 50_000)
            assert client.take_event()[1] == number
        adapter = io.sockets.adapter
        assert 0 < adapter.dropped < 300
        deaf = next(socket for socket in io.sockets.sockets.values() if socket.id != client.id)
        assert deaf.conn.stream.queued < 200_000
        client.drop()


def test_frame_that_drips_does_not_outlive_the_heartbeat(serve):
    io = serve(ping_interval=150, ping_timeout=150)
    with deaf_client(io) as dripping:
        client = RawClient(io)
        frame = b'\x81\xfe\x10\0\0\0\0\0' + b'4' * 4096
        sent = 0

        def drip():
            nonlocal sent
            try:
                dripping.sendall(frame[sent : sent + 1])
            except OSError:
                pass  # it is ended
            sent += 1
            client.rest()  # answers its own pings meanwhile
            return io.ends

        turn_until(drip, 'the end of the dripping client')
        assert io.ends == ['ping timeout']
        assert client.id in io.sockets.sockets
        client.drop()


def test_half_open_link_is_found_out_by_the_heartbeat(serve):
    io = serve(ping_interval=100, ping_timeout=100)
    with deaf_client(io):
        turn_until(lambda: io.ends, 'the end')
        assert io.ends == ['ping timeout']
        assert not io.engine.sessions and not io.sockets.adapter.rooms
