"""Operators: `io.to('a').volatile.emit(...)`, `socket.broadcast.emit(...)`, `socket.timeout(500).emit(...)`.

Each step makes a new one, so that an operator can be kept and used again.
"""

from ..errors import OptionError
from ..names import both_spellings
from ..tasks import Promise
from .packet import check_name


def listed(rooms):
    """`rooms` as a tuple: one room, or a list of them."""
    return tuple(rooms) if isinstance(rooms, (list, tuple, set)) else (rooms,)


@both_spellings
class Operator:
    """Who an event goes to, and how. Made by a namespace, the server or a socket."""

    __slots__ = ('_nsp', '_rooms', '_excluded', '_volatile', '_compress', '_timeout', '_socket')

    def __init__(self, nsp, rooms=(), excluded=(), socket=None):
        self._nsp = nsp
        self._rooms = rooms
        self._excluded = excluded
        self._volatile = False
        self._compress = True
        self._timeout = None
        self._socket = socket  # the only receiver, until `to`, `except_` or `broadcast` makes it the sender

    def to(self, rooms):
        """To the sockets in a room (str) or in any of several (list); again for more. Also named in_ (document,
        "namespace.to", "socket.to")."""
        made = self._others()
        made._rooms += listed(rooms)
        return made

    in_ = to

    def except_(self, rooms):
        """Not to the sockets in a room (str) or in any of several (list)."""
        made = self._others()
        made._excluded += listed(rooms)
        return made

    @property
    def broadcast(self):
        """To everyone but the sender."""
        return self._others()

    @property
    def volatile(self):
        """Only to those that are ready to receive now; others lose it."""
        made = self._copy()
        made._volatile = True
        return made

    @property
    def local(self):
        """Only to the sockets of this server; with one server, all."""
        return self._copy()

    def compress(self, value=True):
        """value (bool): whether the message may be compressed."""
        made = self._copy()
        made._compress = value
        return made

    def binary(self, value=True):
        """value (bool): whether the data holds binary values; a hint, not needed: encoding finds out at no cost."""
        return self._copy()

    def timeout(self, ms):
        """The callback of `emit` becomes `callback(error, answer)` and is called within `ms` milliseconds."""
        made = self._copy()
        made._timeout = ms
        return made

    def emit(self, name, *args):
        """Sends the event. The last argument may be a callback for the answers; of several receivers' answers it
        gets (error, list), within the time of `timeout`, which it then needs. Returns True.

        Raises OptionError for a reserved name or a missing timeout, TypeError or ValueError for what cannot be encoded.
        """
        check_name(name)
        if self._socket is not None:
            self._socket.emit_with(name, args, self._volatile, self._timeout, self._compress)
            return True
        gathering = None
        if args and callable(args[-1]):
            gathering = self._gather(args[-1])
            args = args[:-1]
        data = [name]
        data.extend(args)
        try:
            self._nsp.adapter.broadcast(data, self._rooms, self._excluded, self._volatile, gathering, self._compress)
        except Exception:
            if gathering is not None:
                gathering.cancel()
            raise
        return True

    def send(self, *args):
        """Sends a `message` event; returns self."""
        self.emit('message', *args)
        return self

    write = send

    def emit_with_ack(self, name, *args):
        """Sends the event; awaiting the result gives the answer (of several receivers: the list of answers), or raises
        AckTimeout after the ms of `timeout`, else of the server's `ack_timeout`."""
        promise = Promise()

        def settle(error, answer=None):
            promise.settle(answer, error)

        operator = self if self._timeout is not None else self.timeout(self._nsp.server.ack_timeout)
        operator.emit(name, *(args + (settle,)))
        return promise

    def all_sockets(self):
        """Awaiting the result gives the ids of the selected sockets (set)."""
        promise = Promise()
        self._nsp.adapter.fetch_sockets(
            self._rooms, self._excluded, lambda sockets: promise.settle({s.id for s in sockets})
        )
        return promise

    def clients(self, callback):
        """Calls `callback(error, ids)` with the ids of the selected sockets (list of str)."""
        self._nsp.adapter.fetch_sockets(
            self._rooms, self._excluded, lambda sockets: callback(None, [s.id for s in sockets])
        )
        return self

    def fetch_sockets(self):
        """Awaiting the result gives the selected sockets (list)."""
        promise = Promise()
        self._nsp.adapter.fetch_sockets(self._rooms, self._excluded, promise.settle)
        return promise

    def sockets_join(self, rooms):
        """Makes the selected sockets join a room or several."""
        self._nsp.adapter.add_sockets(self._rooms, self._excluded, listed(rooms))

    def sockets_leave(self, rooms):
        """Makes the selected sockets leave a room or several."""
        self._nsp.adapter.del_sockets(self._rooms, self._excluded, listed(rooms))

    def disconnect_sockets(self, close=False):
        """Disconnects the selected sockets. close: the connection below as well."""
        self._nsp.adapter.disconnect_sockets(self._rooms, self._excluded, close)

    def _gather(self, fn):
        if self._timeout is None:
            text = 'a broadcast with a callback needs a time limit'
            raise OptionError('sio.broadcast_ack', text, setting='.timeout(ms) before emit')
        from .gathering import Gathering

        return Gathering(fn, self._timeout)

    def _copy(self):
        made = Operator(self._nsp, self._rooms, self._excluded, self._socket)
        made._volatile, made._compress, made._timeout = self._volatile, self._compress, self._timeout
        return made

    def _others(self):
        made = self._copy()
        if made._socket is not None:
            made._excluded += (made._socket.id,)
            made._socket = None
        return made
