"""Sends a long body piece by piece, as the peer takes it: a file is never in memory as a whole."""

from ..report import report
from ..timers import set_immediate
from .limits import PIECE

PIECES = 16
"""Pieces that one turn of the loop moves: others are served in between."""


class BytesSource:
    """A body that is in memory already, as something to read from."""

    __slots__ = ('_view', '_at')

    def __init__(self, data):
        self._view = memoryview(data)
        self._at = 0

    def read(self, n):
        """The next `n` bytes at most."""
        piece = bytes(self._view[self._at : self._at + n])
        self._at += len(piece)
        return piece

    @property
    def memory(self):
        """Bytes (int) of it: all are kept until the last has left."""
        return len(self._view)

    def close(self):
        """Lets the body go."""
        self._view = memoryview(b'')


class Pump:
    """Writes `length` bytes of `source` (read(n), close()) to a response, then calls `done(None)`.

    done(error) comes once, with an exception where the source fails or ends early: the response is then broken off,
    since its head is out. When the connection is lost, the source is closed and done(None) is not called.
    """

    __slots__ = ('_res', '_source', '_left', '_done', '_again')

    def __init__(self, res, source, length, done):
        self._res = res
        self._source = res.source = source
        self._left = length
        self._done = done
        self._again = None
        res.on('close', self._stop)
        res.on('drain', self._step)
        self._step()

    def _step(self):
        if self._source is None:
            return
        pieces = PIECES
        while self._left and self._has_room():
            if pieces == 0:
                self._again = self._again or set_immediate(self._go_on)
                return
            pieces -= 1
            if not self._take():
                return
        if not self._left:
            self._stop()
            self._done(None)

    def _go_on(self):
        self._again = None
        self._step()

    def _has_room(self):
        # What the system takes at once leaves at once: the queue, and a board's heap, never hold much of a long body.
        stream = self._res.stream
        if not stream.blocked:
            stream.flush()
        return self._source is not None and self._res.writable

    def _take(self):
        """Moves one piece; False where that failed."""
        try:
            piece = self._source.read(min(PIECE, self._left))
        except OSError as exc:
            self._fail(exc)
            return False
        if not piece:
            self._fail(OSError(5, 'the source ended ' + str(self._left) + ' bytes early'))
            return False
        self._left -= len(piece)
        self._res.put(piece)
        return True

    def _stop(self, reason=None):
        source, self._source = self._source, None
        self._res.source = None
        if source is not None:
            source.close()

    def _fail(self, error):
        self._stop()
        report(error, 'the body of a response')
        self._res.destroy('internal error')
        self._done(error)
