"""The answers to a broadcast, gathered. Loaded with the first one that wants any."""

from ..events import call, make_handler
from ..timers import set_timeout
from .ack import AckTimeout


class Gathering:
    """A broadcast's callback: gets (error, answers) once all clients have answered, or when the time is up."""

    def __init__(self, fn, ms):
        self._handler = make_handler(fn)
        self.answers = []
        self._asked = ()
        self._ack_id = None
        self._missing = None
        self._timer = set_timeout(self._time_up, ms)

    def expect(self, sockets, ack_id):
        """`sockets` are asked, under the number `ack_id`."""
        self._asked = sockets
        self._ack_id = ack_id
        for socket in sockets:
            socket.expect_answer(ack_id, self)
        self._missing = len(sockets)
        if self._missing == 0:
            self._finish(None)

    def settle(self, args):
        """A client answered; its first argument counts."""
        if self._handler is None:
            return
        self.answers.append(args[0] if args else None)
        if self._missing is not None:
            self._missing -= 1
            if self._missing == 0:
                self._finish(None)

    def fail(self, why):
        """A client is gone: its answer stays missing until the time is up."""

    def cancel(self):
        """The question was not asked after all: the callback is not called."""
        self._handler = None
        self._timer.clear()

    def _time_up(self):
        for socket in self._asked:
            socket.expect_no_more(self._ack_id)
        missing = 'nobody was asked' if self._missing is None else str(self._missing) + ' answers are missing'
        self._finish(AckTimeout('operation has timed out: ' + missing, self.answers))

    def _finish(self, error):
        handler, self._handler = self._handler, None
        self._timer.clear()
        self._asked = ()
        if handler is not None:
            call(handler, (error, self.answers), 'ack')
