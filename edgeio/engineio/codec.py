"""The packets of Engine.IO and the payloads of its long-polling. No I/O.

A packet is a str, its first character the type (`4` is a message), or bytes: a binary message without a type.
Protocol revision 4 (clients 3.x and 4.x) and 3 (clients 1.x and 2.x) differ in how a payload holds several packets:

    revision 4:  4hello \x1e bAQID               text; a binary message is `b` and base64
    revision 3:  6:4hello 10:b4AQIDBA==          text; lengths in UTF-16 units; `b4` and base64
    revision 3:  00 06 FF 4hello 01 04 FF 04...  binary: kind, decimal digits of the length, FF, data
"""

from binascii import a2b_base64, b2a_base64

from ..compat import decode_utf8, is_digits
from ..errors import ProtocolError

OPEN, CLOSE, PING, PONG, MESSAGE, UPGRADE, NOOP = '0', '1', '2', '3', '4', '5', '6'

SEPARATOR = '\x1e'

MAX_PACKETS = 16384
"""Packets in one payload, at most."""

STRIDE = 64
"""UTF-16 units up to which they are counted one by one."""

_TYPES = '0123456'

_LEADS_OF_TWO = [bytes([lead]) for lead in range(0xF0, 0xF5)]  # of characters beyond U+FFFF: two units


def encode_payload(packets, revision, base64=True):
    """The body of a polling response: str, or bytes for revision 3 with binary packets and `base64` false."""
    if revision == 4:
        return SEPARATOR.join([p if type(p) is str else 'b' + to_base64(p) for p in packets])
    if not base64 and not all(type(p) is str for p in packets):
        return b''.join([_binary3(p) for p in packets])
    return ''.join([_text3(p if type(p) is str else 'b4' + to_base64(p)) for p in packets])


def decode_payload(body, revision):
    """The packets in `body` (str, or bytes for revision 3's binary form): an iterator, which reads as it goes.

    ProtocolError where it is not a payload: from here, or from the iterator, behind the packets that come before.
    """
    if not body:
        raise _bad('an empty payload', body)
    if revision == 4:
        return map(decode_text, _split4(body))
    if type(body) is str:
        return map(decode_text3, _split_text3(body))
    return _split_binary3(body)


def decode_text(text):
    """The packet that `text` is: itself, or bytes for `b` and base64 (revision 4)."""
    if not text:
        raise _bad('an empty packet', text)
    first = text[0]
    if first == 'b':
        return from_base64(text[1:])
    if first not in _TYPES:
        raise _bad('a packet type that is not defined', text)
    return text


def decode_text3(text):
    """The packet that `text` is: itself, or bytes for `b4` and base64 (revision 3)."""
    if text[:2] == 'b4':
        return from_base64(text[2:])
    return decode_text(text)


def to_base64(data):
    """`data` in base64 (str)."""
    return b2a_base64(data)[:-1].decode()


def from_base64(text):
    """The bytes that `text` holds in base64. ProtocolError where it is not base64."""
    try:
        data = a2b_base64(text)
    except ValueError:
        raise _bad('base64 that is not valid', text) from None
    # The decoder skips what is not base64: then the length tells.
    if len(text) & 3 or len(data) != len(text) // 4 * 3 - text.count('=', -2):
        raise _bad('base64 that is not valid', text)
    return data


def _split4(body):
    if body.count(SEPARATOR) >= MAX_PACKETS:
        raise _too_many()
    return body.split(SEPARATOR)


def _text3(text):
    return str(_units(text)) + ':' + text


def _units(text):
    """The length of `text` in UTF-16 units, which is how its peer counts."""
    data = text.encode()
    n = len(text)
    if len(data) > n:
        for lead in _LEADS_OF_TWO:
            n += data.count(lead)
    return n


def _split_text3(body):
    # In bytes: the place of a character in text that is not ASCII takes MicroPython a walk from its beginning.
    data = body.encode()
    wide = len(data) > len(body)
    count = 0
    i, end = 0, len(data)
    while i < end:
        colon = data.find(b':', i, i + 12)
        if colon < 0 or not is_digits(decode_utf8(data[i:colon])):
            raise _bad('a length is missing', data[i : i + 12])
        n = int(data[i:colon])
        i = colon + 1
        stop = _skip_units(data, i, n) if wide else i + n
        if n == 0 or stop > end:
            raise _bad('a length that does not fit', n)
        count += 1
        if count > MAX_PACKETS:
            raise _too_many()
        yield str(data[i:stop], 'utf-8')  # part of a text, and so known to be UTF-8
        i = stop


def _skip_units(data, i, n):
    """Where `n` UTF-16 units of the UTF-8 text `data` end that begin at `i`; behind its end where they do not fit."""
    end = len(data)
    while n > STRIDE and i < end:
        # No unit takes less than a byte, so they do not end before this, or where the character that it is in begins.
        stop = min(i + n, end)
        while stop < end and data[stop] & 0xC0 == 0x80:
            stop -= 1
        n -= _units(str(data[i:stop], 'utf-8'))
        i = stop
    while n > 0 and i < end:
        lead = data[i]
        if lead < 0x80:
            i += 1
        elif lead < 0xE0:
            i += 2
        elif lead < 0xF0:
            i += 3
        else:
            i += 4
            n -= 1  # a character beyond U+FFFF is two units
        n -= 1
    return i if n == 0 else end + 1


def _binary3(packet):
    kind, data = (b'\x00', packet.encode()) if type(packet) is str else (b'\x01', b'\x04' + packet)
    return kind + bytes([ord(c) - 48 for c in str(len(data))]) + b'\xff' + data


def _split_binary3(body):
    count = 0
    i, end = 0, len(body)
    while i < end:
        kind, mark = body[i], body.find(b'\xff', i, i + 12)
        digits = body[i + 1 : mark]
        if kind > 1 or mark < 0 or not digits or max(digits) > 9:
            raise _bad('a binary payload without its head', body[i : i + 12])
        n = 0
        for digit in digits:
            n = n * 10 + digit
        i, stop = mark + 1, mark + 1 + n
        if n == 0 or stop > end:
            raise _bad('a length that does not fit', n)
        count += 1
        if count > MAX_PACKETS:
            raise _too_many()
        yield _packet3(kind, body[i:stop])
        i = stop


def _packet3(kind, data):
    if kind == 0:
        try:
            text = decode_utf8(bytes(data))
        except UnicodeError:
            raise _bad('text that is not UTF-8', data[:12]) from None
        return decode_text(text)
    if data[0] != 4:
        raise _bad('a binary packet that is not a message', data[0])
    return bytes(data[1:])


def _bad(text, seen):
    return ProtocolError('eio.packet', text, repr(seen[:40]) if hasattr(seen, '__len__') else seen)


def _too_many():
    return ProtocolError('eio.packets', 'too many packets in one payload', expected=MAX_PACKETS)
