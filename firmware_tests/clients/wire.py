"""The client's side of a connection: a raw non-blocking socket in the loop of the test, with no code of the library."""

import socket

from edgeio import compat, iosched

LOOPBACK = '127.0.0.1'

SO_SNDBUF, SO_RCVBUF = 7, 8  # socket(7); MicroPython has the calls without the names


READ_SIZE = 4096
"""Bytes of one read: a small heap is soon without room for larger ones in one piece."""


class Wire:
    """A connection to `port`. `received` holds what was read and not taken yet."""

    def __init__(self, sock, port):
        self.sock = sock
        self.port = port
        self.received = bytearray()
        self.ended = False

    async def send(self, data):
        """Sends all of `data` (bytes)."""
        rest = memoryview(data)
        while len(rest):
            try:
                rest = rest[self.sock.send(rest) :]
            except OSError as exc:
                if exc.errno != compat.EAGAIN:
                    raise
                await iosched.writable(self.sock)

    async def read(self):
        """Waits for input; False at its end. A connection that was reset ends as well."""
        while not self.ended:
            await iosched.readable(self.sock)
            try:
                data = self.sock.recv(READ_SIZE)
            except OSError as exc:
                if exc.errno == compat.EAGAIN:
                    continue
                data = b''
            if data:
                self.received += data
                return True
            self.ended = True
        return False

    async def take(self, n):
        """The next `n` bytes."""
        while len(self.received) < n:
            assert await self.read(), f'the connection ended {n - len(self.received)} bytes early'
        return self._cut(n, n)

    async def take_until(self, mark):
        """What comes before `mark` (bytes), which is dropped."""
        while mark not in self.received:
            assert await self.read(), f'the connection ended without {mark!r}, after {bytes(self.received[:200])!r}'
        i = self.received.find(mark)
        return self._cut(i, i + len(mark))

    async def take_all(self):
        """Everything until the peer ends the connection."""
        while await self.read():
            pass
        return self._cut(len(self.received), len(self.received))

    def _cut(self, n, end):
        data = bytes(memoryview(self.received)[:n])
        self.received[:end] = b''
        return data

    def close(self):
        """Closes the socket."""
        self.sock.close()


async def connect(port, buffer=None):
    """A Wire to `port` of the loopback interface. buffer: bytes that the system takes for it before it is read."""
    family, address = compat.resolve(LOOPBACK, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    if buffer:
        sock.setsockopt(compat.SOL_SOCKET, SO_RCVBUF, buffer)
    sock.setsockopt(compat.IPPROTO_TCP, compat.TCP_NODELAY, 1)
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as exc:
        if exc.errno != compat.EINPROGRESS:
            raise
    await iosched.writable(sock)
    return Wire(sock, port)


def pair():
    """Two connected, non-blocking sockets; MicroPython has no socketpair."""
    family, address = compat.resolve(LOOPBACK, 0)
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(1)
    one = socket.socket(family, socket.SOCK_STREAM)
    one.connect(compat.resolve(LOOPBACK, compat.port_of(listener))[1])
    other = listener.accept()[0]
    listener.close()
    one.setblocking(False)
    other.setblocking(False)
    return one, other
