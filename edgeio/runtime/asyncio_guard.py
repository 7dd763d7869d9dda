"""MicroPython's asyncio takes for granted that one of its own tasks is running; without one it crashes the process."""


def guard_asyncio(refuse):
    """Makes asyncio's sleep raise the exception that `refuse()` returns (None: go on), and never crash.

    Its other awaitables find a task that is there in vain, and then yield to whoever steps them, who can refuse.
    """
    try:
        from asyncio import core
    except ImportError:
        return
    sleep = core.SingletonGenerator
    go_on = sleep.__next__

    def guarded(self):
        error = refuse()
        if error is not None:
            self.state = None  # there is one sleep for all, and it checks that nobody else is in it
            raise error
        return go_on(self)

    sleep.__next__ = guarded
    idle = core.Task(_parked())
    run = core.run_until_complete

    def run_until_complete(main_task=None):
        try:
            return run(main_task)
        finally:
            core.cur_task = idle

    core.run_until_complete = run_until_complete
    if core.cur_task is None:
        core.cur_task = idle


def _parked():
    while True:
        yield
