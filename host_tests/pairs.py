"""Two connected sockets: one to be watched, the other for the test's hand on the far end."""

import socket

import pytest


class Pair:
    """Two connected sockets. `mine` is watched, `other` is the test's hand on the far end."""

    def __init__(self):
        self.mine, self.other = socket.socketpair()
        self.mine.setblocking(False)
        self.fd = self.mine.fileno()

    def fill(self):
        """Writes until there is no room."""
        with pytest.raises(BlockingIOError):
            while True:
                self.mine.send(bytes(65536))

    def take(self):
        """Reads at the far end what `fill` wrote."""
        self.other.setblocking(False)
        with pytest.raises(BlockingIOError):
            while self.other.recv(65536):
                pass

    def close(self):
        self.mine.close()
        self.other.close()
