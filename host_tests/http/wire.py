"""Raw bytes over a socket: what a test wants to see to the letter."""

import socket
import time

PATIENCE = 20
"""Seconds after which a socket of a test gives up."""


class Wire:
    """A client socket. Its calls block: use it inside `looping.during`."""

    def __init__(self, port, receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(('127.0.0.1', port))
        self.buffer = b''

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)
        return self

    def until(self, mark):
        """What comes up to and with `mark`."""
        while mark not in self.buffer:
            piece = self.sock.recv(65536)
            assert piece, f'closed before {mark!r} came; came: {self.buffer!r}'
            self.buffer += piece
        at = self.buffer.index(mark) + len(mark)
        found, self.buffer = self.buffer[:at], self.buffer[at:]
        return found

    def rest(self):
        """Everything until the server closes. A reset is a failure: it can eat what was sent before."""
        pieces, self.buffer = [self.buffer], b''
        while True:
            piece = self.sock.recv(65536)
            if not piece:
                return b''.join(pieces)
            pieces.append(piece)

    def response(self):
        """(status, head, body) of the next response that has a Content-Length, or no body."""
        head = self.until(b'\r\n\r\n')
        length = 0
        for line in head.lower().split(b'\r\n'):
            if line.startswith(b'content-length:'):
                length = int(line[15:])
        while len(self.buffer) < length:
            piece = self.sock.recv(65536)
            assert piece, 'closed inside a body'
            self.buffer += piece
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return int(head[9:12]), head, body


def exchange(port, data):
    """Sends `data`, returns everything that comes until the server closes."""
    with Wire(port) as wire:
        return wire.send(data).rest()


def wait_for(condition, what):
    """Waits, in a client's thread, until `condition()` is true in the loop's thread."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f'{what} did not happen'
        time.sleep(0.002)
