"""A stream and the far end of its TCP connection, both in the test's hands."""

import socket

from edgeio.net.stream import Stream
from host_tests.looping import turn_until


class Counting:
    """A socket that counts what is sent in how many calls."""

    def __init__(self, sock):
        self.sock = sock
        self.sent = []

    def __getattr__(self, name):
        return getattr(self.sock, name)

    def send(self, data):
        count = self.sock.send(data)
        self.sent.append(count)
        return count


class Recorder:
    """A stream's protocol that records what it is told."""

    def __init__(self):
        self.data = b''
        self.told = []

    def feed(self, data, end):
        self.data += bytes(data[:end])

    def on_eof(self):
        self.told.append('eof')

    def on_drain(self):
        self.told.append('drain')

    def on_close(self, reason):
        self.told.append(('close', reason))


def wires(kind):
    """The body of a fixture: `make(**options)` gives a wire of the class `kind`; they are dropped at the end."""
    made = []

    def make(**options):
        made.append(kind(**options))
        return made[-1]

    yield make
    for wire in made:
        wire.drop()


class Wire:
    """A stream and, at the far end of a TCP connection, the blocking socket `peer`."""

    def __init__(self, limits=None, buffer=None):
        with socket.create_server(('127.0.0.1', 0)) as server:
            self.peer = socket.socket()
            if buffer:
                self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            self.peer.settimeout(10)
            self.peer.connect(server.getsockname())
            accepted, _ = server.accept()
        if buffer:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        self.sock = Counting(accepted)
        self.protocol = Recorder()
        self.stream = Stream(self.sock, self.protocol, **({'limits': limits} if limits else {}))

    @property
    def told(self):
        return self.protocol.told

    def close_reason(self):
        """Turns the loop until the stream is closed; why it was."""
        turn_until(lambda: self.stream.closed, 'the close')
        return self.told[-1][1]

    def read_all(self):
        """What the peer reads until the stream is closed or half-closed, the loop turning meanwhile."""
        self.peer.setblocking(False)
        parts = []

        def ended():
            try:
                part = self.peer.recv(1 << 20)
            except BlockingIOError:
                return False
            parts.append(part)
            return not part

        turn_until(ended, 'the end of the stream')
        return b''.join(parts)

    def read(self, count):
        """`count` bytes that the peer reads, the loop turning meanwhile."""
        self.peer.setblocking(False)
        parts = []

        def enough():
            try:
                parts.append(self.peer.recv(count - sum(map(len, parts))))
            except BlockingIOError:
                return False
            return sum(map(len, parts)) == count

        turn_until(enough, f'{count} bytes')
        return b''.join(parts)

    def drop(self):
        """Closes both ends, at the end of a test."""
        self.stream.abort()
        self.peer.close()

    def reset(self):
        """The peer goes without a word: the system sends a reset."""
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        self.peer.close()
