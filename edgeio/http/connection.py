"""One HTTP connection: the parser as a stream's protocol. Requests are answered in order, one at a time."""

from ..compat import monotonic_ms
from ..errors import ProtocolError
from ..net.stream import WRITE_PROGRESS
from ..running import Running
from ..timers import set_immediate
from .codec import RequestParser
from .limits import BODY_PROGRESS, HALF_CLOSED, MAX_DRAIN
from .refusal import refusal

# What the connection waits for, and so which time-out applies.
_HEAD, _IDLE, _BODY, _RESPONSE, _READER, _LAST = range(6)


class HttpConnection(RequestParser):
    """Speaks HTTP on `stream` for `server`. closing: no request follows the one that is served now.

    It is a peer (see running.py): at `max_running_handlers` of its handlers that go on after their responses, further
    requests wait. The body of the one that is served is not held back by them: its handler may be among them. They
    also wait for the peer to take its answers: whoever asks and does not read is answered no further.
    """

    __slots__ = (
        'stream',
        'server',
        'request',
        'response',
        'closing',
        'running',
        'bucket',
        '_next_turn',
        '_phase',
        '_due',
        '_next_look',
        '_served',
        '_mark',
        '_unsent',
    )

    def __init__(self, server, stream):
        RequestParser.__init__(self, server.heads, server.limits)
        self.server = server
        self.stream = stream
        self.request = self.response = None  # those of the request that is served now
        self.closing = False
        self.running = None
        self.bucket = None
        self._next_turn = None  # the Timer of it, where input waits for that
        self._served = 0  # requests so far
        self._mark = 0  # where a slow exchange stood at the last look: bytes or requests (below 0: see _look_at_rest)
        self._unsent = 0  # bytes that waited for the peer then
        self._next_look = None
        stream.protocol = self
        self._wait(_HEAD, 'header_timeout')

    @property
    def peer(self):
        """(host, port) of the client."""
        return self.stream.peer

    @property
    def secure(self):
        """True under TLS."""
        return self.stream.secure

    @property
    def memory(self):
        """Bytes (int) that are held of the client: requests that wait, the one that is served and what answers it."""
        req, res = self.request, self.response
        return self.backlog + (0 if req is None else req.memory) + (0 if res is None else res.memory)

    # -- the parser's calls --------------------------------------------------------------------------------------

    def on_request(self, head):
        """A request has come: its handler runs at once."""
        server = self.server
        self._served += 1
        if self._served == server.max_requests:
            self.closing = True
        self.held = True
        req = self.request = server.request_class(self, head)
        res = self.response = server.response_class(self, req, head.plain and not self.closing)
        if head.has_body:
            self._wait(_READER if head.expects_continue else _BODY, 'body_timeout')
        server.serve(req, res)
        if self.response is res and not head.has_body:
            self._wait(_RESPONSE, 'write_timeout')

    def on_data(self, piece):
        """A piece of the body has come."""
        self._mark += len(piece)
        req = self.request
        if req is not None:
            req.push(piece)
        elif self._mark > MAX_DRAIN:
            # Nobody wants it and the response is out: reading on would only serve the peer's stubbornness.
            self._close('transport close')

    def on_end(self):
        """The body is complete."""
        req = self.request
        if req is None:
            self._after_response()
            return
        req.finish()
        if self.request is req:
            self._wait(_RESPONSE, 'write_timeout')

    def on_upgrade(self, head, rest):
        """The client asks for another protocol: an engine mounted on that path takes the stream over."""
        req = self.server.request_class(self, head)
        if self.server.take_upgrade(req, self.stream, rest):
            self.server.sweep.drop(self)
            self.server.forget(self)
            return True
        return False

    def on_partial(self):
        """A head has begun."""
        if self._phase == _IDLE:
            self._wait(_HEAD, 'header_timeout')

    def on_backlog(self):
        """Input waits: the peer is held back until its turn."""
        self.stream.pause()
        if self.in_body or not self.held:
            self._go_on_soon()

    def on_violation(self, error):
        """The peer broke the protocol: it is told, unless a response is under way, and the connection ends."""
        if self.stream.closed:
            return
        self.server.note_violation(error, self)
        req, res = self.request, self.response
        if req is None:
            if self._phase != _BODY:  # there, the response is out already
                self._refuse(error)
        else:
            self.close_after_response()
            req.fail(error)
            if self.response is res:
                self._give_up(res, error)
        self._close('transport error')

    # -- the stream's calls --------------------------------------------------------------------------------------

    def on_eof(self):
        """The peer will send no more. A request that came whole is answered; the app has HALF_CLOSED ms to begin. An
        engine has none: its clients go when they end their side, and it shall know at once.
        """
        res = self.response
        begun = res is not None and res.headers_sent
        if res is None or self.in_body or not begun and self.request.head.engine:
            self.stream.finish('transport close')
            return
        self.close_after_response()
        self.stop()
        if not begun:
            self._phase = _LAST
            self._due = self._next_look = monotonic_ms() + HALF_CLOSED
            self.server.sweep.watch(self, self._due)

    def on_drain(self):
        """There is room again."""
        if self.response is None:
            self.release()
        elif self.response._events:
            self.response.emit('drain')

    def on_close(self, reason):
        """The stream is closed: whoever is served is told."""
        self.stop()
        self.server.sweep.drop(self)
        self.server.forget(self)
        req, self.request = self.request, None
        res, self.response = self.response, None
        if req is not None:
            req.abort()
            if res is not None:
                res.connection_lost(reason)
            if req._events:
                req.emit('close')

    # -- the messages' calls -------------------------------------------------------------------------------------

    def response_ended(self, res):
        """`res` has been written."""
        if self.response is not res:
            return
        req, self.request, self.response = self.request, None, None
        self.held = self._is_held_back()
        if self._phase != _IDLE or self.closing:
            if req.complete or self.closing:
                if req.held:
                    self.release_body()
                self._after_response()
            else:
                req.discard()
                self._mark = 0
        if req._events:
            req.emit('close')

    def handler_failed(self, req, exc):
        """A handler of the events of `req`, or of its body, raised `exc`."""
        self.server.fail(exc, req, self.response if self.request is req else None)

    def connection_line(self, req):
        """The Connection field that a response to `req` needs (bytes; b'' for none)."""
        if not req.complete and (req.head.expects_continue or req.head.length - self._mark > MAX_DRAIN):
            self.closing = True
        if self.closing or not req.keep_alive:
            self.closing = True
            return b'Connection: close\r\n'
        return b'' if req.http_version == '1.1' else b'Connection: keep-alive\r\n'

    def close_after_response(self):
        """No further request is served."""
        self.closing = True
        if self.response is not None:
            self.response.not_plain()

    def send_continue(self, head):
        """The body is wanted: a client that waits for a word sends it now (RFC 9110 section 10.1.1)."""
        res = self.response
        if head.expects_continue and self._mark == 0 and res is not None and not res.headers_sent:
            self.stream.write(b'HTTP/1.1 100 Continue\r\n\r\n')
            self._wait(_BODY, 'body_timeout')

    def hold_body(self):
        """The body is not taken: stop reading."""
        self.stream.pause()

    def release_body(self):
        """The body is taken again."""
        if not self.backlog:
            self.stream.resume()
        elif self.in_body:
            self._go_on_soon()

    def abort(self, reason='forced close'):
        """Closes the connection at once."""
        self.stream.abort(reason)

    def stop_serving(self):
        """The server stops: an idle connection closes now, another one after its response."""
        self.close_after_response()
        if self.response is None and not self.in_body:
            self._close('server stop')

    # -- the handlers' calls (see running.py) --------------------------------------------------------------------

    def new_running(self):
        """The Running, with the first handler that takes its time."""
        return Running(self, self.server.allowance, self.stream)

    def hold(self):
        """Begins no further request, until `release`."""
        self.held = True
        if self.backlog:
            self.stream.pause()

    def release(self):
        """Goes on with the next request, unless one is served."""
        if self.request is None:
            self.held = self._is_held_back()
            self._go_on()

    def _is_held_back(self):
        return self.running is not None and self.running.held or not self.stream.writable

    # -- time-outs -----------------------------------------------------------------------------------------------

    def on_deadline(self, now):
        """The sweep's call: the next deadline (ms), or None once the connection is over."""
        if self.stream.closed:
            return None
        if now >= self._due:
            self._look(now)
        if self.stream.closed:
            return None
        self._next_look = self._due
        return self._due

    def _look(self, now):
        limits = self.server.limits
        phase = self._phase
        if phase <= _IDLE and (self.held or self.stream.queued):
            asked = abs(self._mark) != self._served
            self._look_at_queue(now, WRITE_PROGRESS if asked else self._unsent - self.stream.queued)
            self._mark = self._served
        elif phase == _IDLE:
            self._look_at_rest(now)
        elif phase == _RESPONSE:
            self._look_at_queue(now, self._taken() - self._mark)
            self._mark = self._taken()
        elif phase == _LAST and self.response.headers_sent:
            self._wait(_RESPONSE, 'write_timeout')
        elif phase == _LAST:
            self._close('transport close')
        elif phase == _READER:
            # The peer waits for a word, until it has begun unasked, or has had another one.
            begun = self._mark or self.response is None or self.response.headers_sent
            self._wait(_BODY if begun else _READER, 'body_timeout')
        elif phase == _BODY and (self._mark >= BODY_PROGRESS or self.backlog or self._holds_body()):
            self._mark = 1
            self._due = now + limits['body_timeout']
        else:
            self._time_out(phase)

    def _look_at_queue(self, now, taken):
        # taken: bytes since the last look, where there was one.
        if self._unsent and self.stream.blocked and taken < WRITE_PROGRESS:
            self.abort('write timeout')
        self._unsent = self.stream.queued
        self._due = now + self.server.limits['write_timeout']

    def _look_at_rest(self, now):
        # No clock is read for a request: it is the second look without one that tells, half the time-out behind the
        # first. So who is closed had all of the time-out, and half as long again at most.
        served = self._served
        if self._mark == -served:
            self._close('keep-alive timeout')
        self._mark = -served if self._mark == served else served
        self._due = now + (self.server.limits['keep_alive_timeout'] + 1 >> 1)

    def _taken(self):
        return 0 if self.response is None else self.response.written - self.stream.queued

    def _time_out(self, phase):
        what, setting = ('head', 'header_timeout') if phase == _HEAD else ('body', 'body_timeout')
        if phase == _HEAD and not self.backlog:
            self._close('header timeout')  # nothing was asked, so there is nothing to answer
            return
        self.stop()
        self.on_violation(
            ProtocolError(
                'http.timeout', 'the ' + what + ' of the request did not come in time', None, None, setting, status=408
            )
        )

    def _wait(self, phase, setting, halved=0):
        self._phase = phase
        self._mark = 0
        self._unsent = self.stream.queued
        self._due = due = monotonic_ms() + (self.server.limits[setting] + halved >> halved)
        # The sweep looks again in any case; it is called for only where it would come too late.
        if self._next_look is None or due < self._next_look:
            self._next_look = due
            self.server.sweep.watch(self, due)

    # -- the end -------------------------------------------------------------------------------------------------

    def _go_on_soon(self):
        # Once a turn, however many ask for it: the others have theirs in between.
        if self._next_turn is None:
            self._next_turn = set_immediate(self._take_turn)

    def _take_turn(self):
        self._next_turn = None
        self._go_on()

    def _go_on(self):
        waits = self._holds_body() if self.in_body else self.held
        if not (waits or self.stream.closed or self.stopped):
            self.stream.resume()
            self.proceed()

    def _holds_body(self):
        return self.request is not None and self.request.held

    def _after_response(self):
        if self.closing:
            self._close('transport close')
        else:
            self._wait(_IDLE, 'keep_alive_timeout', 1)
            self._mark = self._served
            if self._kept is not None:
                self._go_on_soon()

    def _close(self, reason):
        """Ends the connection once what is queued is written."""
        self.stop()
        self.server.sweep.drop(self)
        self.stream.finish(reason)

    def _refuse(self, error):
        self.closing = True
        self.stream.write(refusal(error))

    def _give_up(self, res, error):
        """Nobody answered for the request that broke off: say what was wrong, or break off too."""
        if res.headers_sent:
            self.abort('transport error')
            return
        self.request = self.response = None
        self._refuse(error)
        res.connection_lost('transport error')
