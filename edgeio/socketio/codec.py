"""The default parser: packets as text with JSON, binary values as attachments (protocol revisions 4 and 5). No I/O.

    4 2 /admin, 12 ["event",{"a":1}]          4: an Engine.IO message; 2: EVENT; namespace; ack id; JSON
    4 51- ["event",{"_placeholder":true,"num":0}]     one attachment, which follows as a binary message

A parser is an object with

    encode(kind, nsp, ack_id, data) -> (packet, attachments)     packet: str with Engine.IO's type, or bytes;
                                                                 attachments: a list of bytes, or None
    decoder(client) -> an object with on_text(packet), on_binary(data), on_drain(), on_close(reason)

whose decoder calls client.on_event(nsp, ack_id, data), on_ack(nsp, ack_id, data), on_connect(nsp, query, auth) or
refuse(nsp, why), on_disconnect(nsp), and on_violation(error) for a packet that is not valid.
"""

from ..compat import found_attachments, is_digits, json_decode, json_encode, json_text, take_attachments
from ..errors import ProtocolError
from .packet import ACK, BINARY_ACK, BINARY_EVENT, EVENT, MAX_AUTH, RESERVED, auth_too_long, check_event, fill

MAX_ID_DIGITS = 16
"""Digits of an acknowledgement's id, at most."""

MAX_NSP = 256
"""Characters of a namespace's name, at most, its query included."""

_HEADS = tuple('4' + str(kind) for kind in range(7))

_PLACEHOLDER = '_placeholder'


class JsonParser:
    """The parser in text and JSON. max_attachments: of one packet; max_attachment_bytes: all of them together;
    max_auth: characters of a CONNECT's object."""

    def __init__(self, max_attachments, max_attachment_bytes, max_auth=MAX_AUTH):
        self.max_attachments = max_attachments
        self.max_attachment_bytes = max_attachment_bytes
        self.max_auth = max_auth

    def encode(self, kind, nsp, ack_id, data):
        """(packet, attachments) for `data`. TypeError or ValueError for what JSON has no form for, and for an object
        that poses as a placeholder beside attachments."""
        if data is None:
            body = ''
        elif type(data) is tuple and len(data) == 1 and type(data[0]) is str:
            body = '[' + json_text(data[0]) + ']'  # the usual answer, one text
        else:
            body = json_encode(data)
            if found_attachments:
                return self._encode_binary(kind, nsp, ack_id, body)
        head = _HEADS[kind] if nsp == '/' else _HEADS[kind] + nsp + ','
        return head + body if ack_id is None else head + str(ack_id) + body, None

    def _encode_binary(self, kind, nsp, ack_id, body):
        attachments = take_attachments()
        if kind != EVENT and kind != ACK:
            raise TypeError('bytes can be sent in events and answers only')
        if body.count(_PLACEHOLDER) != len(attachments):
            _check_placeholders(body, len(attachments))
        head = _HEADS[BINARY_EVENT if kind == EVENT else BINARY_ACK] + str(len(attachments)) + '-'
        if nsp != '/':
            head += nsp + ','
        if ack_id is not None:
            head += str(ack_id)
        return head + body, attachments

    def decoder(self, client):
        """The decoder of one connection."""
        return JsonDecoder(self, client)


class JsonDecoder:
    """Reads the packets of one connection."""

    __slots__ = ('parser', 'client', '_partial')

    def __init__(self, parser, client):
        self.parser = parser
        self.client = client
        self._partial = None  # a binary packet that waits for attachments

    def on_text(self, packet):
        """An Engine.IO packet, its type in front. The usual one, an event of the main namespace, goes straight on."""
        if packet[:2] == '42' and self._partial is None:
            socket = self.client.root
            i = packet.find('[', 2, MAX_ID_DIGITS + 3)
            ack_id = packet[2:i] if i > 2 else None
            if socket is not None and (i == 2 or (i > 2 and is_digits(ack_id))):
                try:
                    data = json_decode(packet, i)
                except ValueError as exc:
                    self.client.on_violation(_bad(str(exc), packet))
                    return
                if data and type(data[0]) is str and data[0] not in RESERVED:
                    socket.on_event(data, ack_id)
                    return
        self._on_other(packet)

    def _on_other(self, packet):
        if packet[:1] != '4':
            self.client.conn.on_text_packet(packet)
            return
        client = self.client
        try:
            kind = packet[1:2]
            if self._partial is not None:
                raise _bad('text where an attachment is due', packet)
            if kind == '2':
                nsp, ack_id, i = _head(packet, 2)
                data = json_decode(packet, i)
                check_event(data)
                client.on_event(nsp, ack_id, data)
            elif kind == '3':
                nsp, ack_id, i = _head(packet, 2)
                client.on_ack(nsp, ack_id, _ack_data(ack_id, json_decode(packet, i)))
            else:
                self._on_rare(kind, packet)
        except ProtocolError as exc:
            self._partial = None
            client.on_violation(exc)
        except ValueError as exc:
            self._partial = None
            client.on_violation(_bad(str(exc), packet))

    def on_binary(self, data):
        """A binary message: an attachment."""
        partial = self._partial
        if partial is None:
            self.client.on_violation(_bad('an attachment without its packet', data))
            return
        partial.attachments.append(data)
        partial.size += len(data)
        if partial.size > self.parser.max_attachment_bytes:
            self._partial = None
            limit = self.parser.max_attachment_bytes
            text = 'the attachments of a packet are too large'
            self.client.on_violation(
                ProtocolError('sio.attachment_bytes', text, partial.size, limit, 'max_attachment_bytes')
            )
        elif len(partial.attachments) == partial.count:
            self._finish()

    @property
    def memory(self):
        """Bytes (int) of a packet whose attachments have not all come, and of what was given to join."""
        partial = self._partial
        return self.client.memory + (0 if partial is None else partial.size + len(partial.packet))

    def on_drain(self):
        """The session has room to write again."""

    def on_close(self, reason):
        """The session is over."""
        self._partial = None
        self.client.on_close(reason)

    def _on_rare(self, kind, packet):
        if kind == '0':
            self._on_connect(packet)
        elif kind == '1':
            nsp, _, _ = _nsp(packet, 2)
            self.client.on_disconnect(nsp)
        elif kind == '5' or kind == '6':
            self._begin(kind, packet)
        else:
            raise _bad('a packet type that is not defined', packet)

    def _on_connect(self, packet):
        nsp, query, i = _nsp(packet, 2)
        auth = None
        if i < len(packet):
            if len(packet) - i > self.parser.max_auth:
                self.client.refuse(nsp, auth_too_long(len(packet) - i, self.parser.max_auth))
                return
            auth = json_decode(packet, i)
            if type(auth) is not dict:
                raise _bad('CONNECT carries an object or nothing', packet)
        self.client.on_connect(nsp, query, auth)

    def _begin(self, kind, packet):
        dash = packet.find('-', 2, 12)
        if dash < 0 or not is_digits(packet[2:dash]):
            raise _bad('a binary packet without its number of attachments', packet)
        count = int(packet[2:dash])
        if count > self.parser.max_attachments:
            text = 'too many attachments'
            raise ProtocolError('sio.attachments', text, count, self.parser.max_attachments, 'max_attachments')
        partial = _Partial(kind, packet, dash + 1, count)
        self._partial = partial
        if count == 0:
            self._finish()

    def _finish(self):
        partial, self._partial = self._partial, None
        client = self.client
        try:
            nsp, ack_id, i = _head(partial.packet, partial.start)
            data = fill(json_decode(partial.packet, i), partial.attachments)
            if partial.kind == '5':
                check_event(data)
                client.on_event(nsp, ack_id, data)
            else:
                client.on_ack(nsp, ack_id, _ack_data(ack_id, data))
        except ProtocolError as exc:
            client.on_violation(exc)
        except ValueError as exc:
            client.on_violation(_bad(str(exc), partial.packet))


class _Partial:
    __slots__ = ('kind', 'packet', 'start', 'count', 'attachments', 'size')

    def __init__(self, kind, packet, start, count):
        self.kind = kind
        self.packet = packet
        self.start = start
        self.count = count
        self.attachments = []
        self.size = 0


def _check_placeholders(body, count):
    """ValueError where more objects of `body` claim to be a placeholder than the `count` that are.

    Clients would put an attachment in the place of such an object, or, for want of one, end the connection. Today's go
    by `true` alone, release 1.x and clients in other languages by whatever counts as true there.
    """
    found = 0
    for before in '{,':  # what begins a key in compact JSON; inside a text the quote has a backslash before it
        key = before + '"' + _PLACEHOLDER + '":'
        found += body.count(key) - body.count(key + 'false') - body.count(key + 'null')
    if found > count:
        raise ValueError("a dict with a true '_placeholder' cannot be sent beside bytes: it would be taken for some")


def _head(packet, i):
    """(nsp, ack id, index of the JSON) of an EVENT or ACK whose head begins at `i`."""
    nsp = '/'
    if packet[i : i + 1] == '/':
        nsp, _, i = _nsp(packet, i)
    bracket = packet.find('[', i, i + MAX_ID_DIGITS + 1)
    if bracket == i:
        return nsp, None, i
    ack_id = packet[i:bracket]
    if bracket < 0 or not is_digits(ack_id):
        raise _bad('an id is digits, and a list follows it', packet)
    return nsp, ack_id, bracket


def _nsp(packet, i):
    """(nsp, query or None, index behind it): `/admin?token=a,` or nothing, which is the main namespace."""
    if packet[i : i + 1] != '/':
        return '/', None, i
    comma = packet.find(',', i)
    end = len(packet) if comma < 0 else comma
    if end - i > MAX_NSP:
        raise _bad('the name of a namespace is too long', packet)
    name = packet[i:end]
    mark = name.find('?')
    query = None
    if mark >= 0:
        name, query = name[:mark], name[mark + 1 :]
    return name, query, end if comma < 0 else comma + 1


def _ack_data(ack_id, data):
    if ack_id is None or type(data) is not list:
        raise _bad('an acknowledgement is an id and a list', type(data).__name__)
    return data


def _bad(text, packet):
    return ProtocolError('sio.packet', text, repr(packet[:80]))
