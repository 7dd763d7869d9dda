"""The Socket of the document: one client in one namespace."""

from ..compat import unix_ms
from ..errors import EdgeError, StateError
from ..events import call, make_handler
from ..running import weight_of
from ..timers import set_timeout
from .ack import Ack, Pending, tell_failure
from .broadcast import Operator, listed
from .listening import Listening
from .packet import CONNECT, DISCONNECT, EVENT, check_name


class Socket(Listening):
    """A client in a namespace (document, "Socket"). Emits the client's events, and disconnecting(reason),
    disconnect(reason), error(error).

    id: str; nsp: the Namespace; client: the Client; conn: the Engine.IO session; data: a dict for the app's own
    use; connected: bool; recovered: True where an earlier session was taken up again; auth: what the client gave;
    weight: bytes of that (int).
    """

    __slots__ = (
        'id', 'nsp', 'client', 'conn', 'connected', 'recovered', 'pid', '_auth', 'weight', '_data', '_handshake',
        '_issued', '_query', '_acks', '_ending',
    )  # fmt: skip

    def __init__(self, nsp, client, sid, query, auth):
        Listening.__init__(self)
        self.id = sid
        self.nsp = nsp
        self.client = client
        self.conn = client.conn
        self.connected = False
        self.recovered = False
        self.pid = None
        self.weight = weight_of(auth) if auth else 0
        self._ending = False
        self._auth = auth
        self._data = self._handshake = None
        self._issued = unix_ms()
        self._query = query
        self._acks = None

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def request(self):
        """The Request that the connection began with (document, "socket.request")."""
        return self.conn.request

    @property
    def auth(self):
        """What the client gave for authentication (dict; revision 5)."""
        if self._auth is None:
            self._auth = {}
        return self._auth

    @property
    def handshake(self):
        """The details of the handshake: a Handshake (document, "socket.handshake")."""
        if self._handshake is None:
            from .handshake import Handshake

            self._handshake = Handshake(self.conn.request, self._issued, self._query, self.auth)
        return self._handshake

    @property
    def remote_address(self):
        """The client's IP address, a str (document, "socket.remoteAddress")."""
        return self.conn.remote_address

    @property
    def rooms(self):
        """The rooms that the socket is in: {room: room}, its own id first (document, "socket.rooms")."""
        rooms = self.nsp.adapter.socket_rooms(self.id) or ()
        return {room: room for room in sorted(rooms, key=lambda room: (room != self.id, str(room)))}

    @property
    def data(self):
        """A dict for the app's own use."""
        if self._data is None:
            self._data = {}
        return self._data

    @data.setter
    def data(self, value):
        self._data = value

    @property
    def disconnected(self):
        """The opposite of `connected`."""
        return not self.connected

    # -- sending -------------------------------------------------------------------------------------------------

    def emit(self, name, *args):
        """Sends an event with `args` (None, bool, int, float, str, bytes, list, dict); returns self (document,
        "socket.emit").

        The last argument may be a callback: it is called with the client's answer. Raises OptionError for a
        reserved name, TypeError or ValueError for what cannot be encoded.
        """
        check_name(name)
        self.emit_with(name, args, False, None)
        return self

    def send(self, *args):
        """Sends a `message` event; returns self. Also named write (document, "socket.send")."""
        return self.emit('message', *args)

    write = send

    def emit_with(self, name, args, volatile, timeout, compress=True):
        """`emit` with an operator's flags: volatile (bool), timeout (ms or None), compress (bool)."""
        fn = None
        if args and callable(args[-1]):
            fn, args = args[-1], args[:-1]
        data = (name,) + args
        if not self.connected:
            if fn is not None and timeout is not None:
                tell_failure(make_handler(fn), 'socket has been disconnected')
            return
        if fn is None and not volatile and self.pid is not None:
            # Kept, with an offset, should the client be away.
            self.nsp.adapter.broadcast(list(data), (self.id,), (), False, None, compress)
            return
        dropped = volatile and not self.conn.writable
        if dropped:
            self.nsp.adapter.dropped += 1
            if timeout is None:
                return  # no answer will come, and nobody is to be told so
        elif self.watched:
            self.notify_outgoing(data)
        if fn is not None:
            self._ask(None if dropped else data, fn, timeout, compress)
        elif not dropped:
            self.client.send(EVENT, self.nsp.name, None, data, compress)

    def emit_with_ack(self, name, *args):
        """Sends an event; awaiting the result gives the client's answer, or raises AckTimeout."""
        return Operator(self.nsp, socket=self).emit_with_ack(name, *args)

    def to(self, rooms):
        """To the others in a room (str) or in any of several (list). Also named in_ (document, "socket.to",
        "socket.in")."""
        return Operator(self.nsp, listed(rooms), (self.id,))

    in_ = to

    def except_(self, rooms):
        """To the others, but those in a room (str) or in any of several (list)."""
        return Operator(self.nsp, (), (self.id,) + listed(rooms))

    @property
    def broadcast(self):
        """To all others of the namespace (document, "socket.broadcast")."""
        return Operator(self.nsp, (), (self.id,))

    @property
    def volatile(self):
        """The following event may be lost if the client is not ready to receive it (document, "socket.volatile")."""
        return Operator(self.nsp, socket=self).volatile

    @property
    def local(self):
        """To the others on this server."""
        return self.broadcast

    def compress(self, value=True):
        """value (bool): whether the following event may be compressed (document, "socket.compress")."""
        return Operator(self.nsp, socket=self).compress(value)

    def binary(self, value=True):
        """value (bool): whether the following event holds binary values, a hint (document, "socket.binary")."""
        return Operator(self.nsp, socket=self)

    def timeout(self, ms):
        """The following event's callback becomes `callback(error, *answer)`, called within `ms` milliseconds."""
        return Operator(self.nsp, socket=self).timeout(ms)

    def disconnect(self, close=False):
        """Disconnects the client from this namespace; close: and closes the connection. Returns self (document,
        "socket.disconnect")."""
        if self.connected:
            if close:
                self.client.disconnect_all()
            elif not self._ending:
                self.client.send(DISCONNECT, self.nsp.name, None, None)
                self.on_close('server namespace disconnect')
        return self

    # -- rooms ---------------------------------------------------------------------------------------------------

    def join(self, rooms, callback=None):
        """Joins a room (str) or several (list), then calls `callback(None)`; returns self. Nothing after the end.

        The names of rooms often come from clients: raises StateError `sio.rooms` beyond `max_rooms`, `sio.room_name`
        for a name longer than `max_room_name`, TypeError for what cannot be a key; nothing is joined then. OptionError
        for a callback that cannot be called (document, "socket.join").
        """
        if self.connected:
            rooms = listed(rooms)
            self._check_rooms(rooms)
            self.nsp.adapter.add_all(self.id, rooms)
        if callback is not None:
            call(make_handler(callback), (None,), 'join')
        return self

    def _check_rooms(self, rooms):
        options = self.nsp.server.options
        for room in rooms:
            if type(room) is str or type(room) is bytes:
                if len(room) > options['max_room_name']:
                    text, limit = 'the name of a room is too long', options['max_room_name']
                    raise StateError('sio.room_name', text, len(room), limit, 'max_room_name')
            else:
                hash(room)
        mine = self.nsp.adapter.socket_rooms(self.id) or ()
        limit = options['max_rooms']
        if len(mine) + len(rooms) > limit and len(mine) + len([room for room in rooms if room not in mine]) > limit:
            raise StateError('sio.rooms', 'a socket in too many rooms', len(mine), limit, 'max_rooms')

    def leave(self, room, callback=None):
        """Leaves a room (str), then calls `callback(None)`; returns self. OptionError for a callback that cannot be
        called (document, "socket.leave")."""
        self.nsp.adapter.remove(self.id, room)
        if callback is not None:
            call(make_handler(callback), (None,), 'leave')
        return self

    def leave_all(self):
        """Leaves every room, its own included."""
        self.nsp.adapter.remove_all(self.id)

    # -- the client's calls --------------------------------------------------------------------------------------

    def on_event(self, data, ack_id):
        """An event came: data is [name, *args]."""
        if ack_id is not None:
            data.append(Ack(self, ack_id))
        if self._any:
            self._tell_any(data)
        if self._middleware:
            from ..engineio.middleware import Chain

            Chain(self.conn, self._middleware, (data,), lambda error: self._after_middleware(error, data)).run()
            return
        name = data.pop(0)
        handlers = self._events.get(name) if self._events else None
        for handler in handlers or ():
            if handler[3] and not self._forget(name, handler):
                continue  # it ran meanwhile
            task = call(handler, data, name)
            if task is not None:
                self.conn.charge(task, data)

    def on_ack(self, ack_id, data):
        """An answer came; one that nobody waits for is ignored."""
        pending = self._acks.pop(ack_id, None) if self._acks else None
        if pending is not None:
            pending.settle(data)

    def take_up(self, session):
        """The socket goes on where an earlier one ended (see recovery.py)."""
        self.recovered = True
        self.pid = session.pid
        self._data = session.data
        self.nsp.adapter.add_all(self.id, session.rooms)

    def begin_anew(self, sid, pid):
        """What it should go on with is not to be had whole any more: nothing of it stays."""
        self.leave_all()
        self.id, self.pid = sid, pid
        self.recovered = False
        self._data = None

    def on_connected(self):
        """The namespace has taken the socket in: it is told so, with its id (revision 5)."""
        self.connected = True
        self.client.enter(self)
        self.nsp.adapter.add_all(self.id, (self.id,))
        data = None
        if self.conn.protocol == 4:
            data = {'sid': self.id} if self.pid is None else {'sid': self.id, 'pid': self.pid}
        self.client.send(CONNECT, self.nsp.name, None, data)

    def on_error(self, error):
        """Something is wrong with what the client sent. Without a listener it is reported."""
        if not self.conn.run(self, 'error', (error,)):
            self.nsp.server.on_unheard_error(self, error)

    def on_close(self, reason):
        """The socket is disconnected, for `reason`; once."""
        if not self.connected:
            self.nsp.abandon(self)
            return
        if self._ending:
            return  # a handler of `disconnecting` disconnects it
        self._ending = True
        self.conn.run(self, 'disconnecting', (reason,))
        self.nsp.on_socket_closing(self, reason)
        self.leave_all()
        self.connected = False
        self.client.remove(self.nsp.name)
        self.nsp.remove(self)
        acks, self._acks = self._acks, None
        for pending in (acks or {}).values():
            pending.fail('socket has been disconnected')
        self.conn.run(self, 'disconnect', (reason,))

    # -- the adapter's calls -------------------------------------------------------------------------------------

    def expect_answer(self, ack_id, pending):
        """The answer `ack_id` belongs to `pending`. A client that answers nothing does not fill the table: it ends."""
        if self._acks is None:
            self._acks = {}
        self._acks[str(ack_id)] = pending
        if len(self._acks) == self.nsp.server.options['max_pending_acks'] + 1:
            # Not at once: whoever sends to many does not lose one under its hands.
            set_timeout(self._refuse_to_wait, 0)

    def expect_no_more(self, ack_id):
        """The answer `ack_id` would come too late."""
        if self._acks:
            self._acks.pop(str(ack_id), None)

    def _after_middleware(self, error, data):
        if not self.connected:
            return
        if error is None:
            self.conn.run(self, data[0], data[1:])
            return
        if self.conn.protocol == 3:
            # Clients of revision 4 take it as an `error` event; those of revision 5 would take it as the end.
            self.client.refuse(self.nsp.name, error)
        self.conn.run(self, 'error', (error,))

    def _refuse_to_wait(self):
        if self.connected:
            limit = self.nsp.server.options['max_pending_acks']
            text = 'the client leaves too many acknowledgements open'
            self.on_error(EdgeError('sio.pending_acks', text, len(self._acks), limit, 'max_pending_acks'))
            self.client.close(True)

    def _ask(self, data, fn, timeout, compress):
        """Sends `data` (None: it is dropped); `fn` gets the answer, or within `timeout` the error."""
        ack_id = self.nsp.next_ack_id()
        key = str(ack_id)

        def time_up():
            pending = self._acks.pop(key, None) if self._acks else None
            if pending is not None:
                pending.fail('operation has timed out')

        self.expect_answer(key, Pending(fn, timeout, time_up))
        if data is not None:
            try:
                self.client.send(EVENT, self.nsp.name, ack_id, data, compress)
            except Exception:
                self.expect_no_more(key)  # the client owes no answer to what could not be encoded
                raise
