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
            ws.protocol.receive_data = lambda data: (pings.extend(data.count(b'\x89\x04') * [1]), receive(data))
            while len(pings) < 5:
                with pytest.raises(TimeoutError):
                    ws.recv(timeout=0.05)
            return True

    assert during(client)
    assert ends in ([], [(1000, '')])


KEY = b'\1\2\3\4'


def pong(payload):
    """A pong as a client sends it."""
    return masked_frame(codec.PONG, payload, KEY)


def a_moment():
    """Turns the loop for 10 ms."""
    ticks = []
    iosched.set_timeout(ticks.append, 10, 1)
    turn_until(lambda: ticks)


class Peer:
    """The other end of a channel, byte by byte. pings: the payloads of the pings that came, by `listen`."""

    def __init__(self, port):
        self.sock = plain_socket.create_connection(('127.0.0.1', port), PATIENCE / 1000)
        self.sock.sendall(HANDSHAKE)
        self.sock.setblocking(False)
        self.came = b''
        self.head = True
        self.pings = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sock.close()

    def listen(self):
        """Reads what is there; the payloads of the pings in it."""
        try:
            self.came += self.sock.recv(65536)
        except BlockingIOError:
            pass
        if self.head and b'\r\n\r\n' in self.came:
            self.head, self.came = False, self.came.split(b'\r\n\r\n', 1)[1]
        new = []
        while not self.head and len(self.came) > 1 and len(self.came) >= 2 + self.came[1]:
            assert self.came[0] == codec.FIN | codec.PING
            stop = 2 + self.came[1]
            new.append(self.came[2:stop])
            self.came = self.came[stop:]
        self.pings += new
        return new


def attend(port, ends, say, turns=60):
    """Sends what `say(new pings)` gives, each 10 ms, until `ends`, or so many turns; the Peer's pings."""
    with Peer(port) as peer:
        for _ in range(turns):
            try:
                peer.sock.sendall(say(peer.listen()))
            except ConnectionError:
                break
            a_moment()
            if ends:
                break
    return peer.pings


def pongs(pings):
    """The answers to `pings`."""
    return b''.join([pong(payload) for payload in pings])


def test_pongs_that_answer_no_ping_do_not_keep_a_peer(channels):
    port, server, ends = channels
    attend(port, ends, lambda pings: pong(b'') + pong(b'here'))
    assert ends == [(1006, 'ping timeout')]


def test_pong_that_answers_an_older_ping_does_not_keep_a_peer(channels):
    port, server, ends = channels
    seen = []
    attend(port, ends, lambda pings: (seen.extend(pings), pongs(seen[:1]))[1])
    assert ends == [(1006, 'ping timeout')]
    assert len(seen) > 1


def test_peer_that_answers_only_the_latest_of_the_apps_pings_and_ours_stays(channels):
    port, server, ends = channels

    def say(pings):
        if [payload for payload in pings if payload != b'app']:
            for channel in server.channels:
                channel.ping(b'app')  # right behind ours
        return pongs([payload for payload in pings if payload == b'app'])

    pings = attend(port, ends, say)
    turn_until(lambda: ends, 'the end')
    assert ends == [(1006, '')]
    assert len([payload for payload in pings if payload != b'app']) > 2


def send_slowly(port, ends, piece):
    """Sends the frames of one message, `piece` in each, and answers pings, until `ends`, or 60 of them were sent."""
    opcodes = iter([codec.TEXT])
    attend(port, ends, lambda pings: masked_frame(next(opcodes, codec.CONTINUATION), piece, KEY, 0) + pongs(pings))


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
