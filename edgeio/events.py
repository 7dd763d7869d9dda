"""EventEmitter: named events and their handlers.

A handler is a function, a generator function or a coroutine function; the loop runs the last two as tasks. Its
arity is read once, when it is registered: surplus arguments are dropped and missing ones are None, as in the
document's language. An exception in a handler is reported once, with the event's name, and harms nobody else.
"""

from .compat import arity, is_generator
from .errors import OptionError
from .names import both_spellings
from .report import report
from .tasks import spawn


def call(handler, args, where, guard=None):
    """Calls `handler`, a (fn, least, most, ...) tuple, with `args` fitted to its arity. Never raises an Exception.

    Returns the Task, where the handler is one and has not ended yet; else None. guard: None, or who deals with an
    exception in the place of a report: by `handler_failed(exc)`, and `watch_handler(work)`, which gives a coroutine or
    generator that does so around `work`.
    """
    most = handler[2]
    n = len(args)
    if n > most:
        args = args[:most]
    elif n < handler[1]:
        args = list(args) + [None] * (handler[1] - n)
    try:
        result = handler[0](*args)
        if result is not None and is_generator(result):
            task = spawn(result if guard is None else guard.watch_handler(result), where)
            if not task.settled:
                return task
    except Exception as exc:
        if guard is None:
            report(exc, 'the handler of ' + repr(where))
        else:
            guard.handler_failed(exc)
    return None


def make_handler(fn, once=False):
    """(fn, least, most, once): what `call` takes. OptionError where `fn` cannot be called."""
    if not callable(fn):
        raise OptionError('events.handler', 'a handler must be callable', repr(fn))
    least, most = arity(fn)
    return (fn, least, most, once)


@both_spellings
class EventEmitter:
    """Events by name. Handlers run in the order they were registered."""

    __slots__ = ('_events',)

    def __init__(self):
        self._events = None

    def on(self, name, fn=None):
        """Registers `fn` for `name` (str); returns self. As a decorator: `@emitter.on('name')`.

        Raises OptionError where `fn` cannot be called (document, "socket.on").
        """
        if fn is None:
            return _Decorator(self.on, name)
        self._add(name, make_handler(fn))
        return self

    def once(self, name, fn=None):
        """As `on`, for the next event only; the same OptionError (document, "socket.once")."""
        if fn is None:
            return _Decorator(self.once, name)
        self._add(name, make_handler(fn, True))
        return self

    def prepend_listener(self, name, fn):
        """As `on`, before the handlers that are there; the same OptionError."""
        self._add(name, make_handler(fn), True)
        return self

    def remove_listener(self, name, fn):
        """Removes the newest registration of `fn` for `name`, if there is one; returns self (document,
        "socket.removeListener")."""
        handlers = self._handlers(name)
        for i in range(len(handlers) - 1, -1, -1):
            if handlers[i][0] == fn:
                self._keep(name, handlers[:i] + handlers[i + 1 :])
                break
        return self

    def off(self, name, fn=None):
        """Removes `fn` from `name`; without `fn`, every handler of `name`; returns self."""
        return self.remove_all_listeners(name) if fn is None else self.remove_listener(name, fn)

    def remove_all_listeners(self, name=None):
        """Removes every handler of `name` (None: of every event); returns self (document,
        "socket.removeAllListeners")."""
        if name is None:
            self._events = None
        elif self._events:
            self._events.pop(name, None)
        return self

    def event_names(self):
        """The names that have handlers, a list (document, "socket.eventNames")."""
        return list(self._events) if self._events else []

    def listeners(self, name):
        """The functions registered for `name` (list)."""
        return [handler[0] for handler in self._handlers(name)]

    def listener_count(self, name):
        """How many functions are registered for `name` (int)."""
        return len(self._handlers(name))

    def emit(self, name, *args):
        """Calls the handlers of `name` with `args`; True where there were any."""
        handlers = self._events.get(name) if self._events else None
        if not handlers:
            return False
        for handler in handlers:
            if not handler[3] or self._forget(name, handler):
                call(handler, args, name)
        return True

    def _handlers(self, name):
        return self._events.get(name, ()) if self._events else ()

    def _add(self, name, handler, first=False):
        # Tuples are replaced, never changed: an emit that is under way goes through the ones it began with.
        if self._events is None:
            self._events = {}
        before = self._events.get(name, ())
        self._events[name] = (handler,) + before if first else before + (handler,)

    def _forget(self, name, handler):
        # False where it ran meanwhile: a handler before it may have emitted the same event.
        handlers = self._handlers(name)
        kept = tuple(h for h in handlers if h is not handler)
        self._keep(name, kept)
        return len(kept) < len(handlers)

    def _keep(self, name, handlers):
        if handlers:
            self._events[name] = handlers
        elif self._events:
            self._events.pop(name, None)


class _Decorator:
    __slots__ = ('_register', '_name')

    def __init__(self, register, name):
        self._register = register
        self._name = name

    def __call__(self, fn):
        self._register(self._name, fn)
        return fn
