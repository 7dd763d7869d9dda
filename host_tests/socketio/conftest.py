"""Fixtures: servers in this thread and clients that speak the wire, byte by byte."""

import pytest

from host_tests.document.real import RealClients
from host_tests.socketio.raw import RawClient
from host_tests.socketio.serving import Servers


@pytest.fixture
def serve(reports):
    """`serve(**options)` gives a Socket.IO server that listens on `io.port`; it fails for errors the loop reports."""
    servers = Servers()
    yield servers.start
    servers.stop()


@pytest.fixture(params=[5, 4], ids=['revision5', 'revision4'])
def revision(request):
    """The revision of the Socket.IO protocol that the clients speak."""
    return request.param


@pytest.fixture
def raw():
    """`raw(io, revision=5, **options)` gives a RawClient, closed at the end of the test."""
    clients = []

    def connect(*arguments, **options):
        clients.append(RawClient(*arguments, **options))
        return clients[-1]

    yield connect
    for client in clients:
        client.drop()


@pytest.fixture(scope='module')
def real_clients():
    """The official clients, and our own: see document/real.py."""
    clients = RealClients()
    yield clients
    clients.stop()
