"""UTF-8 that arrives in pieces: a text message must fail at the first byte that cannot be right (RFC 6455, 8.1)."""

from ..compat import decode_utf8

# The second byte's range, where it is narrower than 80..BF (Unicode, table 3-7): no overlong form, no surrogate,
# nothing beyond U+10FFFF.
_SECOND = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}


class Utf8Pieces:
    """Collects text: `add` decodes what is whole and keeps the beginning of a character; `take` gives the text."""

    __slots__ = ('_texts', '_tail')

    def __init__(self):
        self._texts = []
        self._tail = b''

    def add(self, data):
        """Adds `data` (bytes). UnicodeError where no continuation could make it UTF-8."""
        data = self._tail + data
        whole = _whole_length(data)
        self._texts.append(decode_utf8(data[:whole]))
        self._tail = data[whole:]
        _check_beginning(self._tail)

    def take(self):
        """All of the text. UnicodeError where it ends within a character."""
        if self._tail:
            raise UnicodeError('text ends within a character')
        return ''.join(self._texts)


def _whole_length(data):
    """How much of `data` does not belong to a character that is cut off at the end."""
    n = len(data)
    for back in range(1, min(4, n) + 1):
        byte = data[n - back]
        if byte >= 0xC0:
            return n - back if _length(byte) > back else n
        if byte < 0x80:
            break
    return n


def _length(lead):
    return 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


def _check_beginning(tail):
    if not tail:
        return
    lead = tail[0]
    low, high = _SECOND.get(lead, (0x80, 0xBF))
    if lead < 0xC2 or lead > 0xF4 or (len(tail) > 1 and not low <= tail[1] <= high):
        raise UnicodeError('not UTF-8')
