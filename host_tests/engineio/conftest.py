"""An engine on a server of its own, for every test here."""

import pytest

from edgeio.engineio import Server
from host_tests.looping import make_server, until_quiet


@pytest.fixture
def serve(reports):
    """`serve(**options)` gives an engine on a server of its own; `engine.seen`: its sessions, `engine.ends`: why they
    ended. http: options of the server."""
    started = []

    def start(http=None, **options):
        http_server = make_server(**http or {})
        engine = Server(http_server, **options)
        engine.port = http_server.port()
        engine.seen, engine.ends = [], []
        engine.on('connection', lambda session: watch(engine, session))
        started.append((http_server, engine))
        return engine

    yield start
    for http_server, engine in started:
        engine.close()
        http_server.stop()
    until_quiet()


def watch(engine, session):
    """Notes what happens to `session`."""
    session_log = []
    engine.seen.append((session, session_log))
    session.on('data', lambda data: session_log.append(data))
    session.on('close', lambda reason: session_log.append(('close', reason)))
    session.on('close', engine.ends.append)
