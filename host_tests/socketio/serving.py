"""Socket.IO servers in the tests' own thread: a test sees both sides, and turns the loop until something came."""

from edgeio.socketio import Server
from host_tests.looping import make_server, turn_until, until_quiet


class Servers:
    """The servers of one test. `start(**options)` gives an io whose `port` tells where it listens."""

    def __init__(self):
        self._started = []

    def start(self, *arguments, **options):
        """A Socket.IO server on an HTTP server of its own; arguments as of socketio.Server, after the server."""
        http_server = make_server()
        io = Server(http_server, *arguments, **options)
        return self.keep(io, http_server)

    def keep(self, io, http_server):
        """Closes `io` and `http_server` at the end of the test, too; returns io."""
        io.http_server = http_server
        io.port = http_server.port()
        self._started.append((io, http_server))
        return io

    def stop(self):
        """Ends all of them."""
        for io, http_server in self._started:
            io.close()
            if http_server.listening:
                http_server.stop()
        until_quiet()


def next_socket(io, nsp='/'):
    """The Socket of the client that joins next, once it is there: `arrived = next_socket(io)`, later `arrived()`."""
    found = []
    io.of(nsp).once('connection', found.append)

    def arrived():
        turn_until(lambda: found, f'a connection to {nsp}')
        return found[0]

    return arrived
