"""Messages that arrive in pieces: kept cheaply, and, where they are text, refused at the first byte that cannot be
UTF-8 (RFC 6455, section 8.1)."""

from ..compat import decode_utf8

BLOCK = 4096
"""Bytes that small pieces are gathered to, so that a peer which sends bytes one by one costs no object for each."""

# The second byte's range, where it is narrower than 80..BF (Unicode, table 3-7): no overlong form, no surrogate,
# nothing beyond U+10FFFF.
_SECOND = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}


class Pieces:
    """The bytes of a message: `add` pieces, `take` the whole. looked: (ms, bytes that had come) when somebody looked
    whether it gets on, None before."""

    __slots__ = ('_blocks', '_small', 'looked')

    def __init__(self):
        self._blocks = []
        self._small = bytearray()
        self.looked = None

    def add(self, piece):
        """Adds `piece` (bytes)."""
        if len(piece) < BLOCK:
            self._small += piece
            if len(self._small) < BLOCK:
                return
            piece = b''
        if self._small:
            self._blocks.append(bytes(self._small))
            self._small = bytearray()
        if piece:
            self._blocks.append(piece)

    def take(self):
        """All of them (bytes)."""
        if not self._blocks:
            return bytes(self._small)
        if self._small:
            self._blocks.append(bytes(self._small))
        return b''.join(self._blocks)


class TextPieces(Pieces):
    """The same for text: `add` raises UnicodeError where no continuation could make it UTF-8."""

    __slots__ = ('_cut',)

    def __init__(self):
        Pieces.__init__(self)
        self._cut = b''  # the beginning of a character whose end has not come

    def add(self, piece):
        """Adds `piece` (bytes)."""
        data = self._cut + piece
        whole = _whole_length(data)
        decode_utf8(data[:whole])
        self._cut = data[whole:]
        _check_beginning(self._cut)
        Pieces.add(self, piece)


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


def _check_beginning(cut):
    if not cut:
        return
    lead = cut[0]
    low, high = _SECOND.get(lead, (0x80, 0xBF))
    if lead < 0xC2 or lead > 0xF4 or (len(cut) > 1 and not low <= cut[1] <= high):
        raise UnicodeError('not UTF-8')
