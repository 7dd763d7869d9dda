"""HTTP/1.1 requests (RFC 9112), sans I/O: bytes in, calls out. No socket, no clock.

Two rules. A message that two servers could read differently is refused, and nothing after it is looked at. A head
is parsed only while the request before it has been answered (`held` is False): what follows is kept, unread.
"""

from ..errors import ProtocolError
from .grammar import TOKEN, has_bare_line_end
from .limits import LINE_COST, MAX_TURN

_HEAD, _LENGTH, _CHUNKED, _DEAD = range(4)


class RequestParser:
    """Subclasses define

        on_request(head)         a request began; its body, if `head.has_body`, follows
        on_data(piece)           bytes of its body
        on_end()                 its body is complete; not called without a body
        on_upgrade(head, rest)   another protocol is asked for, `rest` follows; True: taken over, parsing ends here
        on_partial()             the beginning of a head came, and not yet its end
        on_backlog()             input waits for `proceed`: because of `held`, or the turn is over (`max_pipelined`,
                                 MAX_TURN). Give it no more meanwhile
        on_violation(error)      ProtocolError: answer it, if that can be done, and close. Nothing more is parsed

    heads: the server's Heads; limits: options with the names of `limits.DEFAULTS`.
    """

    __slots__ = ('held', '_state', '_left', '_size', '_chunks', '_kept', '_scanned', '_turn', '_heads', '_limits')

    def __init__(self, heads, limits):
        self.held = False
        self._state = _HEAD
        self._left = 0  # bytes of the body that are still to come
        self._size = 0  # bytes of a chunked body that came
        self._chunks = None
        self._kept = None  # bytearray: the beginning of a head, or what waits for its turn
        self._scanned = 0  # how much of `_kept` is known not to hold a whole head
        self._turn = 0  # bytes that are left of this turn
        self._heads = heads
        self._limits = limits

    def feed(self, data, end):
        """Takes fresh input: the bytes of `data` before `end`."""
        if len(data) != end or type(data) is not bytes:
            data = bytes(memoryview(data)[:end])
        if self._kept is None and self._state == _HEAD and not self.held:
            head = self._heads.seen.get(data)
            if head is not None:
                self.on_request(head)
                return
        elif self._kept is not None:
            self._kept += data
            if self._state == _HEAD:
                if self.held:
                    self.on_backlog()
                    return
                if not self._head_is_whole():
                    return
            data, self._kept = bytes(self._kept), None
        self._run(data)

    def proceed(self):
        """Goes on with what was kept: with a body in any case, with a head now that `held` is False."""
        in_head = self._state == _HEAD
        if self._kept is None or in_head and self.held:
            return
        if not in_head or self._head_is_whole():
            data, self._kept = bytes(self._kept), None
            self._run(data)
        elif self._kept is not None:
            self.on_partial()

    def stop(self):
        """Ends parsing for good; input is dropped from now on."""
        self._state = _DEAD
        self._kept = None

    @property
    def stopped(self):
        """True after `stop`, a violation or an upgrade."""
        return self._state == _DEAD

    @property
    def backlog(self):
        """Bytes that wait to be parsed: the beginning of a head, or what has to wait for its turn (int)."""
        return 0 if self._kept is None else len(self._kept)

    @property
    def in_body(self):
        """True while a body is under way."""
        return self._state == _LENGTH or self._state == _CHUNKED

    def _run(self, data):
        at, end = 0, len(data)
        self._turn = MAX_TURN
        pipelined = self._limits['max_pipelined']
        try:
            while at < end and self._state != _DEAD:
                in_head = self._state == _HEAD
                if self._turn <= 0 or in_head and (self.held or not pipelined):
                    self._keep(data[at:])
                    self.on_backlog()
                    return
                if in_head:
                    pipelined -= 1
                    at = self._take_head(data, at)
                elif self._state == _LENGTH:
                    at = self._take_length(data, at)
                else:
                    at = self._take_chunked(data, at)
        except ProtocolError as error:
            self.stop()
            self.on_violation(error)

    def _take_head(self, data, at):
        # One empty line before a request is no fault (RFC 9112 section 2.2): some clients end bodies with it.
        start = at + 2 if data.startswith(b'\r\n', at) else at
        line_end = data.find(b'\r\n', start)
        stop = data.find(b'\r\n\r\n', line_end) if line_end >= 0 else -1
        if line_end == start:
            raise _empty_line()
        if stop < 0:
            self._keep(data[at:])
            if not self._head_is_whole() and self._kept is not None:
                self.on_partial()
            return len(data)
        self._check_size(line_end - start, stop - line_end)
        stop += 4
        self._turn -= stop - at
        head = self._heads.parse(data, start, line_end, stop)
        if head.upgrade and self.on_upgrade(head, data[stop:]):
            self.stop()
        else:
            self._begin(head)
        return stop

    def _begin(self, head):
        if head.chunked:
            from .chunked import ChunkedDecoder

            self._chunks = ChunkedDecoder(self._limits)
            self._size = 0
            self._state = _CHUNKED
        elif head.length:
            self._check_body(head.length)
            self._left = head.length
            self._state = _LENGTH
        self.on_request(head)

    def _take_length(self, data, at):
        piece = data[at : at + self._left]
        self._left -= len(piece)
        self.on_data(piece)
        if not self._left and self._state == _LENGTH:
            self._state = _HEAD
            self.on_end()
        return at + len(piece)

    def _take_chunked(self, data, at):
        chunks = self._chunks
        lines = chunks.lines = -(-self._turn // LINE_COST)
        at = chunks.take(data, at, self._on_chunk)
        self._turn -= (lines - chunks.lines) * LINE_COST
        if chunks.done and self._state == _CHUNKED:
            self._chunks = None
            self._state = _HEAD
            self.on_end()
        return at

    def _on_chunk(self, piece):
        self._size += len(piece)
        self._check_body(self._size)
        if self._state == _CHUNKED:
            self.on_data(piece)

    def _keep(self, data):
        self._kept = bytearray(data)
        self._scanned = 0

    def _head_is_whole(self):
        """True where `_kept` holds a whole head. Looks at each byte once, however small the pieces come."""
        kept, known = self._kept, self._scanned
        if kept.find(b'\r\n\r\n', max(0, known - 3)) >= 0:
            return True
        try:
            self._check_partial(kept, known)
        except ProtocolError as error:
            self.stop()
            self.on_violation(error)
            return False
        self._scanned = len(kept)
        return False

    def _check_partial(self, kept, known):
        if not known and kept[0] != 13 and kept[0] not in TOKEN:
            text = 'TLS is spoken, but this port is plain HTTP' if kept[0] == 22 else 'the request is malformed'
            raise ProtocolError('http.bad_method', text, repr(bytes(kept[:8])), 'a token such as GET')
        if has_bare_line_end(kept, known, len(kept)):
            raise ProtocolError('http.bare_line_end', 'a line of the head ends with a bare CR or LF', None, 'CR LF')
        start = 2 if kept[:2] == b'\r\n' else 0
        line_end = kept.find(b'\r\n', start, start + self._limits['max_request_line'] + 2)
        if line_end == start:
            raise _empty_line()
        if line_end < 0:
            self._check_size(len(kept) - start - 1, 0)
        else:
            self._check_size(line_end - start, len(kept) - line_end - 4)

    def _check_size(self, line, block):
        if line > self._limits['max_request_line']:
            raise ProtocolError(
                'http.line_too_long', 'the request line is too long', line, setting='max_request_line', status=414
            )
        if block > self._limits['max_header_bytes']:
            raise ProtocolError(
                'http.headers_too_long', 'the header fields are too long', block, setting='max_header_bytes', status=431
            )

    def _check_body(self, size):
        if size > self._limits['max_body']:
            raise ProtocolError(
                'http.body_too_large',
                'the body is too large',
                size,
                self._limits['max_body'],
                'max_body',
                status=413,
            )


def _empty_line():
    return ProtocolError('http.bad_request_line', 'the request line is empty', None, 'METHOD TARGET VERSION')
