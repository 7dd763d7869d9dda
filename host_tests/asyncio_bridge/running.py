"""Runs coroutines to their end: of tasks under `iosched.poll`, and in asyncio with the poll loop as a task."""

import asyncio

import pytest

from edgeio import iosched

LONG = 100000
"""Milliseconds that no test waits for."""


def finish(task):
    """Turns the loop, with no time limit of its own for a turn, until the task has ended; its value, or its error."""
    guard = iosched.set_timeout(pytest.fail, 20000, 'the task did not end')
    while not task.settled:
        iosched.poll()
    guard.clear()
    if task.error is not None:
        raise task.error
    return task.value


def hosted(coro_fn, *args):
    """Runs `coro_fn(*args)` in asyncio, with the poll loop as a task beside it; its result."""
    async def main():
        host = asyncio.create_task(iosched.run_in_asyncio())
        try:
            return await asyncio.wait_for(coro_fn(*args), 20)
        finally:
            host.cancel()
            await asyncio.gather(host, return_exceptions=True)

    return asyncio.run(main())
