"""Running middleware: each is called with the thing in question and `next`, in order, until one refuses."""

from ..events import call, make_handler


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
        if self._at == len(self._fns):
            self._finish(None)
            return
        fn = self._fns[self._at]
        self._at += 1
        call(make_handler(fn), (self._subject, _Next(self)), 'middleware')

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
