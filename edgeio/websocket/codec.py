"""The frames of RFC 6455, section 5. No I/O: bytes in, messages out.

`Decoder.feed` takes bytes as they come, whole or one at a time, and calls

    on_text(text)                 a whole text message (str)
    on_binary(data)               a whole binary message (bytes)
    on_control(opcode, payload)   a ping, pong or close frame, also in the middle of a message
    on_violation(error)           the peer broke the protocol; nothing follows
    on_more()                     frames are kept for later: `feed(b'', 0)` goes on with them

which a connection overrides. `frame` makes the bytes of one frame.
"""

from ..compat import decode_utf8
from ..errors import ProtocolError
from .mask import mask

# Section 11.8
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN, RSV1, RSV, MASKED = 0x80, 0x40, 0x70, 0x80

# Section 7.4.1
NORMAL, GOING_AWAY, PROTOCOL_ERROR, NO_STATUS, ABNORMAL = 1000, 1001, 1002, 1005, 1006
BAD_DATA, POLICY, TOO_BIG = 1007, 1008, 1009

CLOSE_CODES = '1000-1003, 1007-1014, 3000-4999'

MAX_TURN = 16384
"""Bytes of small frames that are served in one turn of the loop: thousands of them would have all others wait."""

MESSAGE_TIMEOUT = 30000
"""Milliseconds in which each further MESSAGE_PROGRESS of a message, or its end, must come, where `stalls` is asked.
(Engine.IO's heartbeat needs no asking: it is messages, and has to wait for the end of this one.)"""

MESSAGE_PROGRESS = 16384
"""Bytes: who sends one a second is not read for ever."""

MAX_CONTROL = 125
"""Bytes of payload in a control frame, at most (section 5.5)."""

MAX_MESSAGE = 1048576
"""Bytes of a message, at most, where nothing else is said."""

_FIN_TEXT, _FIN_BINARY = FIN | TEXT, FIN | BINARY
_from_bytes = int.from_bytes

# Small frames, the bulk of all: one XOR with the key repeated. _REPEAT[words] * key is that. In whole words, since
# tables with an entry for each length would take 50 KB of a board's heap.
_REPEAT = [_from_bytes(b'\x01\x00\x00\x00' * words, 'little') for words in range(33)]
_HEADS = b''.join([bytes((_FIN_TEXT, n)) for n in range(126)])


def frame(opcode, payload, first=FIN):
    """One unmasked frame, as a server sends it. first: FIN, or 0 for all but the last of a message, | RSV1."""
    return frame_head(first | opcode, len(payload)) + payload


def text_frame(payload):
    """`frame(TEXT, payload)`, for the hot path."""
    n = len(payload)
    if n < 126:
        return _HEADS[n + n : n + n + 2] + payload
    return frame_head(_FIN_TEXT, n) + payload


def frame_head(first, n, masked=0):
    """The head of a frame with `n` bytes of payload; `masked`: MASKED for a client's, the key follows."""
    if n < 126:
        return bytes((first, masked | n))
    if n < 65536:
        return bytes((first, masked | 126, n >> 8, n & 255))
    return bytes((first, masked | 127)) + n.to_bytes(8, 'big')


def masked_frame(opcode, payload, key, first=FIN):
    """One frame as a client sends it, masked with the 4 bytes `key`."""
    return frame_head(first | opcode, len(payload), MASKED) + key + mask(payload, 0, len(payload), key)


def close_payload(code, reason=''):
    """The payload of a close frame: `code` (int) and `reason` (str, cut to what fits). NO_STATUS: empty."""
    if code == NO_STATUS:
        return b''
    text = reason.encode()[: MAX_CONTROL - 2]
    while text and text[-1] & 0xC0 == 0x80 and not _decodes(text):
        text = text[:-1]
    if text and not _decodes(text):
        text = text[:-1]
    return bytes((code >> 8, code & 255)) + text


def may_be_sent(code):
    """Whether a close frame may carry `code`; see CLOSE_CODES."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def parse_close(payload):
    """(code, reason) of a close frame; (NO_STATUS, '') for an empty one. ProtocolError where it is not valid."""
    if not payload:
        return NO_STATUS, ''
    code = _from_bytes(payload[:2], 'big') if len(payload) > 1 else 0
    if not may_be_sent(code):
        raise _violation('ws.close_code', 'a close frame has an invalid code', code, CLOSE_CODES)
    try:
        return code, decode_utf8(payload[2:])
    except UnicodeError:
        raise _bad_utf8() from None


class Decoder:
    """Reads one direction of a connection. masked: the peer is a client, whose frames must be masked.

    max_message: bytes of a message at most. inflate: None, or the extension's `inflate(data, max, setting)` (RFC
    7692).
    """

    setting = 'max_message'
    """The option that max_message comes from, for who reads the error."""

    __slots__ = (
        'max_message', 'inflate', 'stopped', 'over', '_masked', '_plain', '_rest', '_opcode', '_size', '_parts',
        '_fin', '_left', '_key',
    )  # fmt: skip

    def __init__(self, masked=True, max_message=MAX_MESSAGE, inflate=None):
        self.max_message = max_message
        self.inflate = inflate
        self.stopped = False  # nothing is read: until `release`,
        self.over = False  # or for good
        self._masked = MASKED if masked else 0
        self._plain = masked and max_message >= MAX_CONTROL  # small frames need no other check
        self._rest = None  # bytes to be read with those that follow (bytearray)
        self._opcode = 0  # of the message that is arriving, with its RSV1
        self._size = 0  # of its frames so far, as their heads say
        self._parts = None  # what came of it: Pieces, or None for nothing yet
        self._fin = False  # its last frame is arriving
        self._left = 0  # bytes of that frame that are still to come,
        self._key = None  # and the key for them

    def feed(self, data, end):
        """Reads the bytes of `data` before `end`: up to the frame that MAX_TURN is in, then `on_more()` is called."""
        if self._rest is not None:
            data, end = self._join(data, end)
        i = 0
        last = end - 1 if end <= MAX_TURN else MAX_TURN
        try:
            if self._left and not self.stopped:
                i = self._read_payload(data, 0, end)
            while i < last and not self.stopped:
                n = data[i + 1] - 128
                if not 0 <= n < 126 or not self._plain:
                    i = self._read_other(data, i, end)
                    if i < 0:
                        return
                    continue
                stop = i + 6 + n
                first = data[i]
                if stop > end or (first != _FIN_TEXT and first != _FIN_BINARY) or self._opcode:
                    i = self._read_other(data, i, end)
                    if i < 0:
                        return
                    continue
                words = (n + 3) >> 2
                key = _from_bytes(data[i + 2 : i + 6], 'little') * _REPEAT[words]
                payload = (_from_bytes(data[i + 6 : stop], 'little') ^ key).to_bytes(words << 2, 'little')[:n]
                i = stop
                if first == _FIN_TEXT:
                    self.on_text(decode_utf8(payload))
                else:
                    self.on_binary(payload)
            if i < end and not self.over:
                self._keep(data, i, end)
                if end - i > 1 and not self.stopped:
                    self.on_more()
        except ProtocolError as exc:
            self._violated(exc)
        except UnicodeError:
            self._violated(_bad_utf8())

    @property
    def kept(self):
        """Bytes (int) of a message whose end has not come, and of what is not read yet."""
        unread = 0 if self._rest is None else len(self._rest)
        return unread if self._parts is None else unread + self._size - self._left

    def hold(self):
        """Reads nothing until `release`: what is left of the bytes that `feed` got, and what it gets, is kept."""
        self.stopped = True

    def release(self):
        """Reads again, what was kept first: with the next `feed`, which may be of nothing."""
        self.stopped = self.over

    def stalls(self, now):
        """True where the message that is arriving has grown by less than MESSAGE_PROGRESS in MESSAGE_TIMEOUT, since
        this was first asked. now: ms."""
        parts = self._parts
        if parts is None:
            return False
        come = self._size - self._left
        if parts.looked is None or self.stopped:  # while it is held, nobody reads
            parts.looked = now, come
        elif now - parts.looked[0] >= MESSAGE_TIMEOUT:
            if come - parts.looked[1] < MESSAGE_PROGRESS:
                return True
            parts.looked = now, come
        return False

    def stop(self):
        """Reads nothing any more; what is kept is dropped."""
        self.stopped = self.over = True
        self._rest = self._parts = None
        self._left = 0

    def _join(self, data, end):
        rest, self._rest = self._rest, None
        rest += data[:end] if end != len(data) else data
        return rest, len(rest)

    def _keep(self, data, i, end):
        self._rest = bytearray(data[i:end])
        return -1

    def _read_other(self, data, i, end):
        """Reads the frame at `i`, whatever it is; the index behind what was read, or -1 where its head, or a control
        frame, is kept for more to come. The payload of a data frame is taken as it comes."""
        first, n = data[i], data[i + 1] & 127
        h = i + 2
        self._check_head(first, data[i + 1], n)
        if n > 125:
            h += 2 if n == 126 else 8
            if h > end:
                return self._keep(data, i, end)
            n = _length(data[i + 2 : h])
        if not first & 8 and n + self._size > self.max_message:
            raise _too_big(n + self._size, self.max_message, self.setting)
        h += 4 if self._masked else 0
        if h > end or (first & 8 and h + n > end):
            return self._keep(data, i, end)
        key = bytes(data[h - 4 : h]) if self._masked else None
        if first & 8:
            self.on_control(first & 15, _unmask(data, h, h + n, key))
            return h + n
        if first & 15:
            self._opcode = first & (15 | RSV1)
        self._size += n
        self._fin = first & FIN
        self._left = n
        self._key = key
        return self._read_payload(data, h, end)

    def _read_payload(self, data, i, end):
        """Takes what `data` has, from `i` on, of a data frame's payload; the index behind it."""
        n = min(self._left, end - i)
        key = self._key
        piece = _unmask(data, i, i + n, key)
        self._left -= n
        if self._left:
            if key is not None and n & 3:
                self._key = key[n & 3 :] + key[: n & 3]
            self._add(piece)
        elif not self._fin:
            self._add(piece)
        elif self._parts is None:
            self._deliver(piece)
        else:
            self._add(piece)
            self._deliver(self._parts.take())
        return i + n

    def _check_head(self, first, second, n):
        opcode = first & 15
        if (second & 0x80) != self._masked:
            raise _violation('ws.mask', 'a client masks its frames, a server does not (section 5.1)')
        if first & RSV and (first & RSV != RSV1 or self.inflate is None or opcode == 0 or opcode & 8):
            raise _violation('ws.rsv_set', 'a reserved bit is set without an extension', hex(first & RSV))
        if opcode & 8:
            if opcode > PONG:
                raise _violation('ws.opcode', 'an opcode that is not defined', opcode)
            if not first & FIN or n > MAX_CONTROL:
                raise _violation('ws.control', 'a control frame is fragmented or longer than 125 bytes')
        elif opcode > BINARY:
            raise _violation('ws.opcode', 'an opcode that is not defined', opcode)
        elif (opcode == CONTINUATION) != bool(self._opcode):
            expected = 'a continuation' if opcode else 'a new message'
            raise _violation('ws.fragment', 'a fragment out of order', opcode, expected)

    def _add(self, piece):
        if self._parts is None:
            from .pieces import Pieces, TextPieces

            self._parts = TextPieces() if self._opcode == TEXT else Pieces()
        self._parts.add(piece)

    def _deliver(self, data):
        opcode = self._opcode
        self._opcode, self._parts, self._size = 0, None, 0
        if opcode & RSV1:
            data = self.inflate(data, self.max_message, self.setting)
        if opcode & 15 == TEXT:
            self.on_text(decode_utf8(data))
        else:
            self.on_binary(data)

    def _violated(self, error):
        if not self.over:
            self.stop()
            self.on_violation(error)


def _length(field):
    n = _from_bytes(field, 'big')
    if n < (126 if len(field) == 2 else 65536) or n >> 63:
        raise _violation('ws.length', 'a length is not in its shortest form (section 5.2)', n)
    return n


def _unmask(data, start, end, key):
    return bytes(data[start:end]) if key is None else mask(data, start, end, key)


def _decodes(data):
    try:
        decode_utf8(data)
    except UnicodeError:
        return False
    return True


def _violation(code, text, seen=None, expected=None):
    return ProtocolError(code, text, seen, expected, status=PROTOCOL_ERROR)


def _bad_utf8():
    return ProtocolError('ws.utf8', 'text that is not UTF-8', status=BAD_DATA)


def _too_big(size, limit, setting):
    return ProtocolError('ws.too_big', 'a message is too big', size, limit, setting, TOO_BIG)
