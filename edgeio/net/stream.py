"""A non-blocking byte stream: reads feed its protocol, writes queue and leave once per turn of the loop.

The protocol is any object with

    feed(data, end)    fresh input: the bytes of `data` before `end`
    on_eof()           the peer finished sending; the stream can still be written to
    on_drain()         the queue fell below the soft limit, after it had been above
    on_close(reason)   exactly once; nothing follows it

and may be replaced at any time (`stream.protocol = other`): that is how HTTP hands over to WebSocket.
"""

from .. import iosched
from ..compat import (
    EAGAIN,
    EINTR,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    monotonic_ms,
    receive,
    send_last,
    shut_down,
)
from ..pollset import change, forget, watch
from ..report import report
from ..sweep import Sweep
from ..timers import set_timeout
from .pieces import JOIN_LIMIT, joined, portion, rest_of

SOFT_LIMIT = 65536
"""Bytes queued above which `writable` is False, until `on_drain`."""

HARD_LIMIT = 16777216
"""Bytes queued above which a slow peer's stream is closed, reason 'write queue overflow'."""

MAX_PIECES = 512
"""Pieces of the queue; more are joined: a piece takes some fifty bytes of memory beside its own."""

LINGER = 10000
"""Milliseconds in which the peer must take WRITE_PROGRESS of what is queued, or the rest, once `finish` was called."""

WRITE_PROGRESS = 16384
"""Bytes that a peer must take in a time-out for writing, or all that waits: one that reads a byte a second is left."""

LAST_INPUT = 2000
"""Milliseconds that `finish` then waits for the peer to close. A socket closed with unread input is reset by the
system, and the peer could lose what was written last: so input is read, and dropped."""

_finishing = Sweep(100)


class Stream:
    """A connected, non-blocking socket (or any object with its fileno, setblocking, recv, send, shutdown and close).

    protocol: who is told, see above; peer: (host, port); secure: True under TLS; closed: True from the moment
    that the socket is given back; queued: bytes that wait to be written; limits: (soft, hard) bytes.
    """

    __slots__ = (
        'fd', 'mask', 'sock', 'protocol', 'peer', 'queued', 'limits', 'owed', 'admission', 'bucket', '_out', '_ending',
        '_flags', '_needed', '_left',
    )  # fmt: skip

    secure = False
    certificate = None
    overhead = 0
    """Bytes that what is below the protocol holds of a connection."""

    def __init__(self, sock, protocol=None, peer=('', 0), limits=(SOFT_LIMIT, HARD_LIMIT)):
        sock.setblocking(False)
        self.sock = sock
        self.fd = sock.fileno()
        self.protocol = protocol
        self.peer = peer
        self.limits = limits
        self.queued = 0
        self.owed = 0
        self.admission = None  # who counts it
        self.bucket = None
        self._out = None  # None, one bytes object, or a list of them
        self._ending = None  # the reason to close with once the queue is empty
        self._flags = 0
        self._needed = 1  # by how many its place in the admission is: by itself, and by who runs for the peer
        watch(self, POLLIN)

    @property
    def closed(self):
        """True once the stream is closed."""
        return self.sock is None

    @property
    def memory(self):
        """Bytes (int) that are held for the peer: its queue, what the protocol has of it, and what is below that."""
        return self.overhead + self.queued + getattr(self.protocol, 'memory', 0)

    @property
    def writable(self):
        """False while more than the soft limit is queued, and after the end of writing."""
        return not self._flags & (_FULL | _NO_WRITE)

    @property
    def blocked(self):
        """True while the system takes no more of what is queued."""
        return bool(self._flags & _BLOCKED)

    def write(self, data):
        """Queues `data` (bytes). It leaves at the end of this turn of the loop, together with what else is queued."""
        flags = self._flags
        if flags & _NO_WRITE:
            return
        out = self._out
        if out is None:
            self._out = data
            if not flags & _BLOCKED:
                iosched.mark_dirty(self)
        elif type(out) is list:
            out.append(data)
            if len(out) % MAX_PIECES == 0:
                self._out = joined(out)
        else:
            self._out = [out, data]
        queued = self.queued = self.queued + len(data)
        if queued > self.limits[0]:
            self._fill()

    def flush(self):
        """Writes what is queued, as far as the socket takes it. The loop calls it."""
        out = self._out
        if out is None or self.sock is None:
            return
        if type(out) is list:
            if self.queued > JOIN_LIMIT:
                self._flush_pieces(out)
                return
            out = b''.join(out)
        sent = self._send(out)
        if sent == len(out):
            self._out = None
            self.queued = 0
            if self._flags:
                self._emptied()
        elif sent >= 0:
            self._out = rest_of(out, sent)
            self.queued -= sent
            self.owed -= sent
            self._block()

    def on_readable(self):
        """Reads once and feeds the protocol. The loop calls it."""
        try:
            data = receive(self.sock)
        except OSError as exc:
            if exc.errno not in _AGAIN:
                self.abort('transport error')
            return
        except MemoryError as exc:
            self._fail(exc)
            return
        if not data:
            self._end_of_input()
            return
        if self._flags & _DROP_INPUT:
            return
        try:
            self.protocol.feed(data, len(data))
        except Exception as exc:
            self._fail(exc)

    def on_ready(self, mask):
        """Everything but a plain read: room to write, errors, the far end hanging up. The loop calls it."""
        if mask & POLLOUT:
            self.flush()
        if mask & ~POLLOUT and self.sock is not None:
            if self.mask & POLLIN:
                self.on_readable()
            elif mask & (POLLERR | POLLHUP):
                self.abort('transport close')

    def pause(self):
        """Stops reading: the peer is held back by its own full send buffer."""
        self._flags |= _PAUSED
        self._read_or_not()

    def resume(self):
        """Reads again."""
        if self._ending is None:
            self._flags &= ~_PAUSED
            self._read_or_not()

    def hold(self):
        """Stops reading, whatever `resume` says, until `release`: those above cannot take more. Not after `finish`."""
        if self._ending is None:
            self._flags |= _HELD
            self._read_or_not()

    def release(self):
        """Lets the protocol go on with what it kept (it is fed nothing), then reads again: unless it holds again."""
        if self.sock is None or not self._flags & _HELD:
            return
        self._flags &= ~_HELD
        try:
            self.protocol.feed(b'', 0)
        except Exception as exc:
            self._fail(exc)
        self._read_or_not()

    def shut(self):
        """Ends the sending side once the queue is written; reading goes on."""
        if not self._flags & _NO_WRITE:
            self._flags |= _NO_WRITE | _SHUT
            if self._out is None:
                self._emptied()

    def finish(self, reason='forced close', eof=False):
        """Closes once the queue is written and the peer has closed, or the time for that is up (LINGER, LAST_INPUT).

        Input that still comes is dropped. eof: the peer has said its last word, and is not waited for (under TLS it
        is: it ends that by itself).
        """
        if self.sock is None or self._ending is not None:
            return
        self._ending = reason
        self._flags = self._flags & ~_HELD | _NO_WRITE | _DROP_INPUT
        if eof and not self.secure:
            self._flags |= _EOF
            self.flush()
            if self.sock is None:
                return
        if self._out is None:
            self._emptied()
        else:
            self.pause()
            self._left = self.queued
            _finishing.watch(self, monotonic_ms() + LINGER)

    def on_deadline(self, now):
        """The sweep's call: the time to finish is up, unless the peer takes its time, and what is queued."""
        if self.queued and self._left - self.queued >= WRITE_PROGRESS:
            self._left = self.queued
            return now + LINGER
        self.abort(self._ending)
        return None

    def abort(self, reason='forced close'):
        """Closes now; what is queued is lost. The protocol's `on_close(reason)` follows at once; once only.

        A reason that `finish` was given before is the one that counts.
        """
        sock = self.sock
        if sock is None:
            return
        if self._ending is not None:
            reason = self._ending
        self.sock = None
        self._out = None
        self.queued = 0
        self._flags |= _NO_WRITE
        forget(self, True)
        if self.bucket is not None:
            _finishing.drop(self)
        try:
            sock.close()
        except OSError:
            pass
        protocol, self.protocol = self.protocol, None
        if protocol is not None:
            try:
                protocol.on_close(reason)
            except Exception as exc:
                report(exc, 'a close')
        self.ended(self)

    shed = abort

    def begun(self):
        """Something runs for the peer: until `ended`, its place among the connections is not another's, even when the
        stream is closed. (A Running's call.)"""
        self._needed += 1
        if self._needed == 1 and self.admission is not None:
            self.admission.stay(self.peer[0])

    def ended(self, what):
        """One that had begun has ended."""
        self._needed -= 1
        if self._needed == 0 and self.admission is not None:
            self.admission.leave(self.peer[0])

    def _read_or_not(self):
        """Watches for input, or does not, as the flags have it."""
        if self.sock is not None:
            reads = not self._flags & (_PAUSED | _HELD | _EOF)
            change(self, self.mask | POLLIN if reads else self.mask & ~POLLIN)

    def _fail(self, exc):
        self.abort('internal error')  # first: what it held may be the memory that was missing
        report(exc, 'a protocol')

    def _send(self, data):
        """How many bytes the socket took; -1 where it failed, and the stream is closed."""
        try:
            if self._ending is not None and self._flags & _EOF:
                return send_last(self.sock, data)
            return self.sock.send(data)
        except OSError as exc:
            if exc.errno in _AGAIN:
                return 0
            self.abort('transport error')
            return -1

    def _flush_pieces(self, out):
        # More is queued than is worth joining: the system gets it in portions, and what it does not take stays.
        i = 0
        while i < len(out):
            piece, i = portion(out, i)
            sent = self._send(piece)
            if sent < 0:
                return
            self.queued -= sent
            self.owed -= sent
            if sent < len(piece):
                self._out = [rest_of(piece, sent)] + out[i:]
                self._block()
                return
        self._out = None
        if self._flags:
            self._emptied()

    def _fill(self):
        if self.queued > self.limits[1]:
            # Not from inside write: whoever writes to many must not lose one under its hands.
            self._flags |= _NO_WRITE
            set_timeout(self.abort, 0, 'write queue overflow')
        self._flags |= _FULL

    def _block(self):
        if not self._flags & _BLOCKED:
            self._flags |= _BLOCKED
            change(self, self.mask | POLLOUT)
        if self._flags & _FULL and self.queued <= self.limits[0]:
            self._drained()

    def _emptied(self):
        if self._flags & _BLOCKED:
            self._flags &= ~_BLOCKED
            change(self, self.mask & ~POLLOUT)
        if self._ending is not None:
            self._await_close()
            return
        if self._flags & _SHUT:
            self._flags &= ~_SHUT
            if not shut_down(self.sock):
                self.abort('transport close')
                return
        if self._flags & _FULL:
            self._drained()

    def _await_close(self):
        # Shut down in any case: where input is unread, a close alone is a reset, and drops what has not left yet.
        if not shut_down(self.sock) or self._flags & _EOF:
            self.abort(self._ending)
            return
        _finishing.watch(self, monotonic_ms() + LAST_INPUT)
        self._flags &= ~_PAUSED
        self._read_or_not()

    def _drained(self):
        self._flags &= ~_FULL
        if not self._flags & _NO_WRITE:
            try:
                self.protocol.on_drain()
            except Exception as exc:
                self._fail(exc)

    def _end_of_input(self):
        if self._ending is not None:
            self.abort(self._ending)
            return
        self._flags |= _EOF
        change(self, self.mask & ~POLLIN)
        try:
            self.protocol.on_eof()
        except Exception as exc:
            self._fail(exc)


_FULL, _BLOCKED, _PAUSED, _EOF, _NO_WRITE, _SHUT, _DROP_INPUT, _HELD = 1, 2, 4, 8, 16, 32, 64, 128
_AGAIN = (EAGAIN, EINTR)
