"""Acknowledgements, both ways: the `ack` that a handler gets, and the callbacks that wait for a client's answer."""

from ..errors import EdgeError
from ..events import call, make_handler
from ..timers import set_timeout
from .packet import ACK


class AckTimeout(EdgeError):
    """The first argument of a timeout's callback: the client did not answer in time, or is gone.

    responses: the answers that came (list), where several clients were asked; None where one was.
    """

    def __init__(self, why, responses=None):
        EdgeError.__init__(self, 'sio.ack_timeout', why)
        self.responses = responses


class Ack:
    """What a handler gets after the event's arguments: `ack(*args)` answers the client, once."""

    __slots__ = ('_socket', '_id')

    def __init__(self, socket, ack_id):
        self._socket = socket
        self._id = ack_id

    def __call__(self, *args):
        socket = self._socket
        if socket is not None:
            self._socket = None  # an event is answered once; a second call changes nothing
            if socket.connected:
                try:
                    socket.client.send(ACK, socket.nsp.name, self._id, args)
                except Exception:
                    self._socket = socket  # it could not be encoded: the answer is still to come
                    raise


class Pending:
    """One callback that waits for one client's answer. error_first: it gets (error, *answer); see `timeout`."""

    __slots__ = ('_handler', '_error_first', '_timer')

    def __init__(self, fn, ms, on_timeout):
        self._handler = make_handler(fn)
        self._error_first = ms is not None
        self._timer = None if ms is None else set_timeout(on_timeout, ms)

    def settle(self, args):
        """The client answered with `args` (list)."""
        if self._timer is not None:
            self._timer.clear()
        call(self._handler, (None,) + tuple(args) if self._error_first else tuple(args), 'ack')

    def fail(self, why):
        """No answer will come; told only to callbacks that take an error."""
        if self._timer is not None:
            self._timer.clear()
        if self._error_first:
            tell_failure(self._handler, why)


def tell_failure(handler, why):
    """Tells a callback that takes an error that no answer will come."""
    call(handler, (AckTimeout(why),), 'ack')
