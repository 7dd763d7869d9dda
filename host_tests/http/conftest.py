"""A server per test, closed at its end."""

import pytest

from edgeio import report
from host_tests import looping


@pytest.fixture
def serve():
    """`serve(handler, **options)` starts an HttpServer on a port of the system's choice."""
    servers = []

    def start(handler=None, **options):
        server = looping.make_server(handler, **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        closed = []
        server.limits['stop_timeout'] = 1
        server.stop(lambda closed=closed: closed.append(True))
        looping.turn_until(lambda closed=closed: closed, 'the close of a server')


@pytest.fixture(autouse=True)
def reports():
    """What was reported in a test: (exception, where). A report that the test does not take away fails it."""
    found = []
    before = report.set_on_error(lambda exc, where: found.append((exc, where)))
    yield found
    report.set_on_error(before)
    assert not found, found
