"""HttpServer: listens, makes a connection of each stream, and gives requests to the handler or a mounted engine."""

from .. import apphost, pollset
from ..compat import is_generator, tune_gc
from ..errors import OptionError, ProtocolError, StateError
from ..events import EventEmitter, call, make_handler
from ..net.admission import HEAP_EACH, Admission
from ..net.budget import Budget
from ..net.listener import Listener
from ..net.stream import Stream
from ..options import read_options, require
from ..report import report
from ..running import Allowance, charge, run
from ..socket import sockaddr
from ..sweep import Sweep
from ..tasks import spawn
from ..timers import clear_timeout, set_immediate, set_timeout
from .connection import HttpConnection
from .handlers import watch_over
from .head import Heads
from .limits import DEFAULTS, check_limits
from .refusal import refuse_stream
from .request import Request
from .response import Response

TICK = 250
"""Milliseconds that a time-out may be late."""


def create_server(group, handler=None, subs=0, saddr=None, tls=None, **options):
    """An HttpServer, not yet started.

    group: its name (str); handler(req, res) gets the requests that no mounted engine takes; subs: worker processes
    besides this one; saddr: a socket.sockaddr (None: any address, port 8000); tls: None, or a dict of `net.tls.OPTIONS`
    (cert and key are paths of PEM files); options: see `limits.DEFAULTS`. Raises OptionError.
    """
    return HttpServer(group, handler, subs, saddr, tls, **options)


class HttpServer(EventEmitter):
    """Events: start, stop, close, request(req, res), client_error(error, peer).

    group, handler, subs, saddr as given to `create_server`, with its OptionError; limits: the bounds in force (dict);
    violations: how many peers broke the protocol (int).
    """

    request_class = Request
    response_class = Response
    app = None
    """The WebApp that this is the server of, if it is."""

    def __init__(self, group, handler=None, subs=0, saddr=None, tls=None, **options):
        EventEmitter.__init__(self)
        if handler is not None and not callable(handler):
            raise OptionError('http.handler', 'the handler must be callable', repr(handler), 'handler(req, res)')
        valid = isinstance(subs, int) and subs >= 0
        require('http.create_server', 'subs', subs, valid, 'a number of worker processes, 0 or more')
        known = saddr is None or hasattr(saddr, 'addr')
        require('http.create_server', 'saddr', saddr, known, 'socket.sockaddr(address, port)')
        self.group = group
        self.handler = handler
        self.subs = subs
        self.saddr = saddr
        self.limits = read_options('http.create_server', DEFAULTS, None, options)
        check_limits(self.limits)
        self._tls = None if tls is None else _read_tls(tls)
        self.max_requests = self.limits['max_requests']
        self.violations = 0
        self.heads = Heads(self.limits)
        self.allowance = Allowance(self.limits['max_running_handlers'])
        self.sweep = Sweep(TICK)
        self._connections = set()
        self._mounts = ()  # (path, engine), the longest path first
        self._listener = None
        self._admission = self._budget = None  # from `start` on
        self._workers = None
        self._stopping = None  # the callbacks of `stop`, while connections are still there
        self._stop_timer = None

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self):
        """Listens from now on; returns self. With `subs`, it returns in each worker process as well.

        Raises EdgeError `net.listen` where the address cannot be used, `http.no_fork` where workers cannot be had;
        StateError where it is started already.
        """
        if self._listener is not None:
            raise StateError('http.started', 'the server is started already', self.group)
        saddr = self.saddr = self.saddr or sockaddr(None, 8000)
        host, port = apphost.listen_on(saddr.addr, saddr.port)
        if self.subs:
            from .workers import Workers

            self._workers = Workers(self, lambda port: self._listen(host, port))
        self._listener = self._listen(host, port)
        if self.subs:
            self._listener = self._workers.start(self._listener, self.subs)
        set_immediate(tune_gc)
        apphost.started(self, self.group, host, self.port(), self.secure)
        self.emit('start')
        return self

    def stop(self, callback=None):
        """Stops listening, closes idle connections, lets responses under way be finished (`stop_timeout` ms at
        most), then calls `callback()`. Events: stop at once, close at the end. Streams that an engine took stay its.
        """
        if self._stopping is not None:
            self._stopping.append(callback)
            return
        self._stopping = [callback]
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._workers is not None:
            self._workers.stop()
            self._workers = None
        apphost.stopped(self)
        self.emit('stop')
        for connection in list(self._connections):
            connection.stop_serving()
        if self._connections:
            self._stop_timer = set_timeout(self._stop_now, self.limits['stop_timeout'])
        else:
            set_immediate(self._stopped)

    def port(self):
        """The port it listens on (int); None while it does not listen."""
        return None if self._listener is None else self._listener.port()

    @property
    def listening(self):
        """True between `start` and `stop`."""
        return self._listener is not None

    @property
    def secure(self):
        """True where it speaks TLS."""
        return self._tls is not None

    @property
    def connections(self):
        """How many connections (int) speak HTTP now (those that an engine took are not counted)."""
        return len(self._connections)

    # -- engines -------------------------------------------------------------------------------------------------

    def mount(self, path, engine):
        """Gives `engine` every request to `path` and below it, at any time before or after `start`.

        engine.handle_request(req, res) answers plain requests. engine.handle_upgrade(req, stream, head) gets those
        with `Upgrade: websocket`; head: bytes that came after the request. It must set `stream.protocol`, or finish
        or abort the stream, before it returns. Raises OptionError where something is mounted there already.
        """
        path = _mount_path(path)
        if any(taken == path for taken, _ in self._mounts):
            raise OptionError('http.mounted', 'something is mounted there already', path, setting='path')
        self._mounts = tuple(sorted(self._mounts + ((path, engine),), key=lambda mount: -len(mount[0])))
        self.heads.forget()

    def unmount(self, path):
        """Takes the engine at `path` away; fine where there is none. OptionError for what is no path."""
        path = _mount_path(path)
        self._mounts = tuple([mount for mount in self._mounts if mount[0] != path])
        self.heads.forget()

    # -- for connections -----------------------------------------------------------------------------------------

    def serve(self, req, res):
        """Gives a request to whom it is for. An exception is reported, and answered with 500."""
        try:
            if self._mounts:
                engine = self._engine_of(req.head)
                if engine:
                    engine.handle_request(req, res)
                    return
            if self._events is not None:
                run(req.connection, self, 'request', (req, res))
            if self.handler is None:
                self._serve_nobody(req, res)
                return
            result = self.handler(req, res)
            if result is not None and result is not res:
                self._take_result(result, req, res)
        except Exception as exc:
            self.fail(exc, req, res)

    def take_upgrade(self, req, stream, rest):
        """Gives a request for WebSocket to the engine on its path; False where there is none."""
        if req.head.upgrade != 'websocket':
            return False
        engine = self._engine_of(req.head)
        if not engine:
            return False
        before = stream.protocol
        try:
            engine.handle_upgrade(req, stream, rest)
            if stream.protocol is before and stream.writable:
                raise StateError('http.upgrade', 'the engine took an upgrade and did not set stream.protocol', req.url)
        except ProtocolError as exc:
            refuse_stream(stream, exc)  # the client's fault, such as a broken escape in the URL
        except Exception as exc:
            report(exc, 'the upgrade of ' + req.url)
            stream.abort('internal error')
        return True

    def fail(self, exc, req, res):
        """A handler failed: `exc` is reported once; the client gets 500, or a broken-off response once it began.

        A ProtocolError says by its status what the client gets; below 500 it is the client's fault, such as a broken
        escape in the URL, and not reported. res: None where the response is over.
        """
        told = isinstance(exc, ProtocolError)
        if not told or exc.status >= 500:
            report(exc, req.method + ' ' + req.url)
        if res is None or res.closed:
            return
        if res.headers_sent:
            res.destroy('internal error')
            return
        res.clear()
        res.status_code = exc.status if told else 500
        res.set_header('Content-Type', 'text/plain; charset=utf-8')
        res.end(str(exc) + '\n' if told else 'Internal Server Error\n')

    def note_violation(self, error, connection):
        """A peer broke the protocol."""
        self.violations += 1
        if self._events is not None:
            run(connection, self, 'client_error', (error, connection.peer))

    def forget(self, connection):
        """`connection` is closed, or no longer HTTP."""
        self._connections.discard(connection)
        if self._stopping is not None and not self._connections and self._stop_timer is not None:
            clear_timeout(self._stop_timer)
            self._stop_timer = None
            set_immediate(self._stopped)

    @property
    def busy(self):
        """True while anybody holds memory here: connections, WebSockets included, and sessions of engines."""
        return self._admission.total > 0 or any(getattr(engine, 'sessions', None) for _, engine in self._mounts)

    def holders(self):
        """(address, holder) of all that hold memory for a client (see net.budget)."""
        watchers, mine = list(pollset.watchers.values()), self._admission
        held = [(one.peer[0], one) for one in watchers if isinstance(one, Stream) and one.admission is mine]
        for _, engine in self._mounts:
            if hasattr(engine, 'holders'):
                held.extend(engine.holders())
        return held

    # -- inside --------------------------------------------------------------------------------------------------

    def _listen(self, host, port):
        limits = self.limits
        names = ('max_connections', 'max_connections_per_address')
        self._admission = Admission(limits[names[0]], limits[names[1]], names, HEAP_EACH)
        self._budget = Budget(limits['max_memory'], self.subs + 1, self)
        return Listener(
            host, port, self._on_stream, bool(self.subs), (limits['high_water'], limits['max_queued']), tls=self._tls,
            admission=self._admission, on_refused=_refuse, on_admitted=self._on_admitted,
        )  # fmt: skip

    def _on_stream(self, stream):
        self._connections.add(HttpConnection(self, stream))

    def _on_admitted(self):
        if self._budget.bucket is None:
            self._budget.watch(self.sweep)

    def _engine_of(self, head):
        """The engine for a request; False where there is none."""
        if head.engine is None:
            head.engine = self._find_engine(head.path)
        return head.engine

    def _find_engine(self, path):
        for prefix, engine in self._mounts:
            if path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == '/' or prefix == '/'):
                return engine
        return False

    def _serve_nobody(self, req, res):
        if not self.listener_count('request') and not res.ended:
            res.status_code = 404
            res.set_header('Content-Type', 'text/plain; charset=utf-8')
            res.end('Not Found\n')

    def _take_result(self, result, req, res):
        if is_generator(result):
            charge(req.connection, spawn(watch_over(result, lambda exc: self.fail(exc, req, res)), req.url))
        elif isinstance(result, Exception):
            self.fail(result, req, res)

    def _stop_now(self):
        self._stop_timer = None
        for connection in list(self._connections):
            connection.abort('server stop')
        self._stopped()

    def _stopped(self):
        callbacks, self._stopping = self._stopping or (), None
        self.sweep.close()
        self._budget = None  # a circle that the garbage collector would have to find
        self.emit('close')
        for callback in callbacks:
            if callback is not None:
                call(make_handler(callback), (), 'stop')


def _read_tls(options):
    from ..net.tls import Tls  # loaded only where it is used

    return Tls(options)


def _refuse(stream, setting):
    text = 'the server has no room for another connection'
    refuse_stream(stream, ProtocolError('http.connections', text, setting=setting, status=503))


def _mount_path(path):
    if not isinstance(path, str) or not path.startswith('/'):
        raise OptionError('http.mount', 'a path to mount on starts with /', repr(path), setting='path')
    return path.rstrip('/') or '/'
