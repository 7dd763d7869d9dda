"""The bridge on CPython.

Stepped: asyncio has a selector whose descriptors are in our poll set. Where asyncio would wait, its turn is over.
Hosted: asyncio watches the descriptor of our poll set (epoll), and is told of timers and output set meanwhile.
"""

import asyncio
import selectors

from .. import iosched, pollset, timers
from ..compat import POLLIN, POLLOUT
from ..errors import StateError
from ..tasks import outside

ROUNDS = 16
"""Rounds of asyncio's callbacks in one turn of the poll loop, so that asyncio cannot keep it."""

TICK = 5
"""Milliseconds between the turns of a hosted loop where asyncio cannot watch its poll set: no epoll, or not there."""

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_stepped = None
_hosted = False


# -- asyncio stepped by iosched.poll -----------------------------------------------------------------------------


class _TurnOver(Exception):
    """Leaves asyncio's loop where it would wait."""


class _Watcher:
    """A descriptor that asyncio waits for."""

    __slots__ = ('fd', 'mask', 'seen', 'selector')

    def __init__(self, fd, selector):
        self.fd = fd
        self.seen = 0
        self.selector = selector

    def on_readable(self):
        self.on_ready(POLLIN)

    def on_ready(self, mask):
        # Errors and hang-ups are told by the read or write that meets them.
        self.seen |= mask if not mask & ~(POLLIN | POLLOUT) else self.mask
        self.selector.on_ready()


class _Selector(selectors.SelectSelector):
    """Waits for nothing: the poll loop has done that. (SelectSelector for its bookkeeping.)"""

    def __init__(self, on_ready):
        super().__init__()
        self.on_ready = on_ready
        self.rounds = 0
        self.timeout = None
        self._watchers = {}

    def register(self, fileobj, events, data=None):
        key = super().register(fileobj, events, data)
        if key.fd in pollset.watchers:
            super().unregister(fileobj)
            raise StateError('asyncio.fd_taken', 'the descriptor is watched by edgeio already', key.fd)
        watcher = self._watchers[key.fd] = _Watcher(key.fd, self)
        reads, writes = events & _READ, events & _WRITE
        pollset.watch(watcher, (POLLIN if reads else 0) | (POLLOUT if writes else 0))
        return key

    def unregister(self, fileobj):
        key = super().unregister(fileobj)
        pollset.forget(self._watchers.pop(key.fd))
        return key

    def close(self):
        for watcher in self._watchers.values():
            pollset.forget(watcher)
        self._watchers.clear()
        super().close()

    def select(self, timeout=None):
        ready = [watcher for watcher in self._watchers.values() if watcher.seen]
        if self.rounds == ROUNDS or not ready and timeout != 0:
            self.timeout = 0 if ready else timeout
            raise _TurnOver
        self.rounds += 1
        return [self._event(watcher) for watcher in ready]

    def _event(self, watcher):
        seen, watcher.seen = watcher.seen, 0
        read, write = seen & POLLIN, seen & POLLOUT
        return self.get_key(watcher.fd), (_READ if read else 0) | (_WRITE if write else 0)


class _SteppedLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that takes a turn when it has something to do, called by the poll loop."""

    def __init__(self):
        self._poll_selector = _Selector(self.wake)
        self._turn_due = False
        self._deadline = None
        super().__init__(self._poll_selector)

    def call_soon(self, callback, *args, context=None):
        self.wake()
        return super().call_soon(callback, *args, context=context)

    def call_at(self, when, callback, *args, context=None):
        self.wake()
        return super().call_at(when, callback, *args, context=context)

    def close(self):
        timers.clear_timeout(self._deadline)
        super().close()

    def wake(self):
        """Sets the next turn, unless it is set, or under way."""
        if not self._turn_due and not self.is_running():
            self._turn_due = True
            timers.set_immediate(self._turn)

    def _turn(self):
        self._turn_due = False
        if self.is_closed() or self.is_running():
            return  # running: a poll inside an asyncio task
        timers.clear_timeout(self._deadline)
        selector = self._poll_selector
        selector.rounds = 0
        try:
            outside(self.run_forever)
        except _TurnOver:
            if selector.timeout == 0:
                self.wake()
            elif selector.timeout is not None:
                # Rounded up: a turn before the time would find nothing to do.
                self._deadline = timers.set_timeout(self._turn, selector.timeout * 1000 + 1)


def create_task(coro):
    """`coro` as a task of the asyncio loop that is running, otherwise of the stepped one; has `cancel()`."""
    global _stepped
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        if _stepped is None:
            _stepped = _SteppedLoop()
        loop = _stepped
    return loop.create_task(coro)


def close():
    """Closes the loop that `iosched.poll` steps, with all that runs in it; the next `spawn_asyncio` makes a new one."""
    global _stepped
    if _stepped is not None:
        loop, _stepped = _stepped, None
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop._turn()
        loop.close()


# -- the poll loop hosted by asyncio -----------------------------------------------------------------------------


async def host(done):
    """Runs the poll loop in the running asyncio loop until `done()`."""
    global _hosted
    if _hosted or (_stepped is not None and asyncio.all_tasks(_stepped)):
        seen = 'a second run_in_asyncio' if _hosted else 'tasks of spawn_asyncio that iosched.poll steps'
        raise StateError('asyncio.two_loops', 'the poll loop has one place in asyncio', seen, 'one of the two')
    news = asyncio.Event()
    loop, fd = asyncio.get_running_loop(), pollset.poller.fileno()
    tick = None if _watch(loop, fd, news.set) else TICK
    _hosted = True
    timers.on_set, iosched.mark_dirty = news.set, _marking(news.set)
    try:
        iosched.poll(0)
        while not done():
            news.clear()
            await _wait(loop, news, tick)
            iosched.poll(0)
    finally:
        timers.on_set, iosched.mark_dirty = None, iosched.dirty.append
        _hosted = False
        if tick is None:
            loop.remove_reader(fd)


def _watch(loop, fd, call):
    """Has `loop` call `call` while our poll set has something ready; False where it cannot."""
    if fd is None:
        return False
    try:
        loop.add_reader(fd, call)
    except NotImplementedError:
        return False
    return True


def _marking(notice):
    # What asyncio's tasks write is queued outside of our turns.
    def mark_dirty(stream):
        iosched.dirty.append(stream)
        notice()

    return mark_dirty


async def _wait(loop, news, tick):
    """Until the poll loop has something to do, at most `tick` ms (None: any time)."""
    ms = 0 if iosched.dirty else timers.next_wait()
    if tick is not None and (ms is None or ms > tick):
        ms = tick
    if ms == 0:
        await asyncio.sleep(0)
        return
    timer = None if ms is None else loop.call_later(ms / 1000, news.set)
    try:
        await news.wait()
    finally:
        if timer is not None:
            timer.cancel()
