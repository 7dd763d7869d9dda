"""One WebSocket connection over a stream: pings answered, the closing handshake, close exactly once.

`Connection` is the stream's protocol and the decoder in one, so that a message goes from the socket to `on_text`
without a hop. What to do with messages is for its subclasses: Engine.IO's transport, WsServer's channel.
"""

from ..errors import OptionError, StateError
from ..timers import clear_timeout, set_immediate, set_timeout
from .codec import (
    ABNORMAL,
    BINARY,
    CLOSE,
    CLOSE_CODES,
    FIN,
    MAX_CONTROL,
    MAX_MESSAGE,
    NO_STATUS,
    NORMAL,
    PING,
    PONG,
    TEXT,
    TOO_BIG,
    Decoder,
    close_payload,
    frame,
    frame_head,
    may_be_sent,
    parse_close,
    text_frame,
)

LARGE = 8192
"""Bytes of a binary message from which it is not copied to stand behind its head."""

CLOSE_TIMEOUT = 5000
"""Milliseconds that the peer has to answer a close frame."""


class Connection(Decoder):
    """An open connection. stream: the Stream below, None once it is gone; closing: a close frame was sent;
    deflate: the Deflate that was negotiated, or None.

    Subclasses define on_text(text), on_binary(data) and on_closed(code, reason, wire_reason): code and reason as
    of RFC 6455 (ABNORMAL where no close frame came), wire_reason the stream's own ('transport close', ...).
    """

    __slots__ = ('stream', 'deflate', '_code', '_reason', 'closing', '_timer')

    def __init__(self, stream, max_message=MAX_MESSAGE, deflate=None):
        Decoder.__init__(self, True, max_message, None if deflate is None else deflate.inflate)
        self.stream = stream
        self.deflate = deflate
        self._code, self._reason = ABNORMAL, ''
        self.closing = False
        self._timer = None
        stream.protocol = self

    @property
    def memory(self):
        """Bytes (int) that are held of the peer."""
        return self.kept if self.deflate is None else self.kept + self.deflate.memory

    def send_text(self, text, compress=True):
        """Sends `text` (str) as one message; dropped once closing has begun."""
        if not self.closing:
            payload, deflate = text.encode(), self.deflate
            self.stream.write(text_frame(payload) if deflate is None else deflate.frame(TEXT, payload, compress))

    def send_binary(self, data, compress=True):
        """Sends `data` (bytes) as one message; dropped once closing has begun."""
        if self.closing:
            return
        if self.deflate is not None:
            self.stream.write(self.deflate.frame(BINARY, data, compress))
        elif len(data) < LARGE:
            self.stream.write(frame(BINARY, data))
        else:
            self.stream.write(frame_head(FIN | BINARY, len(data)))
            self.stream.write(data)

    def ping(self, payload=b''):
        """Sends a ping (payload: 125 bytes at most)."""
        if len(payload) > MAX_CONTROL:
            raise StateError('ws.ping', 'a ping with too many bytes of payload', len(payload), MAX_CONTROL)
        if not self.closing:
            self.stream.write(frame(PING, payload))

    def close(self, code=NORMAL, reason=''):
        """Begins the closing handshake; the peer has CLOSE_TIMEOUT ms to answer. OptionError for a code that may not
        be sent (section 7.4), NO_STATUS aside: then the close frame is empty."""
        if code != NO_STATUS and not may_be_sent(code):
            raise OptionError('ws.close_code', 'not a close code that may be sent', code, CLOSE_CODES)
        if self.stream is not None and not self.closing:
            self._code, self._reason = code, reason
            self._send_close(code, reason)
            self._timer = set_timeout(self._give_up, CLOSE_TIMEOUT)

    def hold(self):
        """Reads no further, neither from the stream nor in what came of it, until `release`."""
        Decoder.hold(self)
        if self.stream is not None:
            self.stream.hold()

    def release(self):
        """Reads again; what was kept first."""
        Decoder.release(self)
        if self.stream is not None:
            self.stream.release()

    def on_more(self):
        """The peer has had its turn; the next one comes when all others have had theirs."""
        self.stream.pause()
        set_immediate(self._go_on)

    def on_control(self, opcode, payload):
        """Answers pings and close frames (sections 5.5.1 to 5.5.3)."""
        if opcode == PING:
            if not self.closing:
                self.stream.write(frame(PONG, payload))
        elif opcode == CLOSE:
            code, reason = parse_close(payload)
            self.stop()
            if not self.closing:
                self._code, self._reason = code, reason
                self._send_close(code, '')
            self.stream.finish('transport close', True)
        else:
            self.on_pong(payload)

    def on_pong(self, payload):
        """A pong came; nothing is owed to it."""

    def on_violation(self, error):
        """Tells the peer what it broke, and closes."""
        if self.stream is None:
            return
        self._code, self._reason = error.status, str(error)
        self._send_close(error.status, self._reason)
        self.stream.finish('transport error' if error.status != TOO_BIG else 'transport close')

    def on_eof(self):
        """The peer is gone without a close frame, or after the one that it owed."""
        self.stream.abort('transport close')

    def on_drain(self):
        """The queue fell below the soft limit."""

    def on_close(self, reason):
        """The stream is closed. It calls this once."""
        self.stop()
        self.stream = None
        self.closing = True
        clear_timeout(self._timer)
        self.on_closed(self._code, self._reason, reason)

    def _send_close(self, code, reason):
        if not self.closing:
            self.closing = True
            self.stream.write(frame(CLOSE, close_payload(code, reason)))

    def _go_on(self):
        if self.stream is not None:
            self.stream.resume()
            self.feed(b'', 0)

    def _give_up(self):
        if self.stream is not None:
            self.stream.abort('transport close')
