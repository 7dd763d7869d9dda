"""Tasks: coroutines and generators that the loop steps."""

import asyncio
import os
import socket

import pytest

from edgeio import iosched, pollset, tasks, timers
from edgeio.errors import StateError
from host_tests.looping import turn_until

pytestmark = pytest.mark.usefixtures('reports')


def finish(task):
    """Turns the loop until the task has ended; its value, or its exception raised."""
    turn_until(lambda: task.settled, 'the end of the task')
    if task.error is not None:
        raise task.error
    return task.value


@pytest.fixture
def pair():
    one, other = socket.socketpair()
    one.setblocking(False)
    other.setblocking(False)
    yield one, other
    one.close()
    other.close()


@pytest.fixture
def promise():
    return iosched.Promise()


# -- what a task may wait for ------------------------------------------------------------------------------------


def test_coroutine_runs_to_its_first_wait_at_once():
    seen = []

    async def work():
        seen.append('begun')
        await iosched.sleep(1)
        return 'done'

    task = iosched.spawn(work())
    assert seen == ['begun']
    assert finish(task) == 'done'


def test_coroutine_without_a_wait_has_ended_when_spawn_returns():
    async def work():
        return 'done'

    task = iosched.spawn(work())
    assert task.settled and task.value == 'done'


def test_generator_gets_the_value_of_what_it_yields(promise):
    def work():
        first = yield promise
        second = yield promise
        third = yield from promise
        return first, second, third

    task = iosched.spawn(work())
    promise.resolve('value')
    assert finish(task) == ('value', 'value', 'value')


def test_generator_gets_the_exception_of_what_it_yields(promise):
    def work():
        try:
            yield promise
        except ValueError as exc:
            return 'caught ' + str(exc)

    task = iosched.spawn(work())
    promise.reject(ValueError('on purpose'))
    assert finish(task) == 'caught on purpose'


def test_promise_gives_its_value_to_every_task_that_waits(promise):
    async def work(name):
        return name, await promise

    waiting = [iosched.spawn(work(name)) for name in 'ab']
    promise.resolve(5)
    late = iosched.spawn(work('c'))
    assert [finish(task) for task in [*waiting, late]] == [('a', 5), ('b', 5), ('c', 5)]


def test_promise_settles_once(promise):
    promise.resolve('first')
    promise.resolve('second')
    promise.reject(ValueError())
    assert promise.value == 'first' and promise.error is None


def test_task_gives_its_result_to_whoever_awaits_it():
    async def inner():
        await iosched.sleep(1)
        return 'inner'

    async def outer():
        return 'outer, ' + await iosched.spawn(inner())

    assert finish(iosched.spawn(outer())) == 'outer, inner'


def test_exception_of_an_awaited_task_is_raised_there_and_not_reported(reports):
    async def inner():
        await iosched.sleep(1)
        raise ValueError('on purpose')

    async def outer():
        with pytest.raises(ValueError, match='on purpose'):
            await iosched.spawn(inner())
        return 'went on'

    assert finish(iosched.spawn(outer())) == 'went on'
    assert reports == []


def test_exception_that_nobody_awaits_is_reported_once_with_its_place(reports):
    async def work():
        await iosched.sleep(1)
        raise ValueError('on purpose')

    task = iosched.spawn(work(), 'the work of this test')
    with pytest.raises(ValueError):
        finish(task)
    assert [(str(exc), where) for exc, where in reports] == [('on purpose', 'the work of this test')]
    reports.clear()


def test_readable_waits_for_input(pair):
    one, other = pair

    async def work():
        await iosched.readable(one)
        return one.recv(10)

    task = iosched.spawn(work())
    iosched.poll(0)
    assert not task.settled
    other.send(b'x')
    assert finish(task) == b'x'


def test_writable_waits_for_room(pair):
    one, other = pair

    async def work():
        await iosched.writable(one.fileno())
        return 'room'

    with pytest.raises(BlockingIOError):
        while True:
            one.send(bytes(65536))
    task = iosched.spawn(work())
    iosched.poll(0)
    assert not task.settled
    with pytest.raises(BlockingIOError):
        while other.recv(65536):
            pass
    assert finish(task) == 'room'


def test_descriptor_can_be_waited_for_again_and_again(pair):
    one, other = pair

    async def work():
        got = b''
        while len(got) < 3:
            await iosched.readable(one)
            got += one.recv(1)
        return got

    task = iosched.spawn(work())
    other.send(b'abc')
    assert finish(task) == b'abc'


def test_descriptor_that_another_task_waits_for_is_refused_at_the_await(pair):
    async def work():
        await iosched.readable(pair[0])

    first = iosched.spawn(work())
    second = iosched.spawn(work(), 'second')

    async def outer():
        with pytest.raises(StateError, match='task.fd_taken'):
            await second
        first.cancel()

    finish(iosched.spawn(outer()))


def test_file_that_cannot_be_watched_is_an_error_at_the_await(tmp_path):
    with open(tmp_path / 'file', 'w') as file:

        async def work():
            with pytest.raises(OSError):
                await iosched.readable(file)
            return 'went on'

        assert finish(iosched.spawn(work())) == 'went on'
    assert iosched.fds() == [[], [], []]


def test_tasks_take_turns():
    seen = []

    async def work(name):
        for _ in range(3):
            seen.append(name)
            await iosched.sleep(0)

    for task in [iosched.spawn(work(name)) for name in 'abc']:
        finish(task)
    assert ''.join(seen) == 'abcabcabc'


def test_current_task_is_the_one_that_runs():
    async def inner():
        return iosched.current_task()

    async def work():
        mine = iosched.current_task()
        other = await iosched.spawn(inner())
        await iosched.sleep(0)
        assert iosched.current_task() is mine
        assert other is not mine
        return mine

    task = iosched.spawn(work())
    assert iosched.current_task() is None
    assert finish(task) is task
    assert iosched.current_task() is None


# -- cancelling --------------------------------------------------------------------------------------------------


def test_cancelled_task_tidies_up_and_is_not_reported():
    seen = []

    async def work():
        try:
            await iosched.sleep(100000)
        finally:
            seen.append('tidied')

    task = iosched.spawn(work())
    task.cancel()
    assert seen == ['tidied']
    assert isinstance(task.error, iosched.Cancelled)
    task.cancel()


def test_cancelled_task_may_go_on():
    async def work():
        try:
            await iosched.sleep(100000)
        except iosched.Cancelled:
            await iosched.sleep(1)
        return 'went on'

    task = iosched.spawn(work())
    task.cancel()
    assert finish(task) == 'went on'


def test_cancelled_sleep_leaves_no_timer():
    before = timers.count()

    async def work():
        await iosched.sleep(100000)

    task = iosched.spawn(work())
    assert timers.count() == before + 1
    task.cancel()
    assert timers.count() == before


def test_cancelled_wait_for_a_descriptor_leaves_it_unwatched(pair):
    async def work():
        await iosched.readable(pair[0])

    iosched.spawn(work()).cancel()
    seen = []
    event = iosched.event('read', pair[0], lambda arg, ioevent: seen.append(pair[0].recv(1)))
    iosched.once(event)
    pair[1].send(b'x')
    turn_until(lambda: seen)
    assert seen == [b'x']


def test_cancelling_one_of_two_waiting_tasks_leaves_the_other(promise):
    async def work():
        return await promise

    one, other = iosched.spawn(work()), iosched.spawn(work())
    one.cancel()
    promise.resolve('value')
    assert finish(other) == 'value'
    assert isinstance(one.error, iosched.Cancelled)


def test_cancelling_a_task_that_is_about_to_go_on_ends_it_once(reports):
    def work():
        yield done

    done = iosched.Promise()
    done.resolve()
    task = iosched.spawn(work())  # it goes on in the next turn
    task.cancel()
    iosched.poll(0)
    iosched.poll(0)
    assert isinstance(task.error, iosched.Cancelled)


def test_task_that_waits_for_a_cancelled_task_gets_the_cancellation():
    async def inner():
        await iosched.sleep(100000)

    waited_for = iosched.spawn(inner())

    async def outer():
        with pytest.raises(iosched.Cancelled):
            await waited_for
        return 'went on'

    task = iosched.spawn(outer())
    waited_for.cancel()
    assert finish(task) == 'went on'


def test_running_task_cannot_cancel_itself():
    async def work():
        with pytest.raises(StateError, match='task.cancel_running'):
            iosched.current_task().cancel()
        await iosched.sleep(0)
        return 'went on'

    assert finish(iosched.spawn(work())) == 'went on'


# -- misuse ------------------------------------------------------------------------------------------------------


class Foreign:
    """What another loop's awaitables look like."""

    def __await__(self):
        yield self


def test_awaitable_of_another_loop_is_an_error_at_the_await():
    async def work():
        with pytest.raises(StateError, match='seen: Foreign.*task.foreign_awaitable'):
            await Foreign()
        return 'went on'

    assert finish(iosched.spawn(work())) == 'went on'


def test_asyncio_sleep_is_an_error_at_the_await():
    async def work():
        with pytest.raises(StateError, match='task.foreign_awaitable'):
            await asyncio.sleep(0)
        return 'went on'

    assert finish(iosched.spawn(work())) == 'went on'


def test_generator_that_yields_nothing_useful_is_told_so(reports):
    def work():
        yield 5

    task = iosched.spawn(work())
    with pytest.raises(StateError, match='seen: int.*task.foreign_awaitable'):
        finish(task)
    assert len(reports) == 1
    reports.clear()


def test_awaiting_outside_a_task_is_an_error():
    async def work():
        await iosched.sleep(1)

    with pytest.raises(StateError, match='task.outside'):
        work().send(None)


def test_awaiting_in_an_asyncio_task_is_an_error():
    async def work():
        await iosched.sleep(1)

    with pytest.raises(StateError, match='task.outside'):
        asyncio.run(work())


def test_task_that_awaits_itself_is_told_so():
    async def work():
        await iosched.sleep(0)
        with pytest.raises(StateError, match='task.awaits_itself'):
            await task
        return 'went on'

    task = iosched.spawn(work())
    assert finish(task) == 'went on'


@pytest.mark.parametrize('thing', [print, None, 5, [], lambda: None])
def test_spawning_what_is_no_coroutine_is_refused_at_the_call(thing):
    with pytest.raises(StateError, match='task.not_generator'):
        iosched.spawn(thing)


def test_interrupt_inside_a_task_leaves_the_loop_usable():
    def work():
        yield iosched.sleep(0)
        raise KeyboardInterrupt

    iosched.spawn(work())
    with pytest.raises(KeyboardInterrupt):
        turn_until(lambda: False)
    assert iosched.current_task() is None
    assert finish(iosched.spawn(sleeper())) is None


async def sleeper():
    await iosched.sleep(0)


def test_wait_that_cannot_begin_can_be_tried_again():
    class Moody(tasks.Wait):
        begun = 0

        def begin(self):
            Moody.begun += 1
            if Moody.begun == 1:
                raise OSError('not now')

    wait = Moody()

    async def work():
        with pytest.raises(OSError):
            await wait
        return await wait

    task = iosched.spawn(work())
    turn_until(lambda: Moody.begun == 2)
    wait.settle('done')
    assert finish(task) == 'done'


def test_stale_wait_for_a_closed_descriptor_does_not_take_its_successor_away():
    read, write = os.pipe()

    async def work():
        await iosched.readable(read)

    task = iosched.spawn(work())
    os.close(read)
    again, end = os.pipe()
    assert again == read, 'the system gives the lowest free number'
    seen = []
    class Successor:
        fd = again

        def on_readable(self):
            seen.append(os.read(self.fd, 10))

    successor = Successor()
    pollset.watch(successor, pollset.POLLIN)
    task.cancel()
    os.write(end, b'x')
    turn_until(lambda: seen)
    pollset.forget(successor)
    for fd in (write, again, end):
        os.close(fd)


def test_counter_is_told_once_that_a_task_has_ended_whichever_way(reports):
    class Counter:
        def ended(self, task):
            told.append(task)

    told = []

    async def work(promise):
        await promise

    tasks_of = []
    for _ in range(3):
        promise = iosched.Promise()
        tasks_of.append((iosched.spawn(work(promise)), promise))
        tasks_of[-1][0].counter = Counter()
    (first, promise), (second, broken), (third, _) = tasks_of
    promise.resolve()
    assert told == [first]
    broken.reject(ValueError('broken'))
    assert told == [first, second] and len(reports) == 1
    reports.clear()
    third.cancel()
    assert told == [first, second, third]
