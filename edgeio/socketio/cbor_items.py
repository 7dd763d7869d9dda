"""What a CBOR packet is made of, looked at before the package decodes it (RFC 8949, section 3).

A tag can make a few bytes expensive: those of big numbers and of fractions take quadratic time. So can keys that are no
text, whose hashes a stranger can choose. None of them is in a packet, and here they are found in linear time.
"""

from ..errors import ProtocolError

MAX_DEPTH = 32
"""Levels of lists and maps in a packet, at most."""

_BREAK = 0xFF
_TEXT, _LIST, _MAP, _TAG = 3, 4, 5, 6
_ENDLESS = 31  # the length comes as a break behind the items


def check_items(data):
    """Raises ProtocolError where the item at the beginning of `data` (bytes) has tags, keys that are no text or too
    many levels, or does not end. What else may be wrong with it, the package sees."""
    outer = []  # (left, is_map) of the lists and maps that are open
    left, is_map = 1, False  # items to come, below zero where a break ends them; of a map keys and values
    i, end = 0, len(data)
    while True:
        while left == 0:
            if not outer:
                return
            left, is_map = outer.pop()
        if i >= end:
            raise _bad('it breaks off', end)
        first = data[i]
        if first == _BREAK:
            if left > 0:
                raise _bad('a break that ends nothing', i)
            left, i = 0, i + 1
            continue
        major = first >> 5
        if major == _TAG:
            raise _bad('a tag', i)
        if is_map and major != _TEXT and not left & 1:
            raise _bad('a key that is not text', i)
        left -= 1
        i, length = _argument(data, i, first & 31)
        if length is None and not 2 <= major <= _MAP:
            raise _bad('a length that is not defined', i)
        if length is None or major == _LIST or major == _MAP:
            outer.append((left, is_map))
            if len(outer) > MAX_DEPTH + 2:  # the packet and a text in pieces are levels too
                raise _bad('nested too deeply', len(outer))
            is_map = major == _MAP
            left = -2 if length is None else length << is_map
        elif 2 <= major <= _TEXT:
            i += length


def _argument(data, i, info):
    """(the index behind the head at `i`, its argument; None for _ENDLESS)."""
    if info < 24:
        return i + 1, info
    if info == _ENDLESS:
        return i + 1, None
    if info > 27:
        raise _bad('a length that is not defined', i)
    stop = i + 1 + (1 << info - 24)
    return stop, int.from_bytes(data[i + 1 : stop], 'big')


def _bad(what, seen):
    return ProtocolError('sio.cbor', 'not a packet in CBOR: ' + what, 'at byte ' + str(seen))
