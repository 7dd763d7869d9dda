"""WsServer's pings: a peer that is gone without a word is found out, one that answers stays."""

import socket as plain_socket

import pytest
from websockets.sync.client import connect

from edgeio import http
from edgeio.errors import OptionError
from edgeio.websocket import WsServer
from host_tests.looping import PATIENCE, during, make_server, turn_until, until_quiet

HANDSHAKE = (
    b'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
)


@pytest.fixture
def channels(reports):
    """A WsServer that pings every 60 ms; `ends` has what its channels were closed with."""
    http_server = make_server()
    server = WsServer.create_server('/ws', http_server, ping_interval=60)
    ends = []
    server.on('connection', lambda channel: channel.on('close', lambda code, reason: ends.append((code, reason))))
    yield http_server.port(), server, ends
    server.stop()
    http_server.stop()
    until_quiet()


def test_peer_that_answers_no_ping_is_ended_with_a_reason(channels):
    port, server, ends = channels
    with plain_socket.create_connection(('127.0.0.1', port), PATIENCE / 1000) as silent:
        silent.sendall(HANDSHAKE)
        turn_until(lambda: ends, 'the end of the silent peer')
    assert ends == [(1006, 'ping timeout')]
    assert not server.channels
    assert not len(server._pings)


def test_peer_that_answers_stays(channels):
    port, server, ends = channels
    pings = []

    def client():
        with connect(f'ws://127.0.0.1:{port}/ws', legacy=True) as ws:
            receive = ws.protocol.receive_data
            ws.protocol.receive_data = lambda data: (pings.extend(data.count(b'\x89\x00') * [1]), receive(data))
            while len(pings) < 5:
                with pytest.raises(TimeoutError):
                    ws.recv(timeout=0.05)
            return True

    assert during(client)
    assert ends in ([], [(1000, '')])


def test_interval_that_cannot_be_is_an_error():
    with pytest.raises(OptionError, match='ping_interval'):
        WsServer('/ws', http.create_server('unused'), False, ping_interval=-1)
