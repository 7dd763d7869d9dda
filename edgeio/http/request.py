"""A request as the handler sees it: what its head says, and its body as events or as a whole."""

from ..errors import ProtocolError, StateError
from ..events import EventEmitter, call
from ..names import camel
from ..report import report
from ..running import Allowance, Running, charge, run, running_of
from ..tasks import Promise
from ..timers import set_immediate
from .handlers import watch_over
from .head import parse_again
from .limits import BODY_BUFFER
from .url import parse_query

MAX_WHOLE = 1048576
"""Bytes of a body that `read_body` puts together, unless another limit is named."""

PIECE_COST = 64
"""Bytes that a piece that waits counts beside its own: what the runtime needs to keep it. A stranger chooses the size
of chunks."""

SMALL = 1024
"""Bytes of a piece that a whole body is not put together from: up to that, pieces grow together as they come."""

_PACKED = ('head', 'method', 'url', 'headers')

_PAUSED, _HELD = 1, 2  # by the app, by handlers of its own that take their time

_ONE = Allowance(1, True)


class Request(EventEmitter):
    """One request. Events: data(bytes), end, close, error(exception).

    method, url ('/a?b=c' as it came), headers (Headers); complete: the whole body has come; aborted: the connection
    was lost before the response was finished. A body that nobody reads is not taken from the peer beyond a buffer,
    and dropped when the response ends. Apps may keep attributes of their own on it.

    A coroutine handler of `data` has the next piece wait until it has ended: it gets them in order, one at a time.
    Where a handler raises, the client gets a 500 as where that of the request does, and the body ends there.
    """

    complete = True
    aborted = False
    _query = None
    _pieces = None  # what came of the body and was not taken yet,
    _taken = 0  # behind so many that were
    _waiting = 0  # bytes in `_pieces`
    _collector = None
    running = None
    _stopped = 0  # by whom `data` is held back
    _flowing = False
    _ended = False
    _raw = None  # the head as it came, while packed
    _discarding = False

    def __init__(self, connection, head):
        self._events = None
        self.connection = connection
        self.head = head
        self.method = head.method
        self.url = head.url
        self.headers = head.headers
        if head.has_body:
            self.complete = False

    @property
    def path(self):
        """The url without its query, still escaped (str)."""
        mark = self.url.find('?')
        return self.url if mark < 0 else self.url[:mark]

    @property
    def query(self):
        """The query's fields (dict of str, a list where a field came several times). ProtocolError 400 if broken."""
        if self._query is None:
            self._query = parse_query(self.head.query_string)
        return self._query

    @property
    def http_version(self):
        """'1.1' or '1.0'."""
        return self.head.version

    @property
    def protocol(self):
        """'https' or 'http'."""
        return 'https' if self.connection.secure else 'http'

    @property
    def secure(self):
        """True under TLS."""
        return self.connection.secure

    @property
    def host(self):
        """Whom the client asked for: host or host:port (str); None where an HTTP/1.0 request does not say."""
        return self.head.host

    @property
    def ip(self):
        """The peer's address (str)."""
        return self.connection.peer[0]

    @property
    def keep_alive(self):
        """True where the connection may serve further requests."""
        return self.head.keep_alive

    @property
    def held(self):
        """True while the peer is not read because nobody takes what came of the body."""
        return self._waiting > BODY_BUFFER

    @property
    def memory(self):
        """Bytes (int) that are kept of it: its head, and what came of its body."""
        head = self.head.raw if self._raw is None else self._raw
        return len(head) + self._waiting + (0 if self._collector is None else self._collector.size)

    def pack(self):
        """Keeps the head only as it came over the wire, until somebody asks for what it says: for a request that
        outlives its response, as that of a WebSocket or a session does. A quarter of the memory.
        """
        if self._raw is None:
            self._raw = self.head.raw
            self.connection = self.connection.stream  # it has the peer; the HTTP connection is over
            self.head = self.method = self.url = self.headers = None  # MicroPython keeps a deleted attribute's value
            del self.head, self.method, self.url, self.headers
            self._query = None

    def __getattr__(self, name):
        if name not in _PACKED or self._raw is None:
            return camel(self, name)
        head = self.head = parse_again(self._raw)
        self.method, self.url, self.headers = head.method, head.url, head.headers
        return getattr(self, name)

    def emit(self, name, *args):
        """Calls the handlers of `name` with `args`; True where there were any."""
        return run(self, self, name, args, self)

    def watch_handler(self, work):
        """Runs a handler that takes its time (see events.call)."""
        return watch_over(work, self.handler_failed)

    def handler_failed(self, exc):
        """One of its handlers raised `exc`."""
        if self._raw is not None:  # another protocol goes on
            report(exc, self.method + ' ' + self.url)
            return
        self._ended = True
        self.discard()
        self.connection.handler_failed(self, exc)

    def pause(self):
        """Holds `data` back, and with it the peer, until `resume`."""
        self._stopped |= _PAUSED

    def resume(self):
        """Goes on with `data`."""
        self._go_on(_PAUSED)

    def new_running(self):
        """The Running, with the first handler that takes its time (see running.py). The connection counts it too."""
        return Running(self, _ONE, running_of(self.connection))

    def hold(self):
        """Holds `data` back, until `release`: its handlers' call."""
        self._stopped |= _HELD

    def release(self):
        """Goes on with `data`."""
        self._go_on(_HELD)

    def read_body(self, limit=MAX_WHOLE, done=None):
        """The whole body, once: calls `done(error, data)`, maybe at once; without `done` it returns what a task can
        await. A body above `limit` bytes is the error `http.body_too_large` (ProtocolError, status 413), a lost
        connection `http.aborted`. Raises StateError where the body is read already.
        """
        if self._flowing or self._collector is not None:
            raise StateError('http.body_taken', 'the body of this request is read already')
        promise = None
        if done is None:
            promise = Promise()
            done = _settle(promise)
        self._collector = _Collector(self, limit, done)
        self._wanted()
        for piece in self._take_pieces():
            self._collector.add(piece)
        if self.complete:
            self._collector.end()
        elif self.aborted:
            self._collector.fail(_aborted())
        return promise

    def push(self, piece):
        """The connection has a piece of the body."""
        if self._collector is not None:
            self._collector.add(piece)
        elif self._flowing and not self._stopped and not self._pieces:
            self.emit('data', piece)
        elif not self._discarding:
            self._pieces = self._pieces or []
            self._pieces.append(piece)
            self._waiting += len(piece) + PIECE_COST
            if self._waiting > BODY_BUFFER:
                self.connection.hold_body()

    def finish(self):
        """The connection has had the end of the body."""
        self.complete = True
        if self._collector is not None:
            self._collector.end()
        elif self._flowing and not self._pieces and not self._stopped:
            self._end()

    def fail(self, error):
        """The rest of the body will not come: `error` says why."""
        self.aborted = True
        self._take_pieces()
        if self._collector is not None:
            self._collector.fail(error)
        elif self._events:
            self.emit('error', error)

    def abort(self):
        """The connection is lost."""
        if not self.complete and not self.aborted:
            self.fail(_aborted())
        self.aborted = True

    def discard(self):
        """Nobody will read the rest of the body: the response has ended."""
        self._discarding = True
        self._take_pieces()

    def _add(self, name, handler, first=False):
        EventEmitter._add(self, name, handler, first)
        if not self._flowing and name in ('data', 'end') and self._collector is None:
            self._flowing = True
            self._wanted()
            # Not at once: handlers of `end` and `error` may be registered after that of `data`.
            set_immediate(self._deliver)

    def _wanted(self):
        if not self.complete and not self._pieces:
            self.connection.send_continue(self.head)

    def _go_on(self, stop):
        self._stopped &= ~stop
        if self._flowing:
            set_immediate(self._deliver)

    def _deliver(self):
        while self._pieces and not self._stopped:
            self.emit('data', self._take_piece())
        if self.complete and not self._stopped and not self._pieces:
            self._end()

    def _end(self):
        if not self._ended:
            self._ended = True
            self.emit('end')

    def _take_piece(self):
        """The piece that has waited longest. Taking all, one by one, is linear in their number."""
        pieces, at = self._pieces, self._taken
        piece, pieces[at] = pieces[at], None
        at += 1
        if at * 2 >= len(pieces):
            self._pieces, at = pieces[at:] or None, 0
        self._taken = at
        self._wait_for(self._waiting - len(piece) - PIECE_COST)
        return piece

    def _take_pieces(self):
        pieces, self._pieces = (self._pieces or ())[self._taken :], None
        self._taken = 0
        self._wait_for(0)
        return pieces

    def _wait_for(self, waiting):
        held, self._waiting = self.held, waiting
        if held and not self.held:
            self.connection.release_body()


class _Collector:
    """Puts a body together and calls `done(error, data)` once."""

    __slots__ = ('_request', '_limit', '_done', '_pieces', 'size')

    def __init__(self, request, limit, done):
        self._request = request
        self._limit = limit
        self._done = done
        self._pieces = []
        self.size = 0
        if request.head.length > limit:
            self.fail(self._too_large(request.head.length))

    def add(self, piece):
        if self._done is None:
            return
        self.size += len(piece)
        self._keep(piece)
        if self.size > self._limit:
            self.fail(self._too_large(self.size))

    def end(self):
        if self._done is not None:
            pieces = self._pieces
            self._tell(None, pieces[0] if len(pieces) == 1 else b''.join([bytes(piece) for piece in pieces]))

    def _keep(self, piece):
        pieces = self._pieces
        if len(piece) > SMALL or not pieces:
            pieces.append(piece)
        elif type(pieces[-1]) is bytearray:
            pieces[-1].extend(piece)
        else:
            pieces.append(bytearray(piece))

    def fail(self, error):
        self._pieces = None
        if self._done is not None:
            self._tell(error, None)

    def _tell(self, error, data):
        done, self._done = self._done, None
        request = self._request
        task = call((done, 2, 2), (error, data), 'read_body', request)
        if task is not None:
            charge(request.connection, task, (data,))

    def _too_large(self, size):
        return ProtocolError(
            'http.body_too_large', 'the body is too large', size, self._limit, 'limit of the body parser', status=413
        )


def _settle(promise):
    return lambda error, data: promise.settle(data, error)


def _aborted():
    return ProtocolError('http.aborted', 'the connection was lost before the request had come whole')
