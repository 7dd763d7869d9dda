"""asyncio beside the poll loop, in either direction; `iosched` loads it when an app first asks for it.

    iosched.poll steps asyncio:         task = iosched.spawn_asyncio(coroutine)
    asyncio hosts the poll loop:        await iosched.run_in_asyncio()

The two kinds of awaitables stay apart: asyncio's belong into a coroutine given to `spawn_asyncio`, iosched's into one
given to `spawn`. An AsyncioTask is iosched's, so an iosched task can await what asyncio does.
"""

from asyncio import CancelledError

from ..compat import is_generator, runtime_module
from ..errors import StateError
from ..tasks import Cancelled, Task
from ..timers import set_immediate

_half = runtime_module(__name__)
close, create_task, host = _half.close, _half.create_task, _half.host


class AsyncioTask(Task):
    """A coroutine that asyncio runs. To an iosched task it is like any Task: await it, or cancel it."""

    __slots__ = ('_begun', '_handle')

    def __init__(self, coro, where):
        if not is_generator(coro):
            raise StateError('task.not_generator', 'spawn_asyncio takes a coroutine object', type(coro).__name__)
        super().__init__(coro, where)
        self._begun = False
        self._handle = create_task(self._run())

    def cancel(self):
        """Raises asyncio's CancelledError in the coroutine, where it waits; it need not have begun."""
        if self.settled:
            return
        if self._begun:
            self._handle.cancel()
        else:
            # Cancelled at once, `_run` would never be entered, and nobody would learn of the end.
            self._coro.close()
            self._coro = _cancelled()

    async def _run(self):
        self._begun = True
        try:
            value = await self._coro
        except CancelledError:
            self._end(self._fail, Cancelled('task.cancelled', 'the asyncio task was cancelled'))
        except Exception as exc:
            self._end(self._fail, exc)
        else:
            self._end(self.settle, value)

    def _end(self, settle, outcome):
        # Not from here: what it resumes must not run inside one of asyncio's tasks.
        set_immediate(settle, outcome)


async def _cancelled():
    raise CancelledError
