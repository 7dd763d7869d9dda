"""The Engine.IO server: verifies requests, begins sessions, hands requests to theirs.

Usable alone:

    engine = engineio.Server(http_server, path='/engine.io', ping_interval=25000)
    engine.on('connection', lambda session: session.on('data', session.send))
"""

from os import urandom

from .. import compat
from ..errors import OptionError, ProtocolError
from ..events import EventEmitter
from ..http.coding import compress_response
from ..http.response import make_fields
from ..names import settable
from ..net.admission import Admission
from ..options import read_options, require
from ..running import Allowance
from ..sweep import Sweep
from ..timers import set_immediate
from ..websocket.handshake import check_request, negotiate, read_deflate, response
from ..websocket.undecided import Undecided
from .codec import MESSAGE, OPEN
from .cookie import session_cookie
from .cors import Cors
from .errors import BAD_REQUEST, FORBIDDEN, UNKNOWN_SID, Refusal, fail
from .gate import Gate, field
from .options import OPTIONS, check_options, read_threshold
from .polling import Polling
from .session import Session
from .websocket import WebSocket


class Server(EventEmitter):
    """Emits connection(session), connection_error({req, code, message, context}), initial_headers, headers.

    options: those in force (dict); sessions: {sid: Session}; closed: True after `close`; generate_id (generateId):
    a function (req) that makes the sids (str), set it for your own (document, "server.engine.generateId").

    server: an HttpServer or WebApp, or None (attach it later). Options (as keywords, or a dict with either
    spelling): path; ping_interval, ping_timeout, upgrade_timeout (ms); max_http_buffer_size (bytes of one message
    or POST); max_buffered (bytes that wait for a session's next poll; beyond, it is closed with 'write queue
    overflow'); max_running_handlers (of one client, see below); max_sessions, max_sessions_per_address (0: as for
    connections, see net.admission); per_message_deflate (compression of WebSocket messages: False, True, or a dict,
    see websocket.deflate);
    http_compression (of polls' answers: False, True, or {threshold: bytes}); transports (of 'polling',
    'websocket'); allow_upgrades; allow_eio3 (serve clients 1.x and 2.x); allow_request(req, callback(error, success));
    initial_packet; cookie (False, a name, or a dict); origins ('*', a string, a list, or a function (origin,
    callback(error, success))); cors (a dict). A question that the app does not answer within ANSWER_TIMEOUT ms (see
    http/question.py) counts as refused. Raises OptionError for an unknown option or a value out of its range.

    A client that has max_running_handlers tasks of coroutine handlers and middleware running is not read, and not held
    to its heartbeat, until half of them have ended: nothing is lost. Should all of them wait for an answer of this
    same client, it is among what is not read: it comes when one of them gives up (`ack_timeout`, `timeout(ms)`).
    """

    def __init__(self, server=None, options=None, **kwargs):
        EventEmitter.__init__(self)
        self.options = read_options('engineio.Server', OPTIONS, options, kwargs)
        check_options('engineio.Server', self.options)
        self.sessions = {}
        self.generate_id = make_id
        self.heartbeats = Sweep(min(self.options['ping_interval'], self.options['ping_timeout']) // 100)
        self.cors = Cors(self.options)
        self.gate = Gate(self)
        names = ('max_sessions', 'max_sessions_per_address')
        self.admission = Admission(self.options[names[0]], self.options[names[1]], names)
        self.allowance = Allowance(self.options['max_running_handlers'])
        self._deflate = read_deflate(self.options['per_message_deflate'])
        self._threshold = read_threshold(self.options['http_compression'])
        self.closed = False
        self._websockets = 0  # those whose stream is still there, refused and probing ones included
        self._on_closed = ()  # the callbacks of `close`
        self._mounts = []
        self._middleware = []
        if server is not None:
            self.attach(server)

    generateId = settable('generate_id')

    @property
    def clients(self):
        """{sid: Session} of the sessions that are open."""
        return self.sessions

    @property
    def clients_count(self):
        """How many sessions are open (int)."""
        return len(self.sessions)

    def holders(self):
        """(address, session) of those that hold memory beside their streams: those that poll (see net.budget)."""
        return [(one.remote_address, one) for one in self.sessions.values() if one.ws is None]

    def attach(self, server):
        """Serves `server` (an HttpServer or WebApp, started or not) at the path of the options; returns self.
        OptionError for anything else."""
        http_server = getattr(server, 'server', server)
        if not hasattr(http_server, 'mount'):
            raise OptionError('eio.attach', 'cannot attach', type(server).__name__, 'an HttpServer or a WebApp')
        http_server.mount(self.options['path'], self)
        self._mounts.append(http_server)
        self.closed = False
        return self

    def use(self, fn):
        """Adds a middleware `fn(req, res, next)` for every request, upgrades (res is None) included; returns self.
        OptionError for what cannot be called."""
        require('use', 'fn', fn, callable(fn), 'a function (req, res, next)')
        self._middleware.append(fn)
        return self

    def close(self, callback=None):
        """Closes every session and serves no more, then calls `callback()`: once no WebSocket is left. Returns self."""
        self.closed = True
        if callback is not None:
            self._on_closed += (callback,)
        for session in list(self.sessions.values()):
            session.close(True)
        if self._websockets == 0:
            self._tell_closed()
        for http_server in self._mounts:
            http_server.unmount(self.options['path'])
        self._mounts = []
        return self

    def on_websocket_gone(self):
        """A WebSocket's stream is closed."""
        self._websockets -= 1
        if self._websockets == 0 and self.closed:
            self._tell_closed()

    # -- requests ------------------------------------------------------------------------------------------------

    def handle_request(self, req, res):
        """A plain HTTP request below the path (the HttpServer's call)."""
        if self._middleware:
            self._pass(req, res, lambda error: self._go_on(req, res, error))
        else:
            self._serve(req, res, None)

    def handle_upgrade(self, req, stream, head):
        """A WebSocket handshake below the path (the HttpServer's call). head: bytes that came after it."""
        undecided = Undecided(req, stream, head)
        if self._middleware:
            self._pass(req, None, lambda error: self._serve_upgrade(req, undecided, error))
        else:
            self._serve_upgrade(req, undecided, None)
        undecided.wait()

    def _pass(self, req, res, done):
        from .middleware import Chain

        Chain(req.connection, tuple(self._middleware), (req, res), done).run()

    def _go_on(self, req, res, error):
        # After a middleware, and so perhaps later: nobody else would catch what is raised then.
        try:
            self._serve(req, res, error)
        except Exception as exc:
            fail(exc, res)

    def _serve(self, req, res, error):
        if res.closed or res.headers_sent:
            return  # a middleware has answered
        if error is not None:
            self._refuse(req, res, Refusal(BAD_REQUEST, {'name': 'MIDDLEWARE_FAILURE'}))
            return
        if req.method == 'OPTIONS':
            self.cors.answer_preflight(req, res)
            return
        query = req.query
        session = self.sessions.get(field(query, 'sid'))
        polls = session is not None and session.polling is not None and field(query, 'transport') == 'polling'
        if polls and session.is_of(req):
            self.cors.apply(req, res)
            session.polling.handle(req, res)
            return
        self.gate.verify(req, False, lambda sid: self._begin_polling(req, res, sid))

    def _serve_upgrade(self, req, undecided, error):
        try:
            if error is None:
                self.gate.verify(req, True, lambda sid: self._begin_websocket(req, undecided, sid))
            else:
                self._begin_websocket(req, undecided, Refusal(BAD_REQUEST, {'name': 'MIDDLEWARE_FAILURE'}))
        except Exception as exc:
            undecided.fail(exc)

    # -- sessions ------------------------------------------------------------------------------------------------

    def _begin_polling(self, req, res, sid):
        if res.closed:
            return  # while the app thought about it
        session = self._open(req, sid)
        if isinstance(session, Refusal):
            self._refuse(req, res, session)
            return
        try:
            self._answer_polling(session, req, res)
        except Exception as exc:
            fail(exc, res)
            session.on_closed('transport error')

    def _answer_polling(self, session, req, res):
        self.cors.apply(req, res)
        self._add_cookie(session, res.set_header)
        self._emit_headers('initial_headers', res.set_header, req)
        session.polling = Polling(session, field(req.query, 'b64') in ('1', 'true'))
        session.polling.handle(req, res)
        self._welcome(session, ['websocket'] if self._upgrades() else [])

    def _begin_websocket(self, req, undecided, sid):
        if undecided.stream is None:
            return
        session = sid
        first = 'sid' not in req.query
        try:
            key = None if isinstance(sid, Refusal) else check_request(req)
            session = self._open(req, sid) if first else self._opened(sid)
            if isinstance(session, Refusal):
                self._refuse_upgrade(req, undecided, session)
            else:
                self._answer_upgrade(session, key, first, req, undecided)
        except Exception as exc:
            undecided.fail(exc)
            if first and isinstance(session, Session):
                session.on_closed('transport error')

    def _answer_upgrade(self, session, key, first, req, undecided):
        deflate, agreed = negotiate(req, self._deflate)
        headers = self._upgrade_headers(req, session, first)
        headers.extend(agreed)
        answer = response(key, headers)
        stream, head = undecided.settle()
        stream.write(answer)
        ws = WebSocket(stream, session, self.options['max_http_buffer_size'], deflate)
        self._websockets += 1
        if first:
            session.open_websocket(ws)
            self._welcome(session, [])
        else:
            session.offer(ws)
        if head and not stream.closed:
            ws.feed(head, len(head))

    def _open(self, req, sid):
        if isinstance(sid, Refusal):
            return sid
        if self.closed:  # while the app thought about it
            return Refusal(BAD_REQUEST, {'name': 'SERVER_CLOSED'}, 'the server is closed')
        if sid in self.sessions:  # made for somebody else while this one was thought about
            return Refusal(BAD_REQUEST, {'name': 'ID_GENERATION_ERROR'})
        setting = self.admission.enter(req.ip)
        if setting is not None:
            detail = 'the server has no room for another session (' + setting + ')'
            return Refusal(FORBIDDEN, {'setting': setting}, detail, 'Too many sessions')
        session = Session(self, sid, self.gate.revision(req.query), req)
        self.sessions[sid] = session
        return session

    def _opened(self, sid):
        return sid if isinstance(sid, Refusal) else self.sessions.get(sid) or Refusal(UNKNOWN_SID, {'sid': sid})

    def forget(self, session):
        """`session` is closed: no request finds it any more."""
        self.sessions.pop(session.id, None)

    def leave(self, session):
        """All were told that `session` is closed: there is room for another, once its handlers have ended.

        Not before: else a client that connects again and again has any number of them run.
        """
        if session.running is None:
            self.admission.leave(session.remote_address)
        else:
            session.running.when_none(lambda: self.admission.leave(session.remote_address))

    def _welcome(self, session, upgrades):
        options = self.options
        hello = {
            'sid': session.id,
            'upgrades': upgrades,
            'pingInterval': options['ping_interval'],
            'pingTimeout': options['ping_timeout'],
        }
        if session.protocol == 4:
            hello['maxPayload'] = options['max_http_buffer_size']
        session.send_packet(OPEN + compat.json_encode(hello))
        if options['initial_packet'] is not None:
            session.send_packet(MESSAGE + options['initial_packet'])
        self.on_session(session)

    def on_session(self, session):
        """A session has begun. Socket.IO puts its own in place of this."""
        self.emit('connection', session)

    def _tell_closed(self):
        callbacks, self._on_closed = self._on_closed, ()
        for callback in callbacks:
            set_immediate(callback)

    def _upgrades(self):
        return self.options['allow_upgrades'] and 'websocket' in self.options['transports']

    # -- responses -----------------------------------------------------------------------------------------------

    def send_payload(self, res, body, compress=True):
        """Answers a poll. compress: whether the body may be compressed (option http_compression)."""
        res.use_fields(_TEXT if type(body) is str else _BINARY)
        if compress and self._threshold is not None and len(body) >= self._threshold:
            body = compress_response(res, body.encode() if type(body) is str else body, 1)
        self.add_headers(res)
        res.end(body)

    def send_ok(self, res):
        """Answers a POST."""
        res.use_fields(_OK)
        self.add_headers(res)
        res.end(b'ok')

    def add_headers(self, res):
        """Lets listeners of `headers` add to every answer."""
        self._emit_headers('headers', res.set_header, res.req)

    def _emit_headers(self, event, put, req):
        if self._events and event in self._events:
            headers = {}
            self.emit(event, headers, req)
            for name, value in headers.items():
                put(name, value)

    def _upgrade_headers(self, req, session, first):
        headers = []
        put = lambda name, value: headers.append((name, value))  # noqa: E731
        if first:
            self._add_cookie(session, put)
            self._emit_headers('initial_headers', put, req)
        self._emit_headers('headers', put, req)
        return headers

    def _add_cookie(self, session, put):
        cookie = self.options['cookie']
        if cookie:
            put('Set-Cookie', session_cookie(cookie, session.id))

    def _refuse(self, req, res, refusal):
        self._on_refused(req, refusal)
        self.cors.apply(req, res)
        res.status_code = refusal.status
        res.set_header('Content-Type', 'application/json')
        res.end(compat.json_encode(refusal.body()))

    def _refuse_upgrade(self, req, undecided, refusal):
        self._on_refused(req, refusal)
        text = refusal.message if refusal.detail is None else refusal.message + ': ' + refusal.detail
        undecided.refuse(ProtocolError('eio.refused', text, status=refusal.status))

    def _on_refused(self, req, refusal):
        if self._events:
            context = {'req': req, 'code': refusal.code, 'message': refusal.message, 'context': refusal.context}
            self.emit('connection_error', context)


_TEXT = make_fields({'Content-Type': 'text/plain; charset=UTF-8', 'Cache-Control': 'no-store'})
_BINARY = make_fields({'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store'})
_OK = make_fields({'Content-Type': 'text/html', 'Cache-Control': 'no-store'})


def make_id(req):
    """A session id: 20 characters, 120 random bits."""
    return compat.base64url(urandom(15))
