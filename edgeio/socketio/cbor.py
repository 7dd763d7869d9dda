"""The CBOR parser: each packet one binary message, binary values inside (RFC 8949; needs the package cbor2).

    io = Server(app.server, parser=CborParser)

    <script src="/socket.io/socket.io.js"></script>
    <script src="/socket.io/cbor.js"></script>
    <script>const socket = io({ parser: cborParser });</script>

The browser's side is `edgeio/client/cbor.js`; it serves the official client as well.
A packet is the map {type, nsp, data, id}, as other binary parsers of Socket.IO have it.
"""

from io import BytesIO

from ..engineio.codec import MESSAGE
from ..errors import OptionError, ProtocolError
from .cbor_items import MAX_DEPTH, check_items
from .codec import MAX_NSP
from .packet import ACK, CONNECT, DISCONNECT, EVENT, MAX_AUTH, auth_too_long, check_event

MAX_INT = 1 << 64
"""Integers above this, or below its negative, have no form without tags."""

_PLAIN = (type(None), bool, int, float, str, bytes)
_LISTS = (list, tuple)
_BYTES = (bytearray, memoryview)


class CborParser:
    """The parser in CBOR. max_auth: bytes of a CONNECT, at most. OptionError where cbor2 is not installed."""

    def __init__(self, max_auth=MAX_AUTH):
        self.max_auth = max_auth
        try:
            import cbor2
        except ImportError:
            raise OptionError(
                'sio.cbor2', 'the CBOR parser needs the package cbor2', setting='pip install edgeio[cbor]'
            ) from None
        self._dumps = cbor2.dumps
        self._decoder = cbor2.CBORDecoder
        self._end = cbor2.CBORDecodeEOF

    def encode(self, kind, nsp, ack_id, data):
        """(packet, None): bytes. TypeError or ValueError for what CBOR has no form for."""
        packet = {'type': kind, 'nsp': nsp}
        if data is not None:
            _check_sendable(data, 1)
            packet['data'] = data
        if ack_id is not None:
            packet['id'] = int(ack_id)
        return self._dumps(packet), None

    def decode(self, data):
        """The value that `data` (bytes) is. Exceptions of the library's own, or ProtocolError."""
        check_items(data)
        decoder = self._decoder(BytesIO(data))
        value = decoder.decode()
        try:
            decoder.read(1)
        except self._end:
            _check_plain(value, 0)
            return value
        raise _bad('something behind the packet', len(data))

    def decoder(self, client):
        """The decoder of one connection."""
        return CborDecoder(self, client)


class CborDecoder:
    """Reads the packets of one connection."""

    __slots__ = ('_parser', '_client')

    def __init__(self, parser, client):
        self._parser = parser
        self._client = client

    @property
    def memory(self):
        """Bytes (int) of what was given to join."""
        return self._client.memory

    def on_text(self, packet):
        """A text packet of Engine.IO: a message in text is none of this parser's."""
        if packet[:1] == MESSAGE:
            self._client.on_violation(_bad('text where CBOR is due', packet))
        else:
            self._client.conn.on_text_packet(packet)

    def on_binary(self, data):
        """A packet."""
        try:
            packet = self._parser.decode(data)
        except ProtocolError as exc:
            self._client.on_violation(exc)
            return
        except Exception as exc:
            # What the library raises for hostile input has many types; none of it may reach the loop.
            self._client.on_violation(_bad('not CBOR: ' + str(exc)[:80], data))
            return
        try:
            self._take(packet, len(data))
        except ProtocolError as exc:
            self._client.on_violation(exc)

    def on_drain(self):
        """The session has room to write again."""

    def on_close(self, reason):
        """The session is over."""
        self._client.on_close(reason)

    def _take(self, packet, size):
        if type(packet) is not dict:
            raise _bad('a packet is a map', packet)
        kind, nsp, data, ack_id = (packet.get(key) for key in ('type', 'nsp', 'data', 'id'))
        nsp = '/' if nsp is None else nsp
        if type(nsp) is not str or nsp[:1] != '/' or len(nsp) > MAX_NSP:
            raise _bad('not a namespace', nsp)
        if ack_id is not None and (type(ack_id) is not int or not 0 <= ack_id < 1 << 53):
            raise _bad('not an id', ack_id)
        ack_id = None if ack_id is None else str(ack_id)
        client = self._client
        if kind == EVENT:
            check_event(data)
            client.on_event(nsp, ack_id, data)
        elif kind == ACK and ack_id is not None and type(data) is list:
            client.on_ack(nsp, ack_id, data)
        elif kind == CONNECT and (data is None or type(data) is dict):
            nsp, _, query = nsp.partition('?')
            if data and size > self._parser.max_auth:
                client.refuse(nsp, auth_too_long(size, self._parser.max_auth))
            else:
                client.on_connect(nsp, query or None, data)
        elif kind == DISCONNECT and data is None:
            client.on_disconnect(nsp)
        else:
            raise _bad('a packet that is not defined', kind)


def _check_plain(value, depth):
    """Deep nesting is refused, and what is no plain value. (Keys are text: see check_items.)"""
    if depth > MAX_DEPTH:
        raise _bad('nested too deeply', depth)
    kind = type(value)
    if kind is list:
        for item in value:
            _check_plain(item, depth + 1)
    elif kind is dict:
        for item in value.values():
            _check_plain(item, depth + 1)
    elif kind not in _PLAIN:
        raise _bad('a type that is not served', kind.__name__)


def _check_sendable(value, depth):
    """TypeError or ValueError for what would need a tag: neither side takes those."""
    if depth > MAX_DEPTH:
        raise ValueError('nested too deeply for CBOR: more than %d levels' % MAX_DEPTH)
    kind = type(value)
    if kind in _LISTS:
        for item in value:
            _check_sendable(item, depth + 1)
    elif kind is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise TypeError('a key that is not text: ' + repr(key)[:80])
            _check_sendable(item, depth + 1)
    elif kind is int:
        if not -MAX_INT <= value < MAX_INT:
            raise ValueError('an integer that is too large for CBOR without tags')
    elif kind not in _PLAIN and kind not in _BYTES:
        raise TypeError('a type that is not served: ' + kind.__name__)


def _bad(text, seen):
    return ProtocolError('sio.cbor', text, repr(seen)[:80])
