"""The Socket.IO server (document, "Server")."""

from ..compat import monotonic_ms
from ..engineio.options import OPTIONS as ENGINE_OPTIONS
from ..engineio.server import Server as Engine
from ..engineio.server import make_id
from ..errors import OptionError, StateError
from ..events import EventEmitter
from ..http.origin import check_origins
from ..options import read_options, require
from ..report import report
from ..sweep import Sweep
from .adapter import Adapter
from .client import Client
from .client_file import ClientFiles
from .codec import JsonParser
from .namespace import Namespace, Senders, is_dynamic
from .packet import MAX_ATTACHMENTS, MAX_AUTH

_OWN_OPTIONS = {
    'path': '/socket.io',
    'serve_client': True,
    'client_file': None,
    'adapter': None,
    'parser': None,
    'connect_timeout': 45000,
    'cleanup_empty_child_namespaces': False,
    'connection_state_recovery': None,
    'max_attachments': MAX_ATTACHMENTS,
    'max_attachment_bytes': 4000000,
    'max_namespaces': 64,
    'max_child_namespaces': 1024,
    'max_auth': MAX_AUTH,
    'max_rooms': 1024,
    'max_room_name': 256,
    'max_pending_acks': 10000,
}

OPTIONS = ENGINE_OPTIONS.copy()
OPTIONS.update(_OWN_OPTIONS)
"""Options and their defaults: Engine.IO's and Socket.IO's own; times in ms, sizes in bytes. See `Server`."""


class Server(Senders):
    """The server (document, "Server", "new Server"). Emits connection(socket), connect(socket) for the main
    namespace, and new_namespace(namespace).

    sockets: the main Namespace; namespaces: {name: Namespace}; engine: the engineio.Server; options: those in force
    (dict); ack_timeout: ms that `emit_with_ack` waits where no timeout is named.

    server: an HttpServer or a WebApp, started or not; or None, and `attach` later. Options, as keywords or as a
    dict with the document's spelling: path ('/socket.io'), serve_client (True), client_file (a path: serves that
    file as the client), adapter (a class), parser (an object or a class), connect_timeout (ms until a client must
    have joined a namespace), cleanup_empty_child_namespaces, connection_state_recovery (see recovery.py),
    max_attachments, max_attachment_bytes, max_namespaces (that come into being for one client), max_child_namespaces
    (of one dynamic namespace), max_auth (characters that a client gives to join), max_rooms (of one socket),
    max_room_name (characters of one), max_pending_acks (that a client owes), and those of
    engineio.Server: ping_timeout and ping_interval (ms), transports, origins, cookie, allow_upgrades, ... Raises
    OptionError for an unknown option, naming the nearest known one, and for a value out of its range.
    """

    ack_timeout = 60000

    def __init__(self, server=None, options=None, **kwargs):
        if isinstance(server, dict) and options is None:
            server, options = None, server
        self.options = read_options('socketio.Server', OPTIONS, options, kwargs)
        _check_options(self.options)
        self.recovery = _read_recovery(self.options['connection_state_recovery'])
        self.parser = self._make_parser()
        self.namespaces = {}
        self._parents = []
        self._http_servers = {}  # each with the ClientFiles that it serves, or None
        self._arrivals = Sweep(max(1, self.options['connect_timeout'] // 50))
        self.engine = None
        self.sockets = self.of('/')
        self.bind(Engine(None, {name: self.options[name] for name in ENGINE_OPTIONS}))
        if server is not None:
            self.attach(server)

    @property
    def _events(self):
        # One emitter under two names: `io.on` registers what `io.sockets.on` does, and either takes it away again.
        return self.sockets._events

    @_events.setter
    def _events(self, events):
        self.sockets._events = events

    # -- settings (document, "server.serveClient", "server.path", "server.origins") -------------------------------

    def serve_client(self, value=None):
        """Whether servers attached from now on serve the client file (bool); without an argument the setting, else sets
        it and returns self. No effect on those that are attached (document, "server.serveClient")."""
        return self._setting('serve_client', value)

    def path(self, value=None):
        """The path to serve (str); without an argument the setting, else sets it and returns self. Servers that are
        attached serve it there from now on (document, "server.path"). OptionError for what is no path."""
        if value is not None:
            valid = isinstance(value, str) and value[:1] == '/'
            require('path', 'value', value, valid, "a path that begins with '/'")
            value = value.rstrip('/') or '/'
            self._move(value)
        return self._setting('path', value)

    def origins(self, value=None):
        """The allowed origins: a str, a list, or a function (origin, callback(error, success)); without an argument
        the setting, else sets it and returns self (document, "server.origins"). OptionError for another kind of
        value."""
        if value is not None:
            check_origins('origins', value)
            self.engine.cors.origins = value
        return self._setting('origins', value)

    # -- where it serves -----------------------------------------------------------------------------------------

    def attach(self, server, options=None, **kwargs):
        """Serves `server` (an HttpServer or WebApp, started or not), with further options; returns self.

        OptionError for anything else or an unknown option, StateError for options while clients are connected
        (document, "server.attach").
        """
        if options or kwargs:
            self._reconfigure(options, kwargs)
        http_server = getattr(server, 'server', server)
        if not hasattr(http_server, 'mount'):
            raise OptionError('sio.attach', 'cannot attach', type(server).__name__, 'an HttpServer or a WebApp')
        files = ClientFiles(self.options['client_file']) if self.options['serve_client'] else None
        http_server.mount(self.options['path'], self)
        self._http_servers[http_server] = files
        self.engine.closed = False
        return self

    def bind(self, engine):
        """Uses `engine` (an engineio.Server) for connections; returns self (document, "server.bind")."""
        self.engine = engine
        if isinstance(engine, Engine):
            engine.on_session = self.onconnection
        else:
            engine.on('connection', self.onconnection)
        return self

    def onconnection(self, conn):
        """Takes in an Engine.IO session; returns self (document, "server.onconnection")."""
        client = Client(self, conn)
        conn.receiver = self.parser.decoder(client)
        if conn.protocol == 3:
            self.connect(client, '/', None, None)
        else:
            self._arrivals.watch(client, monotonic_ms() + self.options['connect_timeout'])
        return self

    def handle_request(self, req, res):
        """A request below the path (the HttpServer's call): the client file, or the engine's."""
        files = None
        if req.path.endswith('.js') or req.path.endswith('.map'):
            files = self._http_servers.get(res.connection.server)
        if files is not None:
            files.serve(req.path[len(self.options['path']) :].lstrip('/'), req, res, self.engine.cors)
        else:
            self.engine.handle_request(req, res)

    def handle_upgrade(self, req, stream, head):
        """A WebSocket handshake below the path (the HttpServer's call)."""
        self.engine.handle_upgrade(req, stream, head)

    def close(self, callback=None):
        """Disconnects everyone, stops the servers it is attached to, then calls `callback()`: when all connections
        are closed. Returns self (document, "server.close")."""
        for namespace in list(self.namespaces.values()):
            namespace.end()
        self._arrivals.close()
        servers, self._http_servers = self._http_servers, {}
        for http_server in servers:
            http_server.unmount(self.options['path'])
        closing = [server.stop for server in servers if server.listening] + [self.engine.close]
        left = len(closing)

        def closed(*args):
            nonlocal left
            left -= 1
            if left == 0 and callback is not None:
                callback()

        for close in closing:
            close(closed)
        return self

    # -- namespaces ----------------------------------------------------------------------------------------------

    def of(self, name, fn=None):
        """The Namespace `name` (str; made where it is new), or a ParentNamespace for a regular expression or a
        function `(name, query, next(error, allow))`. fn: a handler of its `connect` event (document, "server.of").
        OptionError for another kind of name."""
        namespace = self._of_dynamic(name) if is_dynamic(name) else self._of_name(name)
        if fn is not None:
            namespace.on('connect', fn)
        return namespace

    def use(self, fn):
        """Adds a middleware `fn(socket, next)` to the main namespace; returns self (document, "namespace.use").
        OptionError for what cannot be called."""
        self.sockets.use(fn)
        return self

    def connect(self, client, name, query, auth):
        """A client wants to join the namespace `name` (the decoder's call)."""
        namespace = self.namespaces.get(name)
        if namespace is not None:
            namespace.add(client, query, auth)
        elif not self._parents or len(client.sockets) + len(client.asked) >= self.options['max_namespaces']:
            client.refuse(name, 'Invalid namespace')
        else:
            client.asked += (name,)
            self._find_parent(client, name, query, auth, list(self._parents))

    def remove_namespace(self, namespace):
        """Forgets a namespace."""
        self.namespaces.pop(namespace.name, None)
        namespace.adapter.close()

    def make_adapter(self, namespace):
        """The adapter of a new namespace."""
        make = self.options['adapter']
        if make is None and self.recovery is not None:
            from .recovery import RecoveryAdapter as make
        return (make or Adapter)(namespace)

    def make_id(self):
        """An id that nobody can guess (str)."""
        return make_id(None)

    @property
    def has_own_ids(self):
        """True where the app makes the ids (document, "server.engine.generateId")."""
        return getattr(self.engine, 'generate_id', make_id) is not make_id

    # -- calls of the other parts --------------------------------------------------------------------------------

    def on_joined(self, client):
        """`client` has joined a namespace: it may stay."""
        self._arrivals.drop(client)

    def on_client_closed(self, client):
        """The connection of `client` is over."""
        self.on_joined(client)

    def on_unheard_error(self, socket, error):
        """A client sent what is not valid, and no listener of `error` wants to know: its end says enough."""

    # -- inside --------------------------------------------------------------------------------------------------

    def _target(self):
        return self.sockets

    def _of_name(self, name):
        name = name or '/'
        require('of', 'name', name, isinstance(name, str), 'a str, a regular expression or a function')
        if name[0] != '/':
            name = '/' + name
        namespace = self.namespaces.get(name)
        if namespace is None:
            parent = next((p for p in self._parents if p.matches(name)), None)
            namespace = Namespace(self, name) if parent is None else parent.adopt(name)
            self.namespaces[name] = namespace
            if name != '/':
                EventEmitter.emit(self, 'new_namespace', namespace)
        return namespace

    def _of_dynamic(self, test):
        from .parent import ParentNamespace

        parent = ParentNamespace(self, '/_' + str(len(self._parents)), test)
        self._parents.append(parent)
        return parent

    def _find_parent(self, client, name, query, auth, parents):
        """Asks one parent after the other whether it wants `name`."""
        if not parents:
            self._answer(client, name, query, auth, None)
            return
        parent = parents.pop(0)

        def answered(allow):
            try:
                if client.conn.state != 'open':
                    return
                if allow:
                    self._answer(client, name, query, auth, parent)
                else:
                    self._find_parent(client, name, query, auth, parents)
            except Exception as exc:  # the answer may come late: nobody else would catch it
                report(exc, 'the namespace ' + name)
                client.close(True)

        from .handshake import merged_query

        question = merged_query(client.conn.request, query)
        question.update(auth or {})
        parent.ask(client, name, question, answered)

    def _answer(self, client, name, query, auth, parent):
        """Lets `client` into the namespace `name`, as a child of `parent`; None: refuses it."""
        client.asked = tuple(n for n in client.asked if n != name)
        if parent is None:
            client.refuse(name, 'Invalid namespace')
            return
        namespace = self.namespaces.get(name)  # made by another client meanwhile, perhaps
        if namespace is None:
            if not parent.make_room():
                client.refuse(name, 'Too many namespaces')
                return
            namespace = self.namespaces[name] = parent.adopt(name)
            EventEmitter.emit(self, 'new_namespace', namespace)
        namespace.add(client, query, auth)

    def _make_parser(self):
        options = self.options
        parser = options['parser']
        if parser is None:
            return JsonParser(options['max_attachments'], options['max_attachment_bytes'], options['max_auth'])
        parser = parser() if isinstance(parser, type) else parser
        require('socketio.Server', 'parser', parser, hasattr(parser, 'encode'), 'an object with encode and decoder')
        return parser

    def _setting(self, name, value):
        if value is None:
            return self.options[name]
        self.options[name] = value
        return self

    def _move(self, path):
        for http_server in self._http_servers:
            http_server.unmount(self.options['path'])
            http_server.mount(path, self)

    def _reconfigure(self, given, kwargs):
        if self.engine.sessions:
            raise StateError('sio.attached', 'options cannot change while clients are connected')
        options = read_options('socketio.Server', self.options, given, kwargs)
        _check_options(options)
        for name in ('adapter', 'connection_state_recovery'):
            # The namespaces that there are have their adapters.
            same = options[name] == self.options[name]
            require('attach', name, options[name], same, 'given to Server(...), where namespaces begin')
        self.options = options
        self.parser = self._make_parser()
        self.bind(Engine(None, {name: self.options[name] for name in ENGINE_OPTIONS}))


def _read_recovery(value):
    if not value:
        return None
    from .recovery import read_recovery

    return read_recovery(value)


_BOUNDS = (
    'max_namespaces', 'max_child_namespaces', 'max_rooms', 'max_room_name', 'max_pending_acks', 'max_auth',
    'max_attachments', 'max_attachment_bytes',
)  # fmt: skip


def _check_options(options):
    timeout = options['connect_timeout']
    require('socketio.Server', 'connect_timeout', timeout, isinstance(timeout, int) and timeout > 0, 'ms above 0')
    adapter = options['adapter']
    require('socketio.Server', 'adapter', adapter, adapter is None or callable(adapter), 'a class such as Adapter')
    for name in _BOUNDS:
        value = options[name]
        require('socketio.Server', name, value, isinstance(value, int) and value > 0, 'a number above 0')
