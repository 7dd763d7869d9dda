"""The chunked transfer coding of requests (RFC 9112 section 7.1), sans I/O: bytes in, pieces of the body out."""

from ..errors import ProtocolError
from .grammar import has_bare_line_end, is_field_text, is_hex
from .head import parse_fields
from .limits import MAX_CHUNK_EXTENSIONS, MAX_CHUNK_LINE

_SIZE, _DATA, _DATA_END, _TRAILER, _DONE = range(5)


class ChunkedDecoder:
    """Decodes one body. `take` reads on; `done` is True after the last byte of the trailer section; lines: how many
    more `take` may read, the owner sets it.

    Strict: a size is 1 to 8 hexadecimal digits, extensions are bounded, trailer fields are checked and dropped.
    """

    __slots__ = ('done', 'lines', '_state', '_left', '_line', '_extensions', '_trailer', '_max_bytes', '_max_headers')

    def __init__(self, limits):
        self.done = False
        self.lines = 0
        self._state = _SIZE
        self._left = 0
        self._line = bytearray()  # a line whose end has not come yet
        self._extensions = 0
        self._trailer = []
        self._max_bytes = limits['max_header_bytes']
        self._max_headers = limits['max_headers']

    def take(self, data, at, sink):
        """Decodes `data` (bytes) from `at` on, calls `sink(piece)` with the body's bytes; returns where it stopped:
        at the end of `data`, behind the body, or where there are no `lines` left. Raises ProtocolError.
        """
        end = len(data)
        while at < end and self._state != _DONE:
            if self._state == _DATA:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._state = _DATA_END
                sink(piece)
            elif self.lines > 0:
                self.lines -= 1
                at = self._take_line(data, at)
            else:
                break
        return at

    def _take_line(self, data, at):
        line = self._line
        known = len(line)
        limit = (MAX_CHUNK_LINE, 0, 2, self._max_bytes)[self._state]
        stop = min(len(data), at + limit - known)
        newline = data.find(b'\n', at, stop)
        if newline >= 0:
            stop = newline + 1
        line += data[at:stop]
        if has_bare_line_end(line, known, len(line)):
            raise ProtocolError('http.bare_line_end', 'a line of a chunked body ends with a bare CR or LF')
        if newline >= 0:
            self._line = bytearray()
            self._end_line(bytes(line[:-2]))
        elif len(line) >= limit:
            raise self._too_long()
        return stop

    def _end_line(self, line):
        if self._state == _SIZE:
            self._begin_chunk(line)
        elif self._state == _TRAILER:
            self._add_trailer(line)
        elif line:
            raise ProtocolError('http.bad_chunk', 'a chunk is longer than its size says', repr(line[:20]), 'CR LF')
        else:
            self._state = _SIZE

    def _begin_chunk(self, line):
        semicolon = line.find(b';')
        digits = line if semicolon < 0 else line[:semicolon]
        if not 0 < len(digits) <= 8 or not is_hex(digits) or not is_field_text(line):
            raise ProtocolError('http.bad_chunk', 'a chunk size is not usable', repr(line[:40]), 'hexadecimal digits')
        self._extensions += len(line) - len(digits)
        if self._extensions > MAX_CHUNK_EXTENSIONS:
            raise ProtocolError('http.chunk_extensions', 'too many chunk extensions', None, MAX_CHUNK_EXTENSIONS)
        self._left = int(digits, 16)
        self._state = _DATA if self._left else _TRAILER

    def _add_trailer(self, line):
        if not line:
            parse_fields(b''.join(self._trailer), self._max_headers)
            self._state = _DONE
            self.done = True
            return
        self._trailer.append(line + b'\r\n')
        self._max_bytes -= len(line) + 2
        if self._max_bytes < 2:
            raise self._too_long()

    def _too_long(self):
        if self._state == _DATA_END:
            return ProtocolError('http.bad_chunk', 'a chunk is longer than its size says', None, 'CR LF')
        if self._state == _TRAILER:
            setting = 'max_header_bytes'
            return ProtocolError('http.headers_too_long', 'the trailer is too long', setting=setting, status=431)
        return ProtocolError('http.chunk_line', 'a chunk size and its extensions are too long', None, MAX_CHUNK_LINE)
