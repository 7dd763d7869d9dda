"""The beginning and the end of a printed exception.

The whole may be as large as a message: it is never in memory, only printed through here. This is loaded from the
beginning: when something is reported, memory may be short.
"""

import io
import sys

MAX_PIECES = 8192
"""Pieces that are looked at: a value inside of another is printed character by character, at about a
microsecond each on a desktop."""


class _Enough(Exception):
    """Stops the printing."""


class _Excerpt(io.IOBase):
    def __init__(self, half):
        self.half = half
        self.head = bytearray()
        self.tail = bytearray()  # and up to as much before it
        self.length = 0
        self.pieces = 0

    def write(self, piece):
        size = len(piece)
        self.length += size
        self.pieces += 1
        if self.pieces > MAX_PIECES:
            raise _Enough
        room = self.half - len(self.head)
        if room > 0:
            self.head.extend(piece[:room])
        if size > room:
            self.tail.extend(piece[max(room, size - self.half) :] if size > 1 else piece)
            if len(self.tail) > 2 * self.half:
                self.tail = self.tail[-self.half :]
        return size


def exception_excerpt(exc, half):
    """(beginning, left out, end) of what print_exception prints: `half` bytes each, and what is between in words.

    ('...', '', '') where nothing is. Beyond MAX_PIECES the end is not known, and left out too.
    """
    printed = _Excerpt(half)
    try:
        sys.print_exception(exc, printed)
    except _Enough:
        return _text(printed.head), 'more than ' + str(printed.length - len(printed.head)) + ' characters', ''
    left_out = printed.length - 2 * half
    if left_out > 0:
        return _text(printed.head), str(left_out) + ' characters', _text(printed.tail[-half:])
    return _text(printed.head + printed.tail), '', ''


def _text(data):
    # Cut anywhere: an end may be in the middle of a character, of up to four bytes.
    for first in range(4):
        for last in range(4):
            try:
                return str(data[first : len(data) - last], 'utf-8')
            except UnicodeError:
                pass
    return repr(data)
