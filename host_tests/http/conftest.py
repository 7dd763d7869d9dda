"""A server per test, closed at its end."""

import pytest

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
def nothing_is_reported(reports):
    """Every test here fails on a report that it does not take away."""
