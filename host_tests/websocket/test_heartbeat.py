"""WsServer's pings: a peer that is gone without a word is found out, one that answers stays."""

import socket as plain_socket

import pytest
from websockets.sync.client import connect

from edgeio import http, iosched
from edgeio.errors import OptionError
from edgeio.websocket import WsServer, codec
from edgeio.websocket.codec import masked_frame
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


PONG = masked_frame(codec.PONG, b'', b'\1\2\3\4')


def send_slowly(port, ends, piece):
    """Sends the frames of one message, `piece` in each, and pongs, until `ends`, or 60 of them were sent."""
    first = codec.TEXT
    with plain_socket.create_connection(('127.0.0.1', port), PATIENCE / 1000) as slow:
        slow.sendall(HANDSHAKE)
        for _ in range(60):
            try:
                slow.sendall(masked_frame(first, piece, b'\1\2\3\4', 0) + PONG)
            except ConnectionError:
                break
            first = codec.CONTINUATION
            ticks = []
            iosched.set_timeout(lambda ticks=ticks: ticks.append(1), 10)
            turn_until(lambda ticks=ticks: ticks)
            if ends:
                break


def test_peer_whose_message_hardly_gets_on_is_ended_with_a_reason(channels, monkeypatch):
    monkeypatch.setattr(codec, 'MESSAGE_TIMEOUT', 100)
    port, server, ends = channels
    send_slowly(port, ends, b'x')
    assert ends == [(1006, 'message timeout')]


def test_peer_whose_message_gets_on_may_take_its_time(channels, monkeypatch):
    monkeypatch.setattr(codec, 'MESSAGE_TIMEOUT', 100)
    monkeypatch.setattr(codec, 'MESSAGE_PROGRESS', 20)  # of the hundred that come in that time, or nearly
    port, server, ends = channels
    send_slowly(port, ends, b'x' * 100)
    turn_until(lambda: ends, 'the end')
    assert ends == [(1006, '')]


def test_interval_that_cannot_be_is_an_error():
    with pytest.raises(OptionError, match='ping_interval'):
        WsServer('/ws', http.create_server('unused'), False, ping_interval=-1)
