"""Fixtures: a server in this thread, and the official clients of both protocol revisions."""

import pytest

from host_tests.document.real import RealClients
from host_tests.socketio.serving import Servers

RELEASES = {5: '4', 4: '2'}
"""The release of socket.io-client (4.8.4, 2.5.0) for each revision of the protocol."""


@pytest.fixture(scope='session')
def real_clients():
    clients = RealClients()
    yield clients
    clients.stop()


@pytest.fixture
def servers(reports):
    """The servers of the test; it fails for errors that the loop reports."""
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture
def serve(servers):
    """`serve(options, **options)` gives a Socket.IO server that listens on `io.port`."""
    return servers.start


@pytest.fixture(params=[5, 4], ids=['revision5', 'revision4'])
def revision(request):
    """The revision of the protocol that the test's clients speak."""
    return request.param


@pytest.fixture
def begin(real_clients, revision):
    """`begin(io, nsp='/', **options)` gives a client that is about to connect."""
    yield lambda io, nsp='/', **options: real_clients.open(io.port, RELEASES[revision], nsp, **options)
    real_clients.close_all()


@pytest.fixture
def connect(begin):
    """`connect(io, nsp='/', **options)` gives a connected client; io.of(nsp).sockets[client.id] is the other end."""
    def connected(io, nsp='/', **options):
        client = begin(io, nsp, **options)
        client.expect('connect')
        return client

    return connected
