"""The I/O scheduler: one poll loop for descriptors, timers, tasks and output (platform module `iosched`).

    while True:
        iosched.poll(50)

One turn waits for descriptors, serves them, fires the timers that are due, and writes what was queued meanwhile:
each stream once, however many messages were sent on it. Times are milliseconds.
"""

from . import pollset, timers
from .compat import POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, is_generator, monotonic_ms  # noqa: F401
from .errors import OptionError, StateError
from .names import camel_module
from .report import report, set_on_error  # noqa: F401
from .sweep import Sweep  # noqa: F401
from .tasks import Cancelled, Promise, Task, current_task, readable, sleep, spawn, writable  # noqa: F401
from .timers import (  # noqa: F401
    clear_immediate,
    clear_interval,
    clear_timeout,
    set_immediate,
    set_interval,
    set_timeout,
)

__getattr__ = camel_module(globals())

_METHODS = {'read': POLLIN, 'write': POLLOUT, 'except': POLLPRI}
_METHODS_IN_ORDER = ('read', 'write', 'except')

dirty = []
"""Objects with output queued in this turn; each one's `flush()` is called once at the end of the turn. An exception
there ends it: `abort(reason)`."""

mark_dirty = dirty.append
"""Whoever queues output calls it; a loop that waits in the place of `poll` (asyncio_bridge) puts its own here."""

FLUSH_PASSES = 3
"""How often what was queued by the writing itself (a poll's answer, what follows a drain) is written in one turn."""


class IoEvent:
    """One interest in one descriptor. method: 'read', 'write' or 'except'; fd (int); arg: as given to `event`."""

    __slots__ = ('method', 'fd', 'arg', '_callback', '_errback', '_once')

    def __init__(self, method, fd, callback, errback, arg):
        self.method = method
        self.fd = fd
        self.arg = arg
        self._callback = callback
        self._errback = errback
        self._once = False

    def _run(self):
        if self._once:
            remove(self)
        try:
            result = self._callback(self.arg, self)
            if result is False and self._errback is not None:
                result = self._errback(self.arg, self)
            if result is not None and is_generator(result):
                spawn(result, self._where())
        except Exception as exc:
            report(exc, self._where())

    def _where(self):
        return self.method + ' event of descriptor ' + str(self.fd)


class _Interests:
    """The watcher of a descriptor that IoEvents are interested in."""

    __slots__ = ('fd', 'mask', 'events')

    def __init__(self, fd):
        self.fd = fd
        self.mask = 0
        self.events = ()

    def on_readable(self):
        self.on_ready(POLLIN)

    def on_ready(self, mask):
        if mask & POLLNVAL:
            # Under poll it would be reported for ever; epoll forgets it by itself.
            pollset.forget(self)
            raise StateError('iosched.fd_closed', 'a watched descriptor was closed', self.fd, setting='iosched.remove')
        if mask & (POLLERR | POLLHUP):
            mask |= POLLIN | POLLOUT | POLLPRI  # whoever reads or writes then learns what is wrong
        for ioevent in self.events:
            if mask & _METHODS[ioevent.method] and ioevent in self.events:
                ioevent._run()


def event(method, fd, callback, errback=None, arg=None):
    """Makes an IoEvent, not yet watched: `callback(arg, ioevent)` when `fd` is ready for `method`.

    method: 'read', 'write' or 'except'; fd: an int or an object with fileno(). `errback(arg, ioevent)` runs when
    the callback returns False. Raises OptionError for an unknown method.
    """
    if method not in _METHODS:
        raise OptionError('iosched.method', 'no such method', repr(method), "'read', 'write' or 'except'")
    return IoEvent(method, fd if isinstance(fd, int) else fd.fileno(), callback, errback, arg)


def add(ioevent):
    """Watches `ioevent` until it is removed. OptionError where its descriptor belongs to a stream of edgeio."""
    ioevent._once = False
    _watch(ioevent)


def once(ioevent):
    """Watches `ioevent` for one event. OptionError as from `add`."""
    ioevent._once = True
    _watch(ioevent)


def remove(ioevent=None):
    """Stops watching `ioevent`; None: every IoEvent. One that is not watched is fine."""
    if ioevent is None:
        for interests in _all_interests():
            pollset.forget(interests)
            interests.events = ()
    elif listening(ioevent):
        interests = pollset.watchers[ioevent.fd]
        interests.events = tuple(e for e in interests.events if e is not ioevent)
        _rewatch(interests)


def listening(ioevent):
    """True while `ioevent` is watched."""
    interests = pollset.watchers.get(ioevent.fd)
    return isinstance(interests, _Interests) and ioevent in interests.events


def fds(user=None):
    """[[read], [write], [except]]: the descriptors of IoEvents, merged with the user's (same form)."""
    merged = [list(part) for part in user] if user else [[], [], []]
    for interests in _all_interests():
        for ioevent in interests.events:
            part = merged[_METHODS_IN_ORDER.index(ioevent.method)]
            if ioevent.fd not in part:
                part.append(ioevent.fd)
    return merged


def select(user=None, timeout=None):
    """Waits, runs what is due and returns the descriptors that had an event: [[read], [write], [except]].

    user: descriptors of the caller's own, same form, to wait for as well; OptionError where one belongs to a stream.
    timeout: ms; None waits for ever; it may return earlier, as when a timer fires. The lists are valid until the
    next call.
    """
    if user is None:
        return poll(timeout)
    added = [IoEvent(m, fd, _nothing, None, None) for m, part in zip(_METHODS_IN_ORDER, user) for fd in part]
    try:
        for ioevent in added:
            _watch(ioevent)
        return poll(timeout)
    finally:
        for ioevent in added:
            remove(ioevent)


def poll(timeout=None):
    """One turn of the loop: waits `timeout` ms at most (None: for ever) and runs what is due.

    Returns the descriptors that had an event, as `select` does.
    """
    if dirty:
        flush()
    wait = 0 if dirty else timers.next_wait()
    if wait is None or (timeout is not None and timeout < wait):
        wait = timeout
    try:
        pollset.wait(wait)
    except Exception as exc:
        report(exc, 'the poll loop')
    timers.run_due()
    if dirty:
        flush()
    return pollset.ready


def forever(check=None, timeout=None):
    """`poll(timeout)` in a loop, until `check` is done: an object whose `quit` turns true, or a callable that does.

    timeout: ms that one turn waits at most; None: for ever.
    """
    if check is None:
        while True:
            poll(timeout)
    elif hasattr(check, 'quit'):
        while not check.quit:
            poll(timeout)
    else:
        while not check():
            poll(timeout)


def flush():
    """Writes out what was queued: once per stream. The loop calls it at the end of every turn.

    What is queued meanwhile is written as well, but a stream that is filled as fast as it drains is not alone here:
    after FLUSH_PASSES it is for the next turn.
    """
    passes = FLUSH_PASSES
    while dirty and passes > 0:
        passes -= 1
        batch = dirty[:]
        dirty.clear()
        for stream in batch:
            try:
                stream.flush()
            except Exception as exc:
                report(exc, 'writing')
                stream.abort('internal error')


def spawn_asyncio(coro, where='an asyncio task'):
    """Runs a coroutine that awaits what asyncio offers, stepped by `poll`; returns the AsyncioTask: await or cancel it.

    In an asyncio app, which has its own loop running, it runs there. where: words for the report, should it end with
    an exception that nobody awaits.
    """
    from .asyncio_bridge import AsyncioTask

    return AsyncioTask(coro, where)


async def run_in_asyncio(check=None):
    """Runs the poll loop inside asyncio, beside its other tasks, until `check` is done or the task is cancelled.

    check: as for `forever`, asked after each turn of the poll loop. StateError `asyncio.two_loops` where it runs
    already, or `poll` steps asyncio.
    """
    from .asyncio_bridge import host

    await host((lambda: False) if check is None else check if callable(check) else lambda: check.quit)


def _watch(ioevent):
    interests = pollset.watchers.get(ioevent.fd)
    if isinstance(interests, _Interests) and not pollset.is_open(interests):
        pollset.forget(interests)
        interests = None
    if interests is None:
        interests = _Interests(ioevent.fd)
        interests.events = (ioevent,)
        pollset.watch(interests, _METHODS[ioevent.method])
    elif not isinstance(interests, _Interests):
        raise OptionError('iosched.fd_taken', 'the descriptor belongs to a stream of edgeio', ioevent.fd)
    elif ioevent not in interests.events:
        interests.events += (ioevent,)
        _rewatch(interests)


def _rewatch(interests):
    mask = 0
    for ioevent in interests.events:
        mask |= _METHODS[ioevent.method]
    if mask:
        pollset.change(interests, mask)
    else:
        pollset.forget(interests)


def _all_interests():
    return [watcher for watcher in pollset.watchers.values() if isinstance(watcher, _Interests)]


def _nothing(arg, ioevent):
    """The callback of an event that is only waited for."""
