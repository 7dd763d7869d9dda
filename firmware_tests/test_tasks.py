"""Cooperative tasks: coroutines and generators stepped by the loop."""

from edgeio import iosched
from edgeio.errors import StateError

from .clients.wire import pair
from .harness import raises, same, take_reports, until


async def test_coroutine_sleeps_and_returns():
    async def work():
        await iosched.sleep(1)
        return 'done'

    same(await iosched.spawn(work()), 'done')


def test_generator_is_a_task_too():
    seen = []

    def work():
        yield iosched.sleep(1)
        seen.append('done')

    iosched.spawn(work())
    until(lambda: seen, 'the generator')


async def test_tasks_take_turns():
    seen = []

    async def work(name):
        for _ in range(3):
            seen.append(name)
            await iosched.sleep(0)

    tasks = [iosched.spawn(work(name)) for name in 'ab']
    for task in tasks:
        await task
    same(''.join(seen), 'ababab')


async def test_exception_reaches_whoever_awaits_the_task():
    async def work():
        await iosched.sleep(0)
        raise ValueError('on purpose')

    task = iosched.spawn(work())
    try:
        await task
        raise AssertionError('nothing was raised')
    except ValueError as exc:
        same(str(exc), 'on purpose')


async def test_exception_that_nobody_awaits_is_reported():
    async def work():
        await iosched.sleep(0)
        raise ValueError('on purpose')

    iosched.spawn(work(), 'my work')
    await iosched.sleep(5)
    same([(str(exc), where) for exc, where in take_reports()], [('on purpose', 'my work')])


async def test_cancelled_task_can_tidy_up():
    seen = []

    async def work():
        try:
            await iosched.sleep(100000)
        except iosched.Cancelled:
            seen.append('cancelled')
            raise
        finally:
            seen.append('tidied')

    task = iosched.spawn(work())
    task.cancel()
    same(seen, ['cancelled', 'tidied'])
    task.cancel()


async def test_promise_settles_once():
    promise = iosched.Promise()
    iosched.set_timeout(promise.resolve, 1, 'first')
    same(await promise, 'first')
    promise.resolve('second')
    same(await promise, 'first')


async def test_readable_waits_for_input():
    one, other = pair()
    iosched.set_timeout(other.send, 1, b'x')
    await iosched.readable(one)
    same(one.recv(10), b'x')
    one.close()
    other.close()


class _Foreign:
    def __iter__(self):
        yield 'of another loop'

    __await__ = __iter__


async def test_awaiting_what_belongs_to_another_loop_is_an_error():
    try:
        await _Foreign()
        raise AssertionError('nothing was raised')
    except StateError as exc:
        same(exc.code, 'task.foreign_awaitable')


def test_awaiting_outside_a_task_is_an_error():
    async def work():
        await iosched.sleep(1)

    error = raises(StateError, work().send, None)
    same(error.code, 'task.outside')


def test_spawning_a_plain_function_is_an_error():
    error = raises(StateError, iosched.spawn, len)
    same(error.code, 'task.not_generator')
