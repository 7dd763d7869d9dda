"""Cooperative tasks: generators and coroutines, stepped by the poll loop. No asyncio is involved.

    async def blink(led):                     def blink(led):
        while True:                               while True:
            led.toggle()                              led.toggle()
            await iosched.sleep(500)                  yield iosched.sleep(500)

    iosched.spawn(blink(led))

What a task may wait for is a Wait: sleep, readable, writable, a Promise, another Task. Anything else, such as an
asyncio awaitable, is an error raised at the `await`, on both runtimes.
"""

from .compat import POLLIN, POLLOUT, is_generator
from .errors import EdgeError, StateError
from .pollset import forget, watch, watchers
from .report import report
from .timers import set_immediate, set_timeout

_current = None


def current_task():
    """The Task that is running now, or None."""
    return _current


class Cancelled(EdgeError):
    """Raised inside a task, at its `await`, by `task.cancel()`."""


class Wait:
    """What a task waits for: settles once, with a value or an exception."""

    __slots__ = ('settled', 'value', 'error', '_tasks')

    def __init__(self):
        self.settled = False
        self.value = self.error = None
        self._tasks = None

    def settle(self, value=None, error=None):
        """Ends the wait; tasks waiting go on with `value`, or with `error` raised. A second call changes nothing."""
        if self.settled:
            return
        self.settled, self.value, self.error = True, value, error
        tasks, self._tasks = self._tasks, None
        for task in tasks or ():
            task._step()

    def begin(self):
        """Called when the first task waits."""

    def abandon(self):
        """Called when the last waiting task was cancelled."""

    def _join(self, task):
        if self._tasks is None:
            self._tasks = [task]
            self.begin()
        else:
            self._tasks.append(task)

    def _part(self, task):
        if self._tasks and task in self._tasks:
            self._tasks.remove(task)
            if not self._tasks:
                self._tasks = None
                self.abandon()

    def __iter__(self):
        return _Steps(self)

    __await__ = __iter__


class _Steps:
    """One task's way through one Wait: yields it once, unless it has settled before."""

    __slots__ = ('wait', 'asked')

    def __init__(self, wait):
        self.wait = wait
        self.asked = False

    def __iter__(self):
        return self

    def __next__(self):
        wait = self.wait
        if _current is None:
            raise StateError(
                'task.outside', 'an iosched awaitable was awaited outside an iosched task', setting='iosched.spawn'
            )
        if not wait.settled:
            if self.asked:
                raise StateError('task.early', 'a task was resumed before its wait was over')
            self.asked = True
            return wait
        if wait.error is not None:
            raise wait.error
        raise StopIteration(wait.value)


class Promise(Wait):
    """A Wait that other code settles: `resolve(value)` or `reject(error)`."""

    __slots__ = ()

    def resolve(self, value=None):
        """Ends the wait with `value`."""
        self.settle(value)

    def reject(self, error):
        """Ends the wait by raising `error` in the waiting tasks."""
        self.settle(None, error)


class _Sleep(Wait):
    __slots__ = ('ms', 'timer')

    def __init__(self, ms):
        super().__init__()
        self.ms = ms
        self.timer = None

    def begin(self):
        self.timer = set_timeout(self.settle, self.ms)

    def abandon(self):
        self.timer.clear()


class _Descriptor(Wait):
    """Waits for `fd`; it is the descriptor's watcher meanwhile."""

    __slots__ = ('fd', 'mask', 'wanted')

    def __init__(self, fd, wanted):
        super().__init__()
        self.fd = fd if isinstance(fd, int) else fd.fileno()
        self.wanted = wanted

    def begin(self):
        if self.fd in watchers:
            raise StateError('task.fd_taken', 'descriptor ' + str(self.fd) + ' is watched already')
        watch(self, self.wanted)

    def abandon(self):
        forget(self)

    def on_readable(self):
        forget(self)
        self.settle()

    def on_ready(self, mask):
        self.on_readable()


def sleep(ms):
    """Waits `ms` milliseconds: `await sleep(500)`, in a generator `yield sleep(500)`."""
    return _Sleep(ms)


def readable(fd):
    """Waits until `fd` (an int, or an object with fileno()) can be read."""
    return _Descriptor(fd, POLLIN)


def writable(fd):
    """Waits until `fd` (an int, or an object with fileno()) can be written."""
    return _Descriptor(fd, POLLOUT)


class Task(Wait):
    """A generator or coroutine that the loop steps. Awaiting it gives its result, or raises its exception."""

    __slots__ = ('_coro', '_where', '_waiting')

    def __init__(self, coro, where):
        super().__init__()
        self._coro = coro
        self._where = where
        self._waiting = None

    def cancel(self):
        """Raises Cancelled in the task, where it waits. A task that has ended is left as it is."""
        if self.settled:
            return
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting._part(self)
        self._step(Cancelled('task.cancelled', 'the task was cancelled'))

    def _step(self, error=None):
        global _current
        before, _current = _current, self
        self._waiting = None
        wanted = result = failure = None
        try:
            wanted = self._coro.throw(error) if error is not None else self._coro.send(None)
        except StopIteration as exc:
            result, wanted = exc.value, self
        except Exception as exc:
            failure = exc
        _current = before
        if failure is not None:
            self._fail(failure)
        elif wanted is self:
            self.settle(result)
        else:
            self._wait_for(wanted)

    def _wait_for(self, wanted):
        if not isinstance(wanted, Wait):
            set_immediate(self._step, _foreign(wanted))
            return
        if wanted.settled:
            set_immediate(self._step)
            return
        self._waiting = wanted
        try:
            wanted._join(self)
        except Exception as exc:
            self._waiting = None
            set_immediate(self._step, exc)

    def _fail(self, exc):
        if self._tasks is None and not isinstance(exc, Cancelled):
            report(exc, self._where)
        self.settle(None, exc)


def _foreign(wanted):
    return StateError(
        'task.foreign_awaitable',
        'an iosched task can wait only for sleep, readable, writable, a Promise or a Task',
        type(wanted).__name__,
        setting='run asyncio code in an asyncio task: see iosched.run_in_asyncio',
    )


def spawn(coro, where='a task'):
    """Runs a generator or coroutine object as a task, up to its first wait at once; returns the Task.

    where: words for the report, should the task end with an exception that nobody awaits.
    """
    if not is_generator(coro):
        raise StateError('task.not_generator', 'spawn takes a generator or coroutine object', type(coro).__name__)
    task = Task(coro, where)
    task._step()
    return task
