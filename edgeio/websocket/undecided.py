"""A WebSocket handshake that waits for the app: for a middleware, `allow_request` or `origins` to answer."""

from ..errors import ProtocolError, StateError
from ..report import report
from ..timers import clear_timeout, set_timeout
from .handshake import refuse

DECISION_TIMEOUT = 60000
"""Milliseconds that a handshake waits for the app, whatever it is that the app does not answer."""


class Undecided:
    """The protocol of its stream meanwhile. stream: None once the peer is gone.

    The peer is held back from its first byte on, so that no more is kept than was read in one go. Between `settle` and
    the end, `fail` still knows what to do: whoever decides late has nobody else to catch what it raises.
    """

    __slots__ = ('stream', '_req', '_head', '_held', '_open', '_timer')

    def __init__(self, req, stream, head):
        """head: bytes that came after the request."""
        self.stream = stream
        self._req = req
        self._head = head
        self._held = False
        self._open = True  # nothing is decided
        self._timer = None
        stream.protocol = self

    @property
    def memory(self):
        """Bytes (int) that are held of the peer: its request, and what came too early."""
        return self._req.memory + len(self._head)

    def wait(self):
        """Gives the app DECISION_TIMEOUT ms from now, if it has not decided yet."""
        if self._open and self.stream is not None:
            self._timer = set_timeout(self._give_up, DECISION_TIMEOUT)

    def settle(self):
        """The app has agreed: gives (stream, head), for another protocol to go on with."""
        self._end()
        if self._held:
            self.stream.resume()
        return self.stream, self._head

    def refuse(self, error):
        """Answers with `error` (a ProtocolError), and closes the stream."""
        if self._open and self.stream is not None:
            self._end()
            refuse(self.stream, error)

    def fail(self, exc):
        """What decides, or goes on after it, raised `exc`: it is reported, and answered with 500; a ProtocolError is
        the client's fault, and gets that status instead."""
        fault = isinstance(exc, ProtocolError)
        if not fault:
            report(exc, 'the handshake of ' + self._req.url)
        if self._open:
            self.refuse(exc if fault else ProtocolError('ws.failed', 'Internal Server Error', status=500))
        elif self.stream is not None:
            self.stream.finish('internal error')  # the answer is out

    def feed(self, data, end):
        """Input that comes too early: it is kept."""
        self._head += bytes(memoryview(data)[:end])
        self._held = True
        self.stream.pause()

    def on_eof(self):
        """The peer gave up."""
        self.stream.abort('transport close')

    def on_drain(self):
        """Nothing was written."""

    def on_close(self, reason):
        """The stream is closed; the app's answer will find nobody."""
        self._end()
        self.stream = None

    def _end(self):
        self._open = False
        clear_timeout(self._timer)
        self._timer = None

    def _give_up(self):
        text = 'the app did not decide about a handshake in time'
        error = StateError('ws.undecided', text, self._req.url, 'within %d ms' % DECISION_TIMEOUT)
        report(error, 'the handshake of ' + self._req.url)
        self.refuse(ProtocolError('ws.undecided', 'the server did not decide in time', status=503))
