"""The CBOR parser's two sides: edgeio.socketio.cbor and client/cbor.js, in the official clients and in our own."""

import pytest

from edgeio.socketio.cbor import CborParser
from host_tests.processes import ROOT

CBOR_JS = str(ROOT / 'edgeio' / 'client' / 'cbor.js')
VALUES = [
    'größer, 漢字, 🙂 \0', '', 0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53 - 1, -1, -24, -25,
    -(2**53) + 1, 1.5, -1e300, True, False, None, [], [[1], {'a': []}], {'__proto__': 1, 'ключ': {'x': b'\1'}}, b'',
    bytes(range(256)), 'x' * 70000, bytes(70000), list(range(300)),
]  # fmt: skip


@pytest.fixture(params=['4', '3', '2', 'own'])
def client(request, serve, real_clients):
    """A connected client, its server's end in `client.other`."""
    io = serve(parser=CborParser)
    io.of('/chat')
    client = real_clients.open(io.port, request.param, nsp='/chat', parser=CBOR_JS)
    client.expect('connect')
    [client.other] = io.of('/chat').sockets.values()
    yield client
    real_clients.close_all()


def test_values_of_every_kind_go_both_ways(client):
    client.other.on('echo', lambda *args: client.other.emit('echoed', *args))
    client.emit('echo', *VALUES)
    assert client.expect('echoed') == VALUES


def test_acknowledgements_go_both_ways(client):
    client.other.on('question', lambda data, ack: ack(data, 'answer'))
    assert client.ask('question', b'\0\1') == [b'\0\1', 'answer']
    answers = []
    client.other.emit('question', lambda *args: answers.append(args))
    client.expect('question')
    client.reply({'data': b'\2'})
    client.ask('question', None)
    assert answers == [({'data': b'\2'},)]


def test_disconnects_arrive(client):
    reasons = []
    client.other.on('disconnect', reasons.append)
    client.other.disconnect()
    assert client.expect('disconnect')[0] == 'io server disconnect'
    assert reasons == ['server namespace disconnect']
