"""Fixtures: streams over loopback, and servers under TLS."""

import pytest
import trustme

from edgeio import http, socket
from host_tests.looping import until_quiet
from host_tests.net.secure import whoami
from host_tests.net.wires import Wire, wires


@pytest.fixture
def make_wire():
    yield from wires(Wire)


@pytest.fixture
def wire(make_wire):
    return make_wire()


@pytest.fixture
def narrow(make_wire):
    """A wire with small buffers in the system, so that little is enough to fill it."""
    return make_wire(buffer=4096, limits=(10000, 1000000))


@pytest.fixture(scope='module')
def pki(tmp_path_factory):
    """Paths of certificates: ca, cert, key; and of a client's: client (certificate and key in one file)."""
    folder = tmp_path_factory.mktemp('pki')
    authority = trustme.CA()
    mine = authority.issue_cert('localhost', '127.0.0.1')
    client = authority.issue_cert('board-7@example.org', common_name='board-7')
    files = {name: folder / f'{name}.pem' for name in ('ca', 'cert', 'key', 'client')}
    authority.cert_pem.write_to_path(files['ca'])
    for pem in mine.cert_chain_pems:
        pem.write_to_path(files['cert'], append=True)
    mine.private_key_pem.write_to_path(files['key'])
    client.private_key_and_cert_chain_pem.write_to_path(files['client'])
    return {name: str(path) for name, path in files.items()}


@pytest.fixture
def serve(reports, pki):
    """`serve(handler, **tls_options)` gives a started HttpServer under TLS."""
    started = []

    def start(handler=whoami, limits=None, **options):
        address = socket.sockaddr('127.0.0.1', 0)
        given = {'cert': pki['cert'], 'key': pki['key'], **options}
        server = http.create_server('tls', handler, 0, address, given, **(limits or {})).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
    until_quiet()
