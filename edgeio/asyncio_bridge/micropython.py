"""The bridge on MicroPython: asyncio waits in one place, the poller of its I/O queue, and there is ours.

Its streams are then in our poll set. Hosted: where asyncio would wait, the poll loop takes its turns. Stepped: where
asyncio would wait, its turn is over.
"""

from asyncio import core
from time import ticks_diff, ticks_ms

from .. import iosched, pollset, timers
from ..compat import POLLIN, POLLOUT, Poller
from ..errors import StateError
from ..runtime import asyncio_guard
from ..tasks import outside

STEPS = 16
"""Steps of asyncio's tasks in one turn of the poll loop, so that asyncio cannot keep it."""


class _TurnOver(Exception):
    """Leaves asyncio's loop where it would wait."""


class _Watcher:
    """A stream that a task of asyncio waits for."""

    def __init__(self, stream, owner):
        self.stream = stream
        self.fd = stream.fileno() if hasattr(stream, 'fileno') else stream
        self.mask = self.seen = 0
        self.owner = owner

    def on_readable(self):
        self.on_ready(POLLIN)

    def on_ready(self, mask):
        if not self.seen:
            self.owner.on_ready(self)
        # Errors and hang-ups are told by the read or write that meets them.
        self.seen |= mask if not mask & ~(POLLIN | POLLOUT) else self.mask


class _AsyncioPoller:
    """Stands in for the poller of asyncio's I/O queue."""

    def __init__(self):
        self._watchers = {}  # id of the stream -> its _Watcher
        self._ready = []  # those that have seen something
        self._left = None  # steps left in this turn; None: asyncio runs by itself
        self._turn_due = False
        self._done = None  # of the task that hosts the poll loop
        self._ended = False  # that task is to learn so
        self.stepped = False

    # -- what asyncio calls

    def register(self, stream, mask):
        if stream is self:
            return
        watcher = _Watcher(stream, self)
        if watcher.fd in pollset.watchers:
            raise StateError('asyncio.fd_taken', 'the descriptor is watched by edgeio already', watcher.fd)
        self._watchers[id(stream)] = watcher
        pollset.watch(watcher, mask)

    def modify(self, stream, mask):
        if stream is not self:
            pollset.change(self._watchers[id(stream)], mask)

    def unregister(self, stream):
        if stream is not self:
            watcher = self._watchers.pop(id(stream))
            pollset.forget(watcher)
            if watcher.seen:
                self._ready.remove(watcher)

    def ipoll(self, ms):
        if self._left is None:
            self._wait(ms)
        elif self._left == 0 or (ms != 0 and not self._any_ready()):
            raise _TurnOver
        else:
            self._left -= 1
        return self._take_ready()

    def _any_ready(self):
        return self._ended or len(self._ready) > 0

    def _take_ready(self):
        events = [(self, POLLIN)] if self._ended else []
        self._ended = False
        for watcher in self._ready:
            events.append((watcher.stream, watcher.seen))
            watcher.seen = 0
        self._ready.clear()
        return events

    # -- hosted

    def _wait(self, ms):
        """One turn of the poll loop; where nothing is due in asyncio, turns until something is."""
        core.cur_task = asyncio_guard.idle  # no task of asyncio's runs meanwhile
        self._poll(ms)
        while ms < 0 and not self._any_ready() and core._task_queue.peek() is None:
            self._poll(ms)

    def _poll(self, ms):
        iosched.poll(None if ms < 0 else ms)
        if self._done is not None and self._done():
            self._done, self._ended = None, True

    def host_until(self, done):
        """A generator that ends when `done()` is true after a turn of the poll loop."""
        if self._done is not None:
            seen = 'a second run_in_asyncio'
            raise StateError('asyncio.two_loops', 'the poll loop has one place in asyncio', seen, 'one of the two')
        self._done = done
        try:
            # asyncio ends when no task waits for a stream or for the time: this one waits for the poll loop itself.
            core._io_queue.queue_read(self)
            yield
        finally:
            self._done = None

    # -- stepped

    def on_ready(self, watcher):
        """A stream that asyncio waits for is ready."""
        self._ready.append(watcher)
        if self.stepped and not asyncio_guard.running:
            self.wake()

    def wake(self):
        """Sets the next turn."""
        if not self._turn_due:
            self._turn_due = True
            timers.set_immediate(self._turn)

    def due_in(self):
        """Milliseconds until asyncio has something to do; None where it waits for descriptors alone."""
        if self._any_ready():
            return 0
        task = core._task_queue.peek()
        return None if task is None else max(0, ticks_diff(task.ph_key, ticks_ms()))

    def _turn(self):
        self._turn_due = False
        if asyncio_guard.running:
            return  # a poll inside an asyncio task
        self._left = STEPS
        try:
            outside(core.run_until_complete)
        except _TurnOver:
            pass
        finally:
            self._left = None


_poller = _AsyncioPoller()
_before = None


class _SteppingPoller(Poller):
    """The poll loop's, which waits no longer than asyncio would: tasks are woken without a word to us."""

    def wait(self, ms):
        if not asyncio_guard.running:
            due = _poller.due_in()
            if due == 0:
                _poller.wake()
            if due is not None and (ms is None or due < ms):
                ms = due
        return self._ipoll(-1 if ms is None else ms)


def _install():
    """Puts our poller into asyncio's I/O queue; False where it is there already."""
    global _before
    queue = core._io_queue
    if queue.poller is _poller:
        return False
    _before, queue.poller = queue.poller, _poller
    for waiting in queue.map.values():  # [reader, (urgent,) writer, stream]
        _before.unregister(waiting[-1])
        _poller.register(waiting[-1], (POLLIN if waiting[0] else 0) | (POLLOUT if waiting[-2] else 0))
    return True


def _uninstall():
    core._io_queue.poller = _before
    for watcher in list(_poller._watchers.values()):
        _before.register(watcher.stream, watcher.mask)
        _poller.unregister(watcher.stream)


def _poll_by(kind):
    # A new poll set with the same descriptors.
    pollset.Poller = kind
    pollset.renew()


def create_task(coro):
    """`coro` as a task of asyncio, stepped by `iosched.poll` where asyncio does not run by itself; has `cancel()`."""
    if not asyncio_guard.running:
        _install()
        if not _poller.stepped:
            _poller.stepped = True
            _poll_by(_SteppingPoller)
    return core.create_task(coro)


def close():
    """Has `iosched.poll` step asyncio no longer, and drops all that runs in it, until the next `spawn_asyncio`."""
    if _poller.stepped:
        _poller.stepped = False
        _poll_by(Poller)
        _uninstall()
        core.new_event_loop()


async def host(done):
    """Runs the poll loop in asyncio until `done()`."""
    installed = _install()
    try:
        await _poller.host_until(done)
    finally:
        if installed:
            _uninstall()
