"""Cooperative tasks: generators and coroutines, stepped by the poll loop. No asyncio is involved: see asyncio_bridge.

    async def blink(led):                     def blink(led):
        while True:                               while True:
            led.toggle()                              led.toggle()
            await iosched.sleep(500)                  yield iosched.sleep(500)

    iosched.spawn(blink(led))

What a task may wait for is a Wait: sleep, readable, writable, a Promise, another Task. Anything else, such as an
asyncio awaitable, is an error raised at the `await`, on both runtimes.
"""

from .compat import POLLIN, POLLOUT, guard_asyncio, is_generator, withdraw_asyncio
from .errors import EdgeError, StateError
from .pollset import forget, watch, watchers
from .report import report
from .timers import set_immediate, set_timeout

_current = None
_ENDED = object()


def current_task():
    """The Task that is running now, or None."""
    return _current


class Cancelled(EdgeError):
    """Raised inside a task, at its `await`, by `task.cancel()`."""


class Wait:
    """What a task waits for: settled (bool) once, with a value or an error (an exception).

    Awaiting it gives the value or raises the error; outside of an iosched task it raises StateError.
    """

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
            task._resume(self)

    def begin(self):
        """Called when the first task waits."""

    def abandon(self):
        """Called when the last waiting task was cancelled."""

    def _join(self, task):
        if self._tasks is None:
            self.begin()
            self._tasks = [task]
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
    """One task's way through one Wait: yields it once, unless it has settled before.

    (A generator may also yield the Wait itself; that is why the task sends the value.)
    """

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

    def send(self, value):
        return self.__next__()


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
    """A Wait of `ms` milliseconds: `await sleep(500)`, in a generator `yield sleep(500)`."""
    return _Sleep(ms)


def readable(fd):
    """A Wait until `fd` (an int, or an object with fileno()) can be read. StateError where it is watched already."""
    return _Descriptor(fd, POLLIN)


def writable(fd):
    """A Wait until `fd` (an int, or an object with fileno()) can be written. StateError where it is watched already."""
    return _Descriptor(fd, POLLOUT)


class Task(Wait):
    """A generator or coroutine that the loop steps. Awaiting it gives its result, or raises its exception.

    counter: None, or whoever counts it: `counter.ended(task)` is called once it has ended, whichever way.
    weight: bytes of what it works at, as its counter has it.
    """

    __slots__ = ('counter', 'weight', '_coro', '_where', '_waiting')

    def __init__(self, coro, where):
        super().__init__()
        self.counter = None
        self.weight = 0
        self._coro = coro
        self._where = where
        self._waiting = None

    def settle(self, value=None, error=None):
        """Ends the task: see Wait."""
        Wait.settle(self, value, error)
        counter, self.counter = self.counter, None
        if counter is not None:
            counter.ended(self)

    def cancel(self):
        """Raises Cancelled in the task, where it waits. A task that has ended is left as it is.

        StateError for a task that is running: it cannot be interrupted by itself, or by what it called.
        """
        if self.settled:
            return
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            raise StateError('task.cancel_running', 'a task that is running cannot be cancelled', self._where)
        waiting._part(self)
        self._step(None, Cancelled('task.cancelled', 'the task was cancelled'))

    def _resume(self, wait):
        if self._waiting is wait:
            self._waiting = None
            self._step(wait.value, wait.error)

    def _step(self, value=None, error=None):
        global _current
        before, _current = _current, self
        wanted = result = failure = None
        try:
            wanted = self._coro.send(value) if error is None else self._coro.throw(error)
        except StopIteration as exc:
            result, wanted = exc.value, _ENDED
        except Exception as exc:
            failure = exc
        except BaseException:
            _current = before
            raise
        _current = before
        if failure is not None:
            self._fail(failure)
        elif wanted is _ENDED:
            self.settle(result)
        else:
            self._wait_for(wanted)

    def _wait_for(self, wanted):
        if not isinstance(wanted, Wait):
            withdraw_asyncio(wanted)
            wanted = _failed(_foreign(type(wanted).__name__))
        elif wanted is self:
            wanted = _failed(StateError('task.awaits_itself', 'a task awaits itself', self._where))
        self._waiting = wanted
        if not wanted.settled:
            try:
                wanted._join(self)
                return
            except Exception as exc:
                self._waiting = wanted = _failed(exc)
        set_immediate(self._resume, wanted)

    def _fail(self, exc):
        if self._tasks is None and not isinstance(exc, Cancelled):
            report(exc, self._where)
        self.settle(None, exc)


def _failed(error):
    wait = Wait()
    wait.settle(None, error)
    return wait


def _foreign(seen):
    return StateError(
        'task.foreign_awaitable',
        'an iosched task can wait only for sleep, readable, writable, a Promise or a Task',
        seen,
        setting='iosched.spawn_asyncio(coroutine) for what awaits asyncio, and await that',
    )


def spawn(coro, where='a task'):
    """Runs a generator or coroutine object as a task, up to its first wait at once; returns the Task.

    where: words for the report, should the task end with an exception that nobody awaits. StateError for anything
    but a generator or coroutine object, such as the function itself.
    """
    if not is_generator(coro):
        raise StateError('task.not_generator', 'spawn takes a generator or coroutine object', type(coro).__name__)
    task = Task(coro, where)
    task._step()
    return task


def _refuse_asyncio():
    return None if _current is None else _foreign('asyncio.sleep')


def outside(fn, *args):
    """Returns `fn(*args)`, called as the work of no task: for a loop inside this one, whose tasks are not ours."""
    global _current
    before, _current = _current, None
    try:
        return fn(*args)
    finally:
        _current = before


guard_asyncio(_refuse_asyncio, outside)
