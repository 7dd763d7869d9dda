"""per_message_deflate on a Socket.IO server: what is compressed, and what `compress(False)` and others keep plain."""

import os
import socket as plain_socket
import zlib

import pytest

from edgeio.socketio import Server
from host_tests.looping import PATIENCE, Polling, during, make_server, until_quiet

LONG = 'all the same ' * 20


class Frames:
    """A WebSocket client that shows frames as they are on the wire."""

    def __init__(self, port, query='', offer='permessage-deflate'):
        self.sock = plain_socket.create_connection(('127.0.0.1', port), PATIENCE / 1000)
        extensions = f'Sec-WebSocket-Extensions: {offer}\r\n' if offer else ''
        self.sock.sendall(
            f'GET /socket.io/?EIO=4&transport=websocket{query} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n'
            f'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{extensions}'
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'.encode()
        )
        self.reader = self.sock.makefile('rb')
        self.head = b''.join(iter(self.reader.readline, b'\r\n')).decode()
        self.inflater = zlib.decompressobj(-15)

    def send(self, text):
        data, key = text.encode(), os.urandom(4)
        masked = bytes(b ^ key[i % 4] for i, b in enumerate(data))
        self.sock.sendall(bytes((0x81, 0x80 | len(data))) + key + masked)

    def next(self):
        """(whether the next frame is compressed, its text or bytes)."""
        first, n = self.reader.read(2)
        if n == 126:
            n = int.from_bytes(self.reader.read(2), 'big')
        payload = self.reader.read(n)
        packed = bool(first & 0x40)
        if packed:
            payload = self.inflater.decompress(payload + b'\x00\x00\xff\xff')
        return packed, payload.decode() if first & 15 == 1 else payload

    def until(self, prefix):
        """The next frame whose text begins with `prefix`."""
        while True:
            packed, data = self.next()
            if isinstance(data, str) and data.startswith(prefix):
                return packed, data

    def join(self):
        self.send('40')
        self.until('40')
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.reader.close()
        self.sock.close()


@pytest.fixture
def serve(reports):
    """`serve(**options)` gives a Socket.IO server whose messages are compressed from 100 bytes on, and its port."""
    started = []

    def start(**options):
        http_server = make_server()
        io = Server(http_server, per_message_deflate={'threshold': 100}, **options)
        started.append(io)
        return io, http_server.port()

    yield start
    for io in started:
        io.close()
    until_quiet()


def replies(client_fn, serve, on_go, **options):
    """Runs `client_fn(port)` against a server whose sockets call `on_go(io, socket)` on the event `go`."""
    io, port = serve(**options)
    io.on('connection', lambda socket: socket.on('go', lambda: on_go(io, socket)))
    return during(client_fn, port)


def go_and_read(port):
    with Frames(port) as client:
        assert 'permessage-deflate' in client.head
        client.join().send('42["go"]')
        return client.until('42')


@pytest.mark.parametrize('options', [{}, {'connection_state_recovery': True}], ids=['plain', 'recovery'])
@pytest.mark.parametrize(
    'emit',
    [
        lambda io, socket: socket.emit('news', LONG),
        lambda io, socket: io.emit('news', LONG),
        lambda io, socket: io.to(socket.id).emit('news', LONG),
        lambda io, socket: socket.volatile.emit('news', LONG),
        lambda io, socket: io.compress(True).emit('news', LONG),
    ],
    ids=['socket', 'server', 'room', 'volatile', 'asked'],
)
def test_long_event_is_compressed(serve, emit, options):
    packed, text = replies(go_and_read, serve, emit, **options)
    assert packed
    assert LONG in text


@pytest.mark.parametrize('options', [{}, {'connection_state_recovery': True}], ids=['plain', 'recovery'])
@pytest.mark.parametrize(
    'emit',
    [
        lambda io, socket: socket.compress(False).emit('news', LONG),
        lambda io, socket: io.compress(False).emit('news', LONG),
        lambda io, socket: io.to(socket.id).compress(False).emit('news', LONG),
        lambda io, socket: io.of('/').compress(False).volatile.emit('news', LONG),
        lambda io, socket: socket.emit('news', 'short'),
    ],
    ids=['socket', 'server', 'room', 'namespace', 'short'],
)
def test_event_stays_plain(serve, emit, options):
    packed, text = replies(go_and_read, serve, emit, **options)
    assert not packed
    assert 'news' in text


def test_attachment_follows_its_event_in_compression(serve):
    def client(port):
        with Frames(port) as frames:
            frames.join().send('42["go"]')
            frames.until('451-')
            first = frames.next()
            frames.until('451-')
            return first, frames.next()

    def on_go(io, socket):
        socket.emit('news', b'abc' * 100)
        socket.compress(False).emit('news', b'abc' * 100)

    assert replies(client, serve, on_go) == ((True, b'abc' * 100), (False, b'abc' * 100))


def test_one_broadcast_serves_those_that_compress_and_those_that_do_not(serve):
    def client(port):
        with Frames(port) as one, Frames(port, offer=None) as other:
            assert 'permessage-deflate' not in other.head
            other.join()
            one.join().send('42["go"]')
            return one.until('42'), other.until('42')

    one, other = replies(client, serve, lambda io, socket: io.emit('news', LONG))
    assert one[1] == other[1]
    assert (one[0], other[0]) == (True, False)


def test_session_that_upgrades_is_compressed_from_then_on(serve):
    def client(port):
        polling = Polling(port, '/socket.io/')
        polling.post('40')
        polling.poll()
        with Frames(port, f'&sid={polling.sid}') as frames:
            frames.send('2probe')
            assert frames.next() == (False, '3probe')
            frames.send('5')
            frames.send('42["go"]')
            return frames.until('42')

    packed, text = replies(client, serve, lambda io, socket: socket.emit('news', LONG))
    assert packed
    assert LONG in text


def test_disconnect_of_a_compressed_client_is_told_and_closes(serve):
    def client(port):
        with Frames(port) as frames:
            frames.join().send('42["go"]')
            return frames.next()[1], frames.next()[1][:2]

    assert replies(client, serve, lambda io, socket: socket.disconnect(True)) == ('41', b'\x03\xe8')


def test_nothing_is_compressed_by_default(reports):
    http_server = make_server()
    io = Server(http_server)

    def client():
        with Frames(http_server.port()) as frames:
            return frames.head

    assert 'Sec-WebSocket-Extensions' not in during(client)
    io.close()
    until_quiet()


def test_compress_false_holds_for_what_leaves_by_an_upgrade(serve):
    io, port = serve()
    io.on('connection', lambda socket: socket.compress(False).emit('secret', LONG))

    def client():
        polling = Polling(port, '/socket.io/')
        polling.post('40')
        with Frames(port, f'&sid={polling.sid}') as frames:
            frames.send('2probe')
            frames.until('3probe')
            frames.send('5')
            return frames.until('42["secret"')

    assert not during(client)[0]
