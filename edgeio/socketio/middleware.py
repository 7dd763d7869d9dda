"""Running middleware: each is called with the thing in question and `next`, in order, until one refuses."""

from ..compat import is_generator
from ..errors import EdgeError
from ..http.server import watch_over
from ..report import report
from ..tasks import spawn


class MiddlewareFailed(EdgeError):
    """What is refused because a middleware raised an exception: the client shall not read that one."""


class Chain:
    """One run of `fns` over `subject`; `done(error)` is called once, with None when all of them agreed."""

    __slots__ = ('_fns', '_subject', '_done', '_at')

    def __init__(self, fns, subject, done):
        self._fns = fns
        self._subject = subject
        self._done = done
        self._at = 0

    def run(self):
        """Calls the middleware that is due, or `done`."""
        if self._done is None:
            return
        if self._at == len(self._fns):
            self._finish(None)
            return
        fn = self._fns[self._at]
        self._at += 1
        try:
            result = fn(self._subject, _Next(self))
            if result is not None and is_generator(result):
                spawn(watch_over(result, self._failed), 'middleware')
        except Exception as exc:
            self._failed(exc)

    def _failed(self, exc):
        report(exc, 'a middleware')
        self._finish(MiddlewareFailed('sio.middleware', 'Internal server error'))

    def _finish(self, error):
        done, self._done = self._done, None
        if done is not None:
            done(error)


class _Next:
    """`next()` goes on, `next(error)` refuses; a second call changes nothing."""

    __slots__ = ('_chain',)

    def __init__(self, chain):
        self._chain = chain

    def __call__(self, error=None):
        chain, self._chain = self._chain, None
        if chain is None:
            return
        if error is None:
            chain.run()
        else:
            chain._finish(error)
