"""Namespaces: a pool of sockets under a name, with its middleware and its rooms."""

from ..errors import OptionError
from ..events import EventEmitter
from ..options import require
from .broadcast import Operator, listed
from .packet import check_name
from .socket import Socket


class Senders(EventEmitter):
    """What a namespace and the server share: everything that begins an emission. `_target()` is the namespace."""

    __slots__ = ()

    def emit(self, name, *args):
        """Sends an event to all sockets; see Operator.emit. Returns True (document, "namespace.emit").

        Raises OptionError for a reserved name, TypeError or ValueError for what cannot be encoded.
        """
        check_name(name)
        target = self._target()
        if args and callable(args[-1]):
            return Operator(target).emit(name, *args)
        data = [name]
        data.extend(args)
        target.adapter.broadcast(data, (), ())
        return True

    def send(self, *args):
        """Sends a `message` event to all; returns self. Also named write."""
        self.emit('message', *args)
        return self

    write = send

    def to(self, rooms):
        """To the sockets in a room (str) or in any of several (list); chain for more. Also named in_ (document,
        "namespace.to", "namespace.in")."""
        return Operator(self._target(), listed(rooms))

    in_ = to

    def except_(self, rooms):
        """To all but the sockets in a room (str) or in any of several (list)."""
        return Operator(self._target(), (), listed(rooms))

    @property
    def volatile(self):
        """The following event may be lost by clients that are not ready for it (document, "namespace.volatile")."""
        return Operator(self._target()).volatile

    @property
    def local(self):
        """To the sockets of this server only (document, "namespace.local")."""
        return Operator(self._target())

    def compress(self, value=True):
        """value (bool): whether the following event may be compressed."""
        return Operator(self._target()).compress(value)

    def binary(self, value=True):
        """value (bool): whether the following event holds binary values, a hint (document, "namespace.binary")."""
        return Operator(self._target())

    def timeout(self, ms):
        """The following event's callback gets (error, answers) within `ms` milliseconds."""
        return Operator(self._target()).timeout(ms)

    def emit_with_ack(self, name, *args):
        """Sends an event to all; awaiting the result gives the list of their answers, or raises AckTimeout."""
        return Operator(self._target()).emit_with_ack(name, *args)

    def clients(self, callback):
        """Calls `callback(error, ids)` with the ids of all sockets (list of str); returns self (document,
        "namespace.clients")."""
        Operator(self._target()).clients(callback)
        return self

    def all_sockets(self):
        """Awaiting the result gives the ids of all sockets (set)."""
        return Operator(self._target()).all_sockets()

    def fetch_sockets(self):
        """Awaiting the result gives all sockets (list)."""
        return Operator(self._target()).fetch_sockets()

    def sockets_join(self, rooms):
        """Makes all sockets join a room or several."""
        Operator(self._target()).sockets_join(rooms)

    def sockets_leave(self, rooms):
        """Makes all sockets leave a room or several."""
        Operator(self._target()).sockets_leave(rooms)

    def disconnect_sockets(self, close=False):
        """Disconnects all sockets. close: the connection below as well."""
        Operator(self._target()).disconnect_sockets(close)

    def server_side_emit(self, name, *args):
        """Sends an event to the other servers of this namespace (with the in-memory adapter there are none). The
        last argument may be a callback (error, answers). Returns True. OptionError for a reserved name."""
        if name in ('connect', 'connection', 'new_namespace'):
            raise OptionError('sio.reserved', repr(name) + ' is a reserved event name', expected='any other name')
        done = args[-1] if args and callable(args[-1]) else None
        data = [name]
        data.extend(args[:-1] if done else args)
        self._target().adapter.server_side_emit(data, done)
        return True


class Namespace(Senders):
    """A namespace (document, "Namespace"). Emits connect(socket) and connection(socket).

    name: str; sockets (or connected): {id: Socket}; adapter: the Adapter; server: the Server; parent: the
    ParentNamespace that made it, or None.
    """

    __slots__ = ('server', 'name', 'sockets', 'adapter', 'parent', '_joining', '_middleware', '_ack_ids')

    def __init__(self, server, name, parent=None):
        EventEmitter.__init__(self)
        self.server = server
        self.name = name
        self.parent = parent
        self.sockets = {}
        self._joining = {}  # sockets that the middleware has not let in yet, each with the session it takes up, or None
        self._middleware = ()
        self._ack_ids = 0
        self.adapter = server.make_adapter(self)
        self.adapter.init()

    @property
    def connected(self):
        """{id: Socket} of the connected sockets, also named sockets (document, "namespace.connected")."""
        return self.sockets

    def use(self, fn):
        """Adds a middleware `fn(socket, next)` for every connection; `next(error)` refuses it. Returns self (document,
        "namespace.use"). OptionError for what cannot be called."""
        check_middleware(fn)
        self._middleware += (fn,)
        return self

    def next_ack_id(self):
        """A number for an event that wants an answer."""
        self._ack_ids += 1
        return self._ack_ids

    def add(self, client, query, auth):
        """A client wants to join: runs the middleware, then lets the socket in or refuses it."""
        recovery = self.server.recovery
        session = None if recovery is None else self._restore(auth)
        socket = Socket(self, client, self._socket_id(client) if session is None else session.sid, query, auth)
        client.sockets[self.name] = socket
        self._joining[socket] = session
        if session is not None:
            socket.take_up(session)
        elif recovery is not None and client.conn.protocol == 4:
            socket.pid = self.server.make_id()
        middleware = self._middleware if self.parent is None else self.parent.middleware + self._middleware
        if middleware and not (session is not None and recovery['skip_middlewares']):
            from ..engineio.middleware import Chain

            done = lambda error: self._admit(client, socket, error, session)  # noqa: E731
            Chain(client.conn, middleware, (socket,), done).run()
        else:
            self._admit(client, socket, None, session)

    def remove(self, socket):
        """A socket is disconnected."""
        self.sockets.pop(socket.id, None)
        self._on_fewer()

    def abandon(self, socket):
        """A socket is gone before the middleware has let it in: the session that it takes up goes on waiting."""
        if socket in self._joining:
            session = self._joining[socket]
            if session is not None:
                self.adapter.keep(session)  # first: with its last socket the namespace may end, and then keeps nobody
            self._dismiss(socket)

    def end(self):
        """The server ends: everybody is disconnected, those included whom the middleware has not let in yet."""
        for socket in list(self.sockets.values()) + list(self._joining):
            socket.on_close('server shutting down')
        self.adapter.close()

    @property
    def empty(self):
        """True while nobody is in it, nor about to be."""
        return not self.sockets and not self._joining

    def _dismiss(self, socket):
        del self._joining[socket]
        socket.leave_all()
        socket.client.sockets.pop(self.name, None)
        self._on_fewer()

    def on_socket_closing(self, socket, reason):
        """A socket is about to leave its rooms."""
        if socket.pid is not None:
            self.adapter.persist(socket, reason)

    def _restore(self, auth):
        pid, offset = (auth.get('pid'), auth.get('offset')) if auth else (None, None)
        if type(pid) is not str or type(offset) is not str:
            return None
        session = self.adapter.restore(pid, offset)
        return None if session is None or self._is_taken(session.sid) else session

    def _is_taken(self, sid):
        # By another one, where the app makes the ids (`generate_id`).
        return sid in self.sockets or any(socket.id == sid for socket in self._joining)

    def _target(self):
        return self

    def _socket_id(self, client):
        # Clients of revision 4 expect one id on both layers (behaviour of the 2.x servers); in revision 5 the
        # session's id is a secret of the connection and the socket's is not, unless the app makes the ids: its
        # `generate_id` is then the socket's, as the document has it.
        if client.conn.protocol == 4 and not self.server.has_own_ids:
            return self.server.make_id()
        return client.id if self.name == '/' else self.name + '#' + client.id

    def _admit(self, client, socket, error, session):
        if socket not in self._joining:
            return
        if error is not None:
            self._dismiss(socket)
            client.refuse(self.name, error)
            return
        del self._joining[socket]
        missed = () if session is None else self._missed(socket, session)
        self.sockets[socket.id] = socket
        socket.on_connected()
        for encoded in missed:
            encoded.send(socket.conn)
        self.server.on_joined(client)
        self._welcome(socket)
        client.conn.settle()

    def _missed(self, socket, session):
        # Asked now, not when the session was found: events went on while the middleware thought.
        missed = self.adapter.missed(session)
        if missed is None:
            socket.begin_anew(self._socket_id(socket.client), self.server.make_id())
        return missed or ()

    def _welcome(self, socket):
        for emitter in (self,) if self.parent is None else (self.parent, self):
            for event in ('connect', 'connection'):
                socket.conn.run(emitter, event, (socket,))

    def _on_fewer(self):
        if self.parent is not None and self.empty:
            self.parent.child_emptied(self)


def check_middleware(fn):
    """Raises OptionError for what cannot be a middleware of a namespace."""
    require('use', 'fn', fn, callable(fn), 'a function (socket, next)')


def is_dynamic(name):
    """True for what `of` takes beside a str: a function, or a compiled regular expression."""
    return callable(name) or hasattr(name, 'search')
