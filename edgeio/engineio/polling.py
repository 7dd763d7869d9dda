"""The long-polling transport: packets out by a GET that is parked until there are some, packets in by POST."""

from .. import iosched
from ..compat import decode_utf8
from ..errors import ProtocolError
from ..report import report
from ..timers import set_immediate, set_timeout
from ..websocket.codec import MAX_TURN
from .codec import CLOSE, NOOP, decode_payload, encode_payload
from .errors import fail

CLOSE_TIMEOUT = 30000
"""Milliseconds that a closing session waits for the poll that takes its last packets."""

FRAME_HEAD = 6
"""Bytes that a packet of a POST counts beside its own, towards MAX_TURN: those of a small frame. So a client gets as
much done in one turn of the loop by POST as by WebSocket."""


class Polling:
    """A session's polls. parked: a GET waits for packets; posting: a POST is not answered; session: the Session."""

    __slots__ = ('session', '_res', '_base64', 'posting', '_queued', '_closing')

    name = 'polling'

    def __init__(self, session, base64):
        self.session = session
        self._res = None  # the response of the parked poll
        self._base64 = base64
        self.posting = False
        self._queued = False
        self._closing = False

    @property
    def parked(self):
        """True while a poll waits."""
        return self._res is not None

    def handle(self, req, res):
        """A request with this session's sid."""
        if req.method == 'GET':
            self._on_poll(req, res)
        elif req.method == 'POST':
            self._on_post(req, res)
        else:
            self.refuse(res, 400, 'a poll is GET or POST, not ' + req.method)

    # -- packets out ---------------------------------------------------------------------------------------------

    def flush_soon(self):
        """Answers the parked poll at the end of this turn of the loop, with all that is buffered by then."""
        if self._res is not None and not self._queued:
            self._queued = True
            iosched.mark_dirty(self)

    def flush(self):
        """The loop's call: answers the parked poll with what is buffered."""
        self._queued = False
        session = self.session
        if self._res is not None and session is not None and session.buffer:
            packets, session.buffer = session.buffer, []
            self.answer(packets)
            if self.session is not None:
                session.on_sent()

    def abort(self, reason):
        """The loop's call where `flush` failed: the session ends."""
        if self.session is not None:
            self.session.on_closed('transport error')

    def answer(self, packets):
        """Answers the parked poll with `packets`."""
        res, self._res = self._res, None
        res.lost = None
        session = self.session
        try:
            body = encode_payload(packets, session.protocol, self._base64)
            session.server.send_payload(res, body, session.compress)
        except Exception as exc:  # a listener of `headers` gave what cannot be one
            fail(exc, res)
            session.on_closed('transport error')

    def close_when_flushed(self):
        """The session is closing: what is buffered leaves with one poll, and a close packet with the next.

        Not together: clients act on a close packet before they have acted on the messages beside it.
        """
        self._closing = True
        set_timeout(self._give_up, CLOSE_TIMEOUT)
        if self._res is not None:
            self._answer_last()

    def session_closed(self, reason):
        """The session ended: a parked poll is answered, so that its client learns of it."""
        if self._res is not None and not self._res.ended:
            self.answer([NOOP if reason == 'transport close' else CLOSE])
        self.session = None

    def discard(self):
        """Another transport has taken over."""
        self.session = None

    def _on_poll(self, req, res):
        session = self.session
        if self._res is not None:
            session.on_closed('transport error')
            self.refuse(res, 400, 'a poll is pending already')
            return
        self._res = res
        res.lost = self._on_lost
        if self._closing:
            self._answer_last()
        elif session.buffer:
            self.flush()

    def _on_lost(self, reason):
        self._res = None
        if self.session is not None:
            self.session.on_closed('transport error')

    def _answer_last(self):
        session = self.session
        if session.buffer:
            self.flush()
        else:
            self.answer([CLOSE])
            session.on_closed('forced close')

    def _give_up(self):
        if self.session is not None:
            self.session.on_closed('forced close')

    # -- packets in ----------------------------------------------------------------------------------------------

    def _on_post(self, req, res):
        session = self.session
        kind = (req.headers.get('content-type') or 'text/plain').split(';')[0].strip().lower()
        binary = kind == 'application/octet-stream' and session.protocol == 3
        if kind != 'text/plain' and not binary:
            self.refuse(res, 400, 'Content-Type is not text/plain: ' + kind[:80])
        elif self.posting:
            session.on_closed('transport error')
            self.refuse(res, 400, 'a POST is under way already')
        else:
            self.posting = True
            limit = session.server.options['max_http_buffer_size']
            req.read_body(limit, Post(self, res, binary).on_body)

    def refuse(self, res, status, why):
        """Answers a request that is not served. status: of HTTP; why: text."""
        server = self.session.server if self.session is not None else None
        res.status_code = status
        res.set_header('Content-Type', 'text/plain; charset=utf-8')
        if server is not None:
            server.add_headers(res)
        res.end(why + '\n')


class Post:
    """Packets that a POST brought. size: bytes of its body. The next one may come once this is answered."""

    __slots__ = ('size', '_polling', '_res', '_binary', '_session', '_packets', '_next_turn')

    def __init__(self, polling, res, binary):
        self._polling = polling
        self._res = res
        self._binary = binary
        self._session = polling.session
        self.size = 0
        self._packets = None
        self._next_turn = None  # the Timer of the next one, where it has one

    def on_body(self, error, body):
        """The whole body came; or the request broke off, or was too large."""
        try:
            if error is None:
                self._begin(body)
            else:
                self._break_off(error)
        except Exception as exc:
            self._fail(exc, self._res)

    def take(self):
        """Gives the session packets that it has not had, up to the one that MAX_TURN is in; False where that, or its
        being held, comes before it had all. In the first case `session.release` follows in the next turn of the loop.

        Once it had all, and may have more, the answer is `ok`: until then the client keeps back what else it has.
        """
        session = self._session
        left = MAX_TURN
        if self._next_turn is not None:
            self._next_turn.clear()
        try:
            for packet in self._packets:
                session.on_packet(packet)
                if session.running is not None and session.held:
                    return False
                left -= FRAME_HEAD + len(packet)
                if left <= 0:
                    self._next_turn = set_immediate(session.release)
                    return False
        except ProtocolError as exc:
            self._refuse(exc)
        except Exception as exc:
            self._fail(exc, self._res)
        self.answer()
        return True

    def answer(self):
        """Answers it, once: the next POST may come."""
        res, self._res = self._res, None
        if res is not None:
            self._polling.posting = False
            try:
                if not res.closed:
                    self._session.server.send_ok(res)
            except Exception as exc:
                self._fail(exc, res)

    def _begin(self, body):
        polling, session = self._polling, self._session
        if polling.session is None and session.ws is None:
            polling.refuse(self._res, 400, 'the session is closed')
            return
        self.size = len(body)
        try:
            self._packets = decode_payload(body if self._binary else decode_utf8(body), session.protocol)
        except (ProtocolError, UnicodeError) as exc:
            self._refuse(exc)
            return
        session.take_post(self)

    def _refuse(self, exc):
        res, self._res = self._res, None
        self._session.on_closed('parse error')
        if res is not None and not res.closed:
            self._polling.refuse(res, 400, str(exc))

    def _break_off(self, error):
        polling = self._polling
        polling.posting = False
        if error.status == 413 and polling.session is not None:
            limit = self._session.server.options['max_http_buffer_size']
            why = 'the body is too large; expected: ' + str(limit) + ' bytes at most; setting: max_http_buffer_size'
            polling.refuse(self._res, 413, why)

    def _fail(self, exc, res):
        self._res = None
        if res is None:
            report(exc, 'a POST')
        else:
            fail(exc, res)
        self._session.on_closed('transport error')
