"""A WebSocket connection over a real socket: pings, the closing handshake both ways, one close whatever happens."""

import base64
import hashlib
import socket

import pytest

from edgeio import iosched, timers
from edgeio.errors import OptionError, ProtocolError, StateError
from edgeio.net.stream import Stream
from edgeio.websocket import connection as connection_module
from edgeio.websocket import handshake
from edgeio.websocket.codec import BINARY, CLOSE, CONTINUATION, NO_STATUS, PING, PONG, TEXT, masked_frame
from edgeio.websocket.connection import Connection
from host_tests.looping import settle, turn_until
from host_tests.net.wires import wires

pytestmark = pytest.mark.usefixtures('reports')

KEY = b'\x37\xfa\x21\x3d'


class Log(Connection):
    """A connection that keeps what it is told."""

    def __init__(self, stream, **options):
        Connection.__init__(self, stream, **options)
        self.messages = []
        self.pongs = []
        self.closed = []

    def on_text(self, text):
        self.messages.append(text)

    def on_binary(self, data):
        self.messages.append(data)

    def on_pong(self, payload):
        self.pongs.append(payload)

    def on_closed(self, code, reason, wire_reason):
        self.closed.append((code, reason, wire_reason))


class Wire:
    """A connection and the client's end of its socket."""

    def __init__(self, **options):
        accepted, self.client = socket.socketpair()
        self.client.setblocking(False)
        self.stream = Stream(accepted)
        self.connection = Log(self.stream, **options)

    def send(self, opcode, payload=b'', first=0x80):
        self.client.send(masked_frame(opcode, payload, KEY, first))

    def read(self):
        """What the client reads once the loop has come to rest."""
        settle(3)
        try:
            return self.client.recv(1 << 20)
        except BlockingIOError:
            return b''

    def end(self):
        """Closes the client's end; what the connection was told of its close."""
        self.client.close()
        turn_until(lambda: self.stream.closed)
        return self.connection.closed

    def drop(self):
        """Closes both ends, at the end of a test."""
        self.stream.abort()
        self.client.close()


@pytest.fixture
def make_wire():
    yield from wires(Wire)


@pytest.fixture
def wire(make_wire):
    return make_wire()


def test_many_small_messages_let_others_have_their_turn_and_keep_their_order(make_wire):
    busy, other = make_wire(), make_wire()
    numbers = [str(n) for n in range(6000)]
    busy.client.setblocking(True)
    busy.client.sendall(b''.join(masked_frame(TEXT, n.encode(), KEY) for n in numbers))
    other.send(TEXT, b'hello')
    iosched.poll(5)
    assert other.connection.messages == ['hello']
    assert 1000 < len(busy.connection.messages) < 6000
    turn_until(lambda: len(busy.connection.messages) == 6000, 'the other messages')
    assert busy.connection.messages == numbers


def test_peer_that_closes_behind_many_messages_is_heard_to_the_end(wire):
    frames = b''.join(masked_frame(TEXT, b'%d' % n, KEY) for n in range(6000))
    wire.client.setblocking(True)
    wire.client.sendall(frames + masked_frame(CLOSE, b'\x03\xe8', KEY))
    turn_until(lambda: wire.connection.closed, 'the close')
    assert len(wire.connection.messages) == 6000
    assert wire.connection.closed[0][0] == 1000


def test_server_that_closes_in_the_middle_of_many_messages(wire):
    frames = b''.join(masked_frame(TEXT, b'%d' % n, KEY) for n in range(6000))
    wire.client.setblocking(True)
    wire.client.sendall(frames)
    iosched.poll(5)
    wire.stream.abort('gone')
    settle()
    assert wire.connection.closed == [(1006, '', 'gone')]


def test_messages_come_and_go(wire):
    wire.send(TEXT, 'é'.encode())
    wire.send(BINARY, b'\x01')
    settle(3)
    assert wire.connection.messages == ['é', b'\x01']
    wire.connection.send_text('é')
    wire.connection.send_binary(b'\x01')
    assert wire.read() == b'\x81\x02\xc3\xa9\x82\x01\x01'


def test_large_binary_message_is_whole(wire):
    wire.connection.send_binary(bytes(20000))
    assert wire.read() == b'\x82\x7e\x4e\x20' + bytes(20000)


@pytest.mark.parametrize('payload', [b'', b'Hello', b'x' * 125])
def test_ping_is_answered_with_its_payload(payload, wire):
    wire.send(PING, payload)
    assert wire.read() == bytes([0x80 | PONG, len(payload)]) + payload


def test_ping_within_a_fragmented_message_is_answered_at_once(wire):
    wire.send(TEXT, b'a', 0)
    wire.send(PING, b'now')
    assert wire.read() == b'\x8a\x03now'
    wire.send(CONTINUATION, b'b')
    settle(3)
    assert wire.connection.messages == ['ab']


def test_our_ping_and_its_pong(wire):
    wire.connection.ping(b'here?')
    assert wire.read() == b'\x89\x05here?'
    wire.send(PONG, b'here?')
    settle(3)
    assert wire.connection.pongs == [b'here?']
    with pytest.raises(StateError, match='ws.ping'):
        wire.connection.ping(bytes(126))


# -- closing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('payload, code, reason, answer', [
    (b'', 1005, '', b'\x88\x00'),
    (b'\x03\xe8', 1000, '', b'\x88\x02\x03\xe8'),
    (b'\x03\xe9bye', 1001, 'bye', b'\x88\x02\x03\xe9'),
    (b'\x0f\xa0' + 'später'.encode(), 4000, 'später', b'\x88\x02\x0f\xa0'),
])  # fmt: skip
def test_close_is_answered_with_its_code(payload, code, reason, answer, wire):
    wire.send(CLOSE, payload)
    assert wire.read() == answer
    assert wire.end() == [(code, reason, 'transport close')]


def test_server_ends_its_side_once_it_has_answered(wire):
    wire.send(CLOSE, b'\x03\xe8')
    assert wire.read() == b'\x88\x02\x03\xe8'
    settle(3)
    assert wire.client.recv(10) == b'', 'the server closes first (RFC 6455, section 7.1.1)'
    assert wire.connection.closed == [(1000, '', 'transport close')], 'the client, still there, is not waited for'


def test_what_is_queued_when_the_close_frame_comes_leaves_before_the_end(wire):
    wire.connection.send_binary(bytes(1 << 20))
    wire.send(CLOSE, b'\x03\xe8')
    settle(3)
    assert wire.connection.closed == [], 'the client has not read it'
    got = bytearray()

    def read_on():
        try:
            got.extend(wire.client.recv(65536))
        except BlockingIOError:
            pass
        return wire.connection.closed

    turn_until(read_on)
    while piece := wire.client.recv(65536):
        got.extend(piece)
    assert len(got) == 10 + (1 << 20) + 4
    assert got[-4:] == b'\x88\x02\x03\xe8'


def test_close_within_a_fragmented_message_is_answered_as_any(wire):
    wire.send(TEXT, b'a', 0)
    wire.send(CLOSE, b'\x03\xe8')
    assert wire.read() == b'\x88\x02\x03\xe8'
    assert wire.end() == [(1000, '', 'transport close')]


def test_nothing_is_read_after_a_close_frame(wire):
    wire.send(CLOSE, b'\x03\xe8')
    wire.send(TEXT, b'late')
    wire.send(PING)
    assert wire.read() == b'\x88\x02\x03\xe8'
    assert wire.connection.messages == []


@pytest.mark.parametrize('payload, answer', [
    (b'\x03', 1002), (b'\x03\xec', 1002), (b'\x03\xed', 1002), (b'\x03\xee', 1002), (b'\x03\xf7', 1002),
    (b'\x00\x00', 1002), (b'\x03\xe8\xff', 1007),
])  # fmt: skip
def test_close_frame_that_is_not_valid_is_a_violation(payload, answer, wire):
    wire.send(CLOSE, payload)
    assert int.from_bytes(wire.read()[2:4], 'big') == answer
    ((code, reason, wire_reason),) = wire.end()
    assert (code, wire_reason) == (answer, 'transport error') and reason


def test_our_close_and_its_answer(wire):
    wire.connection.close(4001, 'enough')
    assert wire.read() == b'\x88\x08\x0f\xa1enough'
    assert wire.connection.closed == []
    wire.send(CLOSE, b'\x03\xe8other')
    settle(3)
    assert wire.end() == [(4001, 'enough', 'transport close')]


def test_messages_that_crossed_our_close_are_still_read(wire):
    wire.connection.close()
    wire.send(TEXT, b'crossed')
    wire.send(PING)
    wire.send(CLOSE, b'\x03\xe8')
    assert wire.read() == b'\x88\x02\x03\xe8', 'no pong after a close frame'
    assert wire.connection.messages == ['crossed']


def test_nothing_is_sent_after_our_close(wire):
    wire.connection.close()
    wire.connection.close(4000)
    wire.connection.send_text('late')
    wire.connection.send_binary(b'late')
    wire.connection.ping()
    assert wire.read() == b'\x88\x02\x03\xe8'


def test_close_without_a_status_is_empty(wire):
    wire.connection.close(NO_STATUS)
    assert wire.read() == b'\x88\x00'


def test_reason_too_long_for_a_close_frame_is_cut(wire):
    wire.connection.close(1000, 'é' * 100)
    assert wire.read() == b'\x88\x7c\x03\xe8' + 'é'.encode() * 61


@pytest.mark.parametrize('code', [0, 999, 1004, 1006, 1015, 2999, 5000, 70000])
def test_close_code_that_may_not_be_sent_raises_at_the_call(code, wire):
    with pytest.raises(OptionError, match='ws.close_code'):
        wire.connection.close(code)
    assert wire.read() == b'' and not wire.connection.closing


def test_peer_that_does_not_answer_our_close_is_closed_when_its_time_is_up(wire, monkeypatch):
    monkeypatch.setattr(connection_module, 'CLOSE_TIMEOUT', 1)
    wire.connection.close(1001, 'going')
    turn_until(lambda: wire.connection.closed)
    assert wire.connection.closed == [(1001, 'going', 'transport close')]


def test_closed_connection_leaves_no_timer(wire):
    before = timers.count()
    wire.connection.close()
    wire.stream.abort('gone')
    assert timers.count() == before


def test_peer_that_is_gone_without_a_close_frame_is_abnormal(wire):
    assert wire.end() == [(1006, '', 'transport close')]


def test_everything_after_the_end_is_dropped_and_raises_nothing(wire):
    wire.end()
    wire.connection.send_text('late')
    wire.connection.send_binary(b'late')
    wire.connection.ping()
    wire.connection.close()
    assert len(wire.connection.closed) == 1


# -- violations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('data, code, wire_reason', [
    (b'\x81\x01a', 1002, 'transport error'),
    (masked_frame(3, b'', KEY), 1002, 'transport error'),
    (masked_frame(TEXT, b'\xff', KEY), 1007, 'transport error'),
    (masked_frame(BINARY, bytes(101), KEY), 1009, 'transport close'),
])  # fmt: skip
def test_violation_is_answered_with_its_code_and_a_reason_and_ends_the_connection(data, code, wire_reason, make_wire):
    wire = make_wire(max_message=100)
    wire.client.send(data)
    answer = wire.read()
    assert answer[0] == 0x88 and int.from_bytes(answer[2:4], 'big') == code and answer[4:].decode()
    assert wire.end() == [(code, answer[4:].decode(), wire_reason)]


def test_messages_before_a_violation_are_told(wire):
    wire.client.send(masked_frame(TEXT, b'before', KEY) + b'\x81\x00' + masked_frame(TEXT, b'after', KEY))
    settle(3)
    assert wire.connection.messages == ['before']


def test_violation_while_closing_is_not_answered_again(wire):
    wire.connection.close()
    wire.client.send(b'\x81\x00')
    assert wire.read() == b'\x88\x02\x03\xe8'


def test_exception_in_on_text_ends_that_connection(wire, reports):
    def fail(text):
        raise ValueError('on purpose')

    wire.connection.on_text = fail
    wire.send(TEXT, b'a')
    turn_until(lambda: wire.connection.closed)
    assert wire.connection.closed == [(1006, '', 'internal error')]
    assert [str(exc) for exc, _ in reports] == ['on purpose']
    reports.clear()


# -- the opening handshake -----------------------------------------------------------------------------------------


class Request:
    """What an upgrade request must have."""

    def __init__(self, method='GET', **headers):
        self.method = method
        self.headers = {'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=='}
        for name, value in headers.items():
            self.headers['sec-websocket-' + name] = value


def test_accept_key_is_that_of_the_rfcs_example():
    assert handshake.accept_key('dGhlIHNhbXBsZSBub25jZQ==') == 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='


@pytest.mark.parametrize('key', ['AAAAAAAAAAAAAAAAAAAAAA==', '/+//+//+//+//+//+//+/w=='])
def test_accept_key_is_that_of_the_rfcs_definition(key):
    whole = (key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()
    assert handshake.accept_key(key) == base64.b64encode(hashlib.sha1(whole).digest()).decode()


def test_valid_request_gives_its_key_and_the_response_opens_the_connection():
    key = handshake.check_request(Request())
    lines = handshake.response(key, [('Sec-WebSocket-Protocol', 'chat')]).decode().split('\r\n')
    assert lines[0] == 'HTTP/1.1 101 Switching Protocols'
    assert sorted(lines[1:]) == [
        '', '', 'Connection: Upgrade', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
        'Sec-WebSocket-Protocol: chat', 'Upgrade: websocket',
    ]  # fmt: skip


@pytest.mark.parametrize('request_, code, status', [
    (Request('POST'), 'ws.method', 405),
    (Request(version='8'), 'ws.version', 426),
    (Request(version=None), 'ws.version', 426),
    (Request(key=None), 'ws.key', 400),
    (Request(key=''), 'ws.key', 400),
    (Request(key='dGhlIHNhbXBsZSBub25jZQ='), 'ws.key', 400),
    (Request(key='!!!!!!!!!!!!!!!!!!!!!!=='), 'ws.key', 400),
    (Request(key='dGhlIHNhbXBsZSBub25jZTE2'), 'ws.key', 400),
    (Request(key='dGhlIHNhbXBsZSBub25jZQ==='), 'ws.key', 400),
])  # fmt: skip
def test_request_that_is_not_valid_is_refused_with_its_status(request_, code, status, wire):
    with pytest.raises(ProtocolError) as caught:
        handshake.check_request(request_)
    assert (caught.value.code, caught.value.status) == (code, status)
    handshake.refuse(wire.stream, caught.value)
    answer = wire.read().decode()
    head, body = answer.split('\r\n\r\n')
    assert head.startswith(f'HTTP/1.1 {status} ') and f'Content-Length: {len(body)}' in head and code in body
    assert ('Sec-WebSocket-Version: 13' in head) == (status == 426), 'RFC 6455, section 4.4'
