"""A request's way through the steps of its plan: next(), errors, and what happens at the end."""

from ..compat import is_generator
from ..errors import EdgeError, StateError
from ..http.handlers import watch_over
from ..running import charge
from ..tasks import spawn


class Walk:
    """Takes one request through `steps`. done(error): called at most once, when the last step has passed it on."""

    __slots__ = ('req', 'res', '_steps', '_done', '_at')

    def __init__(self, req, res, steps, done):
        self.req = req
        self.res = res
        self._steps = steps
        self._done = done
        self._at = 1

    def fail(self, error):
        """The handler that has the request now has failed, later than its call: the error handlers are next."""
        self.go(self._at, error)

    def go(self, at, error):
        """Goes on with the step `at`: with the next one that takes requests or, where `error` is set, errors."""
        steps = self._steps
        while at < len(steps):
            step = steps[at]
            at += 1
            if step.catches == (error is not None):
                self._take(step, at, error)
                return
        self._done(self.req, self.res, error)

    def _take(self, step, at, error):
        self._at = at
        req, res = self.req, self.res
        req.enter(step)
        try:
            if step.takes == 2:
                result = step.fn(req, res)
            elif step.takes == 3:
                result = step.fn(req, res, Next(self, at))
            elif step.catches:
                result = step.fn(error, req, res, Next(self, at))
            else:
                result = step.fn(*(req, res)[: step.takes])
        except Exception as exc:
            self.go(at, exc)
            return
        if result is not None and result is not res:
            self.take_result(result, at)

    def take_result(self, result, at):
        """What the handler before the step `at` returned: a task to run, or an error."""
        if is_generator(result):
            req = self.req
            charge(req.connection, spawn(watch_over(result, lambda exc: self.go(at, exc)), req.original_url))
        elif isinstance(result, Exception):
            self.go(at, result)

    def skip(self, at, what):
        """Goes on behind the route or router of the step before `at`."""
        step = self._steps[at - 1]
        while at < len(self._steps) and _belongs(self._steps[at], step, what):
            at += 1
        self.go(at, None)


class Next:
    """`next` as handlers know it: next() goes on, next(error) goes to the error handlers, next('route') and
    next('router') leave the route or router. Once only.
    """

    __slots__ = ('_walk', '_at')

    def __init__(self, walk, at):
        self._walk = walk
        self._at = at

    def __call__(self, error=None):
        walk, self._walk = self._walk, None
        if walk is None:
            raise StateError('webapp.next_twice', 'next was called already: the request has moved on')
        if error == 'route' or error == 'router':
            walk.skip(self._at, error)
        else:
            walk.go(self._at, _as_exception(error))


def _belongs(step, other, what):
    if what == 'route':
        return other.route is not None and step.route is other.route
    depth = len(other.routers)
    return len(step.routers) >= depth and step.routers[depth - 1] is other.routers[depth - 1]


def _as_exception(error):
    if error is None or isinstance(error, Exception):
        return error
    return EdgeError('webapp.next', 'a handler passed an error on', error if isinstance(error, str) else repr(error))
