"""Frames on a line that may drop, change or insert bytes: COBS and a CRC.

    frame = COBS(body + CRC-32 of body, 4 bytes, big endian) + 0x00

COBS (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999) leaves no zero inside a frame, so a reader that
lost its place finds it again at the next zero.
"""

from binascii import crc32

DELIMITER = b'\0'

MAX_BODY = 4096
"""Bytes of a body at most: a reader throws longer frames away."""

_MAX_FRAME = MAX_BODY + 4 + (MAX_BODY + 4) // 254 + 2
_LONGEST = 254
"""The longest run of other bytes that one COBS block holds."""


def encode_frame(body):
    """`body` (bytes) as a frame, delimiter included."""
    return _stuff(body + crc32(body).to_bytes(4, 'big')) + DELIMITER


class FrameReader:
    """Takes the frames out of what a line brings.

    damaged: how many frames were thrown away because of their CRC, their COBS form or their length.
    """

    def __init__(self):
        self.damaged = 0
        self._rest = bytearray()
        self._skipping = False

    def feed(self, data):
        """The bodies (list of bytes) of the frames that `data` completes."""
        pieces = bytes(data).split(DELIMITER)
        bodies = []
        for piece in pieces[:-1]:
            self._add(piece)
            body = self._finish()
            if body is not None:
                bodies.append(body)
        self._add(pieces[-1])
        return bodies

    def _add(self, piece):
        if not self._skipping:
            self._rest += piece
            if len(self._rest) > _MAX_FRAME:
                self._rest.clear()
                self._skipping = True

    def _finish(self):
        stuffed, self._rest = self._rest, bytearray()
        skipped, self._skipping = self._skipping, False
        if not stuffed and not skipped:
            return None  # two delimiters in a row: a sender may put one before a frame, to end what noise began
        plain = None if skipped else _unstuff(stuffed)
        if plain is None or len(plain) < 5 or crc32(plain[:-4]).to_bytes(4, 'big') != plain[-4:]:
            self.damaged += 1
            return None
        return plain[:-4]


def _stuff(data):
    out = bytearray()
    for run in data.split(DELIMITER):
        while len(run) >= _LONGEST:
            out.append(_LONGEST + 1)
            out += run[:_LONGEST]
            run = run[_LONGEST:]
        out.append(len(run) + 1)
        out += run
    return bytes(out)


def _unstuff(data):
    """What was stuffed; None where `data` is not COBS."""
    out = bytearray()
    position, end = 0, len(data)
    while position < end:
        code = data[position]
        following = position + code
        if following > end:
            return None
        out += data[position + 1 : following]
        position = following
        if code <= _LONGEST and position < end:
            out.append(0)
    return bytes(out)
