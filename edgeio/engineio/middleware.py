"""Running middleware: each is called with what it is about and `next`, in order, until one refuses."""

from ..compat import Finalized, is_generator
from ..errors import EdgeError
from ..http.handlers import watch_over
from ..report import report
from ..running import charge
from ..tasks import spawn


class MiddlewareFailed(EdgeError):
    """What is refused because a middleware raised an exception: the client shall not read that one."""


class Chain:
    """One run of `fns`, each called as `fn(*args, next)`; `done(error)` is called once, with None when all agreed.

    peer: whose doing it is (see running.py): those that take their time count as its handlers.
    """

    __slots__ = ('_fns', '_args', '_done', '_peer', '_at', '_raised')

    def __init__(self, peer, fns, args, done):
        self._fns = fns
        self._args = args
        self._done = done
        self._peer = peer
        self._at = 0
        self._raised = None  # what `done` raised, which is no fault of the middleware

    def run(self):
        """Calls the middleware that is due, or `done`."""
        if self._done is None:
            return
        if self._at == len(self._fns):
            self._finish(None)
            return
        fn = self._fns[self._at]
        self._at += 1
        answer = _Next(self)
        try:
            result = fn(*(self._args + (answer,)))
            if result is not None and is_generator(result):
                charge(self._peer, spawn(watch_over(result, self._failed), 'middleware'), self._args)
            elif answer.finalizes:  # else nobody would learn that the app has let go of it
                charge(self._peer, answer, self._args)
        except Exception as exc:
            if exc is self._raised:
                raise
            self._failed(exc)

    def _failed(self, exc):
        report(exc, 'a middleware')
        self._finish(MiddlewareFailed('middleware.failed', 'Internal server error'))

    def _finish(self, error):
        done, self._done = self._done, None
        if done is not None:
            try:
                done(error)
            except Exception as exc:
                self._raised = exc
                raise


class _Next(Finalized):
    """`next()` goes on, `next(error)` refuses; a second call changes nothing. It is charged to the peer until it is
    called, or the app lets go of it."""

    __slots__ = ('counter', 'weight', '_chain')

    def __init__(self, chain):
        self.counter = None
        self.weight = 0
        self._chain = chain

    def __call__(self, error=None):
        chain = self._end()
        if chain is None:
            return
        if error is None:
            chain.run()
        else:
            chain._finish(error)

    def on_forgotten(self):
        """The app has let go of it: its answer will not come."""
        self._end()

    @property
    def settled(self):
        """True once it was called."""
        return self._chain is None

    def _end(self):
        chain, self._chain = self._chain, None
        counter, self.counter = self.counter, None
        if counter is not None:
            counter.ended(self)
        return chain
