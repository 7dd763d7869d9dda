"""Routers: which handlers a request meets, in which order.

Which handlers a method and path meet depends on nothing else. A router's tree is therefore laid out flat, as a tuple
of steps, and remembered: a request that comes again only walks them.
"""

from ..compat import arity
from ..errors import OptionError
from ..names import both_spellings
from ..options import read_options
from .pattern import make_patterns

MAX_REMEMBERED = 256
"""Plans that one app remembers, fewer on a small heap (see `most_plans`); beyond, it begins anew."""

MAX_REMEMBERED_PATH = 256
"""Characters of method and path whose plan is remembered: longer ones are rare, and may be a stranger's."""

PLAN_COST = 2048
"""Bytes that a plan takes, its path included: of four handlers, on MicroPython."""

OPTIONS = {'case_sensitive': False, 'merge_params': False, 'strict': False}

changes = [0]
"""The number of changes to any router: a plan made before the last one is stale."""


def most_plans(heap):
    """How many plans an app remembers (int): they take a 64th of its `heap` (bytes), if that is not too few."""
    return max(8, min(MAX_REMEMBERED, heap // 64 // PLAN_COST))


class Step:
    """One handler on a request's way. params: of its path; base: the part of the path that mounting has taken off.

    route, routers: which route and which routers (outermost first) it belongs to, for next('route') and
    next('router'). takes: how many of (req, res, next), or of (err, req, res, next), it is called with.
    """

    __slots__ = ('fn', 'takes', 'catches', 'params', 'base', 'route', 'routers')

    def __init__(self, handler, params, base, route, routers):
        self.fn, self.takes, self.catches = handler
        self.params = params
        self.base = base
        self.route = route
        self.routers = routers


class Plan:
    """The way of a request. path: normalised; steps: tuple of Step; allowed: the methods that routes with this path
    have; stamp: `changes` when it was made; handler: the function of the first step where it takes (req, res), at
    the root and without parameters, so that it can be called at once; else None.
    """

    __slots__ = ('path', 'steps', 'allowed', 'stamp', 'handler')

    def __init__(self, path, steps, allowed):
        self.path = path
        self.steps = tuple(steps)
        self.allowed = tuple(sorted(allowed))
        self.stamp = changes[0]
        self.handler = self._direct_handler()

    def _direct_handler(self):
        if not self.steps:
            return None
        step = self.steps[0]
        return step.fn if step.takes == 2 and not (step.params or step.base) else None


class _Entry:
    """What was registered by one call. patterns: None for every path; method: None for every method."""

    __slots__ = ('path', 'patterns', 'method', 'handlers', 'mounted')

    def __init__(self, path, patterns, method, handlers, mounted):
        self.path = path
        self.patterns = patterns
        self.method = method
        self.handlers = handlers
        self.mounted = mounted


@both_spellings
class Router:
    """Handlers by method and path. Options: case_sensitive, strict (a slash at the end counts), merge_params (the
    parameters of the path it is mounted on are seen as well). Raises OptionError for an unknown one, and at
    registration for a path or handler that cannot be one.

        router.get('/users/:id', handler)        @router.get('/users/:id')
        router.use('/admin', check, admin_router)

    A handler is called with (req, res), (req, res, next) or, if it takes four, with (err, req, res, next) after an
    error. How many it takes is read once, at registration (`compat.arity`); where that cannot be told it gets three.
    """

    def __init__(self, options=None, **kwargs):
        self._options = read_options('Router', OPTIONS, options, kwargs)
        self._entries = []

    def get(self, path, *handlers):
        """Handlers for GET (and HEAD). Without handlers it is a decorator, as are its siblings."""
        return self.route_to('GET', path, handlers)

    def post(self, path, *handlers):
        """Handlers for POST."""
        return self.route_to('POST', path, handlers)

    def put(self, path, *handlers):
        """Handlers for PUT."""
        return self.route_to('PUT', path, handlers)

    def delete(self, path, *handlers):
        """Handlers for DELETE."""
        return self.route_to('DELETE', path, handlers)

    def head(self, path, *handlers):
        """Handlers for HEAD alone."""
        return self.route_to('HEAD', path, handlers)

    def patch(self, path, *handlers):
        """Handlers for PATCH."""
        return self.route_to('PATCH', path, handlers)

    def options(self, path, *handlers):
        """Handlers for OPTIONS; without any, routes answer it with the methods that they have."""
        return self.route_to('OPTIONS', path, handlers)

    def all(self, path, *handlers):
        """Handlers for every method."""
        return self.route_to(None, path, handlers)

    def route_to(self, method, path, handlers):
        """Handlers for `method` (str; None: every one) on `path`; returns self, or a decorator without handlers."""
        patterns = make_patterns(path, self._options['case_sensitive'], self._options['strict'])
        if not handlers:
            return _Decorator(lambda fn: self.route_to(method, path, (fn,)))
        self._register(_Entry(path, patterns, method, _handlers(handlers), False))
        return self

    def use(self, *args):
        """`use([path], *handlers)`: handlers, or routers, for everything at and below `path`; returns self.
        OptionError for what is neither."""
        path, handlers = (args[0], args[1:]) if args and _is_path(args[0]) else (None, args)
        if not handlers:
            if args and path is None:
                raise OptionError('webapp.handler', 'use takes handlers or routers', repr(args[0]))
            return _Decorator(lambda fn: self.use(fn) if path is None else self.use(path, fn))
        patterns = None
        if path is not None and path != '/':
            patterns = make_patterns(path, self._options['case_sensitive'], self._options['strict'], False)
        self._register(_Entry(path, patterns, None, _handlers(handlers), True))
        return self

    def route(self, path):
        """A Route: `router.route('/x').get(f).post(g)`."""
        return Route(self, path)

    def unhandle(self, path, *handlers):
        """Removes what was registered for `path`: the `handlers` named, or all of it; returns self."""
        for entry in [entry for entry in self._entries if entry.path == path]:
            left = [handler for handler in entry.handlers if handlers and not _is_among(handler, handlers)]
            if left:
                entry.handlers = left
            else:
                self._entries.remove(entry)
        _note_change()
        return self

    def plan(self, method, path):
        """The Plan of a request (path: escaped, normalised)."""
        steps, allowed = [], set()
        self.collect(method, path, _Position('', {}, ()), steps, allowed)
        return Plan(path, steps, allowed)

    def collect(self, method, path, position, steps, allowed):
        """Adds the steps of a request to `steps`, and the methods that its path has to `allowed`."""
        position = position.enter(object())
        for entry in self._entries:
            found = _match(entry, path)
            if found is None:
                continue
            params, taken = found
            if self._options['merge_params']:
                params = _merged(position.params, params)
            if entry.mounted:
                self._collect_mounted(entry, method, path, position.below(taken, params), taken, steps, allowed)
                continue
            if entry.method is not None:
                allowed.add(entry.method)
            if entry.method is None or entry.method == method or (method == 'HEAD' and entry.method == 'GET'):
                route = object()
                steps.extend([Step(h, params, position.base, route, position.routers) for h in entry.handlers])

    def _collect_mounted(self, entry, method, path, position, taken, steps, allowed):
        rest = path[len(taken) :]
        if not rest.startswith('/'):
            rest = '/' + rest
        for handler in entry.handlers:
            if isinstance(handler, Router):
                handler.collect(method, rest, position, steps, allowed)
            else:
                steps.append(Step(handler, position.params, position.base, None, position.routers))

    def _register(self, entry):
        self._entries.append(entry)
        _note_change()


class Route:
    """One path of a router, its methods one after the other."""

    __slots__ = ('_router', '_path')

    def __init__(self, router, path):
        self._router = router
        self._path = path

    def get(self, *handlers):
        """Handlers for GET (and HEAD)."""
        return self._add('GET', handlers)

    def post(self, *handlers):
        """Handlers for POST."""
        return self._add('POST', handlers)

    def put(self, *handlers):
        """Handlers for PUT."""
        return self._add('PUT', handlers)

    def delete(self, *handlers):
        """Handlers for DELETE."""
        return self._add('DELETE', handlers)

    def head(self, *handlers):
        """Handlers for HEAD alone."""
        return self._add('HEAD', handlers)

    def patch(self, *handlers):
        """Handlers for PATCH."""
        return self._add('PATCH', handlers)

    def options(self, *handlers):
        """Handlers for OPTIONS."""
        return self._add('OPTIONS', handlers)

    def all(self, *handlers):
        """Handlers for every method."""
        return self._add(None, handlers)

    def _add(self, method, handlers):
        if not handlers:
            return _Decorator(lambda fn: self._add(method, (fn,)))
        self._router.route_to(method, self._path, handlers)
        return self


class _Position:
    """Where in the tree of routers a plan is being made."""

    __slots__ = ('base', 'params', 'routers')

    def __init__(self, base, params, routers):
        self.base = base
        self.params = params
        self.routers = routers

    def enter(self, visit):
        return _Position(self.base, self.params, self.routers + (visit,))

    def below(self, taken, params):
        return _Position(self.base + taken, params, self.routers)


class _Decorator:
    __slots__ = ('_register',)

    def __init__(self, register):
        self._register = register

    def __call__(self, fn):
        self._register(fn)
        return fn


def _match(entry, path):
    if entry.patterns is None:
        return {}, ''
    for pattern in entry.patterns:
        found = pattern.match(path)
        if found is not None:
            return found
    return None


def _merged(outer, inner):
    params = outer.copy()
    params.update(inner)
    return params


def _note_change():
    changes[0] += 1


def _is_path(value):
    if isinstance(value, (list, tuple)):
        return bool(value) and _is_path(value[0])
    return isinstance(value, str) or (hasattr(value, 'search') and not callable(value))


def _is_among(handler, functions):
    return handler in functions if isinstance(handler, Router) else handler[0] in functions


def _handlers(values):
    """[Router, or (fn, how many arguments, whether it takes errors)] of what an app registers."""
    handlers = []
    for value in values:
        if isinstance(value, (list, tuple)):
            handlers.extend(_handlers(value))
        elif isinstance(value, Router):
            handlers.append(value)
        elif callable(value):
            handlers.append(_handler(value))
        else:
            raise OptionError('webapp.handler', 'a handler must be callable', repr(value), 'handler(req, res)')
    return handlers


def _handler(fn):
    least, most = arity(fn)
    if least > 4 or most < 0:
        raise OptionError('webapp.handler', 'a handler takes at most err, req, res, next', str(least) + ' arguments')
    if least == 4:
        return fn, 4, True
    return fn, min(most, 3), False
