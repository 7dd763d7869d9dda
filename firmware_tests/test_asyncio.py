"""Awaiting what belongs to the other loop raises at once, on both runtimes, instead of hanging."""

import asyncio

from edgeio import iosched
from edgeio.errors import StateError

from .harness import same, until


async def _foreign(awaitable):
    try:
        await awaitable
    except (StateError, RuntimeError, AttributeError) as exc:  # CPython 3.11's Event stumbles over the missing loop
        return exc
    raise AssertionError('nothing was raised')


async def test_asyncio_sleep_in_a_task_of_iosched():
    await _foreign(asyncio.sleep(0))
    await iosched.sleep(1)


async def test_asyncio_event_in_a_task_of_iosched():
    await _foreign(asyncio.Event().wait())
    await iosched.sleep(1)


def test_iosched_sleep_in_a_task_of_asyncio():
    error = asyncio.run(_foreign(iosched.sleep(1)))
    same(error.code, 'task.outside')


def test_iosched_goes_on_after_asyncio_has_run():
    async def short():
        await asyncio.sleep(0)
        return 'done'

    same(asyncio.run(short()), 'done')
    seen = []
    iosched.set_timeout(seen.append, 1, 'fired')
    until(lambda: seen, 'the timer')
