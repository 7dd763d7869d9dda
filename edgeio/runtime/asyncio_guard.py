"""MicroPython's asyncio takes for granted that one of its own tasks is running; without one it crashes the process."""

import sys

idle = None
"""The Task that asyncio finds where none of its own is running."""

running = False
"""True while asyncio's loop runs."""


class AsyncioToCome:
    """Stands for the module `_asyncio` until asyncio is imported, then calls `install()`: apps without it pay nothing.

    asyncio makes its queue of tasks as the last step of its import.
    """

    def __init__(self, module, install):
        self.Task = module.Task
        self._module = module
        self._install = install

    def TaskQueue(self, *args):
        queue = self._module.TaskQueue
        sys.modules['_asyncio'] = self._module
        sys.modules['asyncio.core'].TaskQueue = queue
        self._install()
        return queue(*args)


def install(refuse, outside):
    """Makes asyncio's sleep raise the exception that `refuse()` returns (None: go on), and never crash.

    Its other awaitables find the Task `idle`, and then yield to whoever steps them, who can refuse and calls
    `withdraw`. outside(fn, argument): calls `fn(argument)` as the work of no iosched task.
    """
    global idle
    core = sys.modules['asyncio.core']
    sleep, run = core.SingletonGenerator, core.run_until_complete
    go_on = sleep.__next__

    def guarded(self):
        error = refuse()
        if error is not None:
            self.state = None  # there is one sleep for all, and it checks that nobody else is in it
            raise error
        return go_on(self)

    def run_until_complete(main_task=None):
        global running
        before, running = running, True
        try:
            return outside(run, main_task)
        finally:
            running = before
            core.cur_task = idle

    idle = core.Task(_parked())
    sleep.__next__ = guarded
    core.run_until_complete = run_until_complete
    if core.cur_task is None:
        core.cur_task = idle


def withdraw():
    """Takes asyncio's task out of the queue that a refused awaitable has put it in: it would get what is another's.

    That is `idle`, or the task that an iosched task was begun or resumed from.
    """
    if idle is None:
        return
    task = sys.modules['asyncio.core'].cur_task
    queue = task.data
    if isinstance(queue, type(task)):
        queue = queue.state  # the tasks that wait for the end of a task
    if hasattr(queue, 'remove'):
        queue.remove(task)
    task.data = None


def _parked():
    while True:
        yield
