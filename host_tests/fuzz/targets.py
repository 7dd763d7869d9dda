"""What is fuzzed: each target takes bytes and fails with an AssertionError, or any exception that no document names.

A codec is run twice, on the whole input and on the same input in pieces: both must tell the same.
"""

from edgeio.compat import json_decode
from edgeio.engineio.codec import decode_payload, encode_payload
from edgeio.errors import ProtocolError
from edgeio.http.codec import RequestParser
from edgeio.http.head import Heads
from edgeio.http.limits import DEFAULTS
from edgeio.http.url import normalise, parse_query, percent_decode, percent_encode, split_target
from edgeio.socketio.cbor import CborParser
from edgeio.socketio.codec import JsonParser
from edgeio.webapp.conditions import wanted_range
from edgeio.webapp.cookies import parse_cookies
from edgeio.websocket.codec import Decoder
from edgeio.websocket.deflate import negotiate, read_deflate
from host_tests.fuzz.whole_server import whole_server

LIMITS = {**DEFAULTS, 'max_request_line': 200, 'max_header_bytes': 400, 'max_headers': 10, 'max_body': 500}


def pieces(data):
    """`data` cut into small pieces, by a pattern that depends on it."""
    size = 1 + (sum(data[:8]) % 5)
    return [data[i : i + size] for i in range(0, len(data), size)]


# -- HTTP ------------------------------------------------------------------------------------------------------------


class _Requests(RequestParser):
    """Notes what the parser tells. Requests are answered at once."""

    __slots__ = ('told', 'body')

    def __init__(self):
        RequestParser.__init__(self, Heads(LIMITS), LIMITS)
        self.told = []
        self.body = b''

    def on_request(self, head):
        self.told.append((head.method, head.url, head.version, head.host, head.headers.pairs(), head.keep_alive))
        self.body = b''

    def on_data(self, piece):
        assert piece
        self.body += piece
        assert len(self.body) <= LIMITS['max_body']

    def on_end(self):
        self.told.append(('end', self.body))

    def on_upgrade(self, head, rest):
        return False

    def on_partial(self):
        pass

    def on_backlog(self):
        pass

    def on_violation(self, error):
        assert isinstance(error, ProtocolError) and 400 <= error.status < 600
        self.told.append(('violation', error.code))


def http(data):
    """Requests: what is told is the same however they come, and nothing is told after a violation."""
    whole, cut = _Requests(), _Requests()
    whole.feed(data, len(data))
    for _ in range(len(data)):
        if not whole.backlog:
            break
        before = whole.backlog
        whole.proceed()
        if whole.backlog == before:
            break
    for piece in pieces(data):
        cut.feed(piece, len(piece))
    _check_requests(whole.told)
    _check_requests(cut.told)
    # Where a head is too long, how much of it had come decides which of its faults is told.
    if not any(t[0] == 'violation' for t in whole.told + cut.told):
        assert whole.told == cut.told, (whole.told, cut.told)
    else:
        assert _requests_only(whole.told) == _requests_only(cut.told), (whole.told, cut.told)


def _check_requests(told):
    for number, event in enumerate(told):
        assert event[0] != 'violation' or number == len(told) - 1, f'something follows a violation: {told}'


def _requests_only(told):
    return [event for event in told if event[0] not in ('violation', 'end')]


def url(data):
    """Targets, queries, cookies, ranges: text of latin-1, as header fields are."""
    text = data.decode('latin-1')
    for parse in (percent_decode, parse_query, parse_cookies, normalise, split_target):
        try:
            parse(text)
        except ProtocolError as error:
            assert error.status == 400
    assert percent_decode(percent_encode(text)) == text
    found = wanted_range({'range': text}, None, None, 1000)
    assert found is None or found == () or (0 <= found[0] < 1000 and 0 < found[1] <= 1000 - found[0])


# -- WebSocket -------------------------------------------------------------------------------------------------------


class _Messages(Decoder):
    """Notes what the decoder tells."""

    __slots__ = ('told',)

    def __init__(self, inflate=None):
        Decoder.__init__(self, True, 1000, inflate)
        self.told = []

    def on_text(self, text):
        assert type(text) is str and len(text.encode()) <= 1000
        self.told.append(text)

    def on_binary(self, data):
        assert type(data) is bytes and len(data) <= 1000
        self.told.append(data)

    def on_control(self, opcode, payload):
        assert len(payload) <= 125
        self.told.append((opcode, payload))

    def on_more(self):
        self.feed(b'', 0)

    def on_violation(self, error):
        assert isinstance(error, ProtocolError) and error.status in (1002, 1007, 1009)
        self.told.append(('violation', error.code))


def websocket(data):
    """Frames: what is told is the same however they come; compressed ones included, where the first byte is odd."""
    packed = bool(data[:1]) and data[0] & 1
    decoders = []
    for _ in range(2):
        deflate = negotiate('permessage-deflate', read_deflate(True))[0] if packed else None
        decoders.append(_Messages(deflate and deflate.inflate))
    whole, cut = decoders
    whole.feed(data[1:], len(data) - 1)
    for piece in pieces(data[1:]):
        cut.feed(bytearray(piece) + b'stale', len(piece))
    assert _without_reason(whole.told) == _without_reason(cut.told), (whole.told, cut.told)


def _without_reason(told):
    # Text in an unfinished frame fails early, before its head's other faults could be told... and the other way round.
    return [('violation',) if event[0:1] == ('violation',) else event for event in told]


def deflate_offer(data):
    """The extension's negotiation, and messages that claim to be compressed."""
    field, _, message = data.partition(b'\0')
    deflate, response = negotiate(field.decode('latin-1'), read_deflate({'threshold': 0}))
    assert (deflate is None) == (response is None)
    if deflate is None:
        deflate = negotiate('permessage-deflate', read_deflate(True))[0]
    for _ in range(2):
        try:
            assert len(deflate.inflate(message, 2000)) <= 2000
        except ProtocolError as error:
            assert error.status in (1007, 1009)
            return


# -- Engine.IO and Socket.IO -----------------------------------------------------------------------------------------


def payload(data):
    """Long-polling payloads of both revisions; what is read is written and read again as the same."""
    forms = [(data, 3)]
    try:
        text = data.decode()
        forms += [(text, 3), (text, 4)]
    except UnicodeDecodeError:
        pass
    for body, revision in forms:
        try:
            packets = list(decode_payload(body, revision))
        except ProtocolError as error:
            assert error.status == 400
            continue
        assert all(type(p) in (str, bytes) for p in packets)
        written = encode_payload(packets, revision, base64=type(body) is str)
        assert list(decode_payload(written, revision)) == packets


class _Conn:
    """A session for the decoder: it notes what is not for Socket.IO."""

    protocol = 4
    state = 'open'

    def __init__(self, told):
        self._told = told

    def on_text_packet(self, text):
        self._told.append(('engine', text))


class _Client:
    """A client for the decoder: it notes what the decoder tells."""

    root = None

    def __init__(self):
        self.told = []
        self.conn = _Conn(self.told)
        self.over = False

    def on_event(self, nsp, ack_id, data):
        assert type(nsp) is str and type(data) is list and data and type(data[0]) in (str, int)
        self.told.append(('event', nsp, ack_id))

    def on_ack(self, nsp, ack_id, data):
        assert type(nsp) is str and type(data) is list
        self.told.append(('ack', nsp, ack_id))

    def on_connect(self, nsp, query, auth):
        assert type(nsp) is str and (auth is None or type(auth) is dict)
        self.told.append(('connect', nsp))

    def refuse(self, nsp, error):
        assert type(nsp) is str and 'max_auth' in error
        self.told.append(('refuse', nsp))

    def on_disconnect(self, nsp):
        self.told.append(('disconnect', nsp))

    def on_violation(self, error):
        assert isinstance(error, ProtocolError)
        self.over = True

    def on_close(self, reason):
        pass


def packets(data):
    """Packets of Socket.IO, in JSON: NUL separates them, and those that begin with \\x01 are binary."""
    _feed_packets(JsonParser(4, 300), data)


def cbor(data):
    """Packets of Socket.IO, in CBOR."""
    _feed_packets(CborParser(), b'\x01' + data)


def _feed_packets(parser, data):
    client = _Client()
    decoder = parser.decoder(client)
    for packet in data.split(b'\0'):
        if client.over:
            return  # the connection is closed: nothing more comes
        if packet[:1] == b'\x01':
            decoder.on_binary(packet[1:])
        elif packet:
            try:
                decoder.on_text(packet.decode())
            except UnicodeDecodeError:
                pass  # a text frame is UTF-8: the codec below sees to that
    decoder.on_close('transport close')


def json(data):
    """JSON: a value, or ValueError."""
    try:
        json_decode(data.decode())
    except ValueError:
        pass


TARGETS = {
    target.__name__: target
    for target in (http, url, websocket, deflate_offer, payload, packets, cbor, json, whole_server)
}
