"""A server on a free port of the loopback interface, for one test."""

from edgeio import iosched, socket
from edgeio.http import create_server


def start(handler=None, **options):
    """An HttpServer that listens. handler(req, res): for what no engine takes; options: of create_server."""
    address = socket.sockaddr(socket.INADDR_LOOPBACK, 0)
    return create_server('test', handler or refuse, 0, address, **options).start()


def refuse(req, res):
    """The handler of servers that are there for their engine."""
    res.status_code = 404
    res.end('not here')


async def stop(server):
    """Stops `server` and waits until it has."""
    stopped = iosched.Promise()
    server.stop(stopped.resolve)
    await stopped
