"""asyncio stepped by iosched.poll."""

import asyncio

import pytest

from edgeio import asyncio_bridge, iosched, pollset
from edgeio.errors import StateError
from host_tests.asyncio_bridge.running import LONG, finish
from host_tests.looping import turn_until

pytestmark = pytest.mark.usefixtures('reports')


def test_stepped_coroutine_gives_its_result_to_an_iosched_task(stepped, aio):
    async def work():
        await aio.sleep(0.005)
        return 'done'

    async def waiting():
        return 'asyncio is ' + await iosched.spawn_asyncio(work())

    assert finish(iosched.spawn(waiting())) == 'asyncio is done'


@pytest.mark.parametrize('aio', ['uasyncio'], indirect=True)
def test_stepped_sleep_ms_of_uasyncio(stepped, aio):
    async def work():
        await aio.sleep_ms(5)
        return 'slept'

    assert finish(iosched.spawn_asyncio(work())) == 'slept'


def test_stepped_tasks_of_asyncio_work_together(stepped, aio):
    async def double(number):
        await aio.sleep(0)
        return 2 * number

    async def work():
        return await aio.gather(aio.create_task(double(1)), double(2), aio.wait_for(double(3), 10))

    assert finish(iosched.spawn_asyncio(work())) == [2, 4, 6]


def test_stepped_coroutine_is_woken_from_the_poll_loop(stepped, aio):
    event = aio.Event()

    async def work():
        await event.wait()
        return 'woken'

    task = iosched.spawn_asyncio(work())
    iosched.set_timeout(event.set, 5)
    assert finish(task) == 'woken'


def test_exception_of_a_stepped_coroutine_is_raised_at_the_await_and_not_reported(stepped, reports):
    async def fail():
        raise ValueError('on purpose')

    async def waiting():
        with pytest.raises(ValueError, match='on purpose'):
            await iosched.spawn_asyncio(fail())
        return 'went on'

    assert finish(iosched.spawn(waiting())) == 'went on'
    assert not reports


def test_exception_of_a_stepped_coroutine_that_nobody_awaits_is_reported(stepped, reports):
    async def fail():
        raise ValueError('on purpose')

    task = iosched.spawn_asyncio(fail(), 'the failing one')
    with pytest.raises(ValueError):
        finish(task)
    assert [(str(exc), where) for exc, where in reports] == [('on purpose', 'the failing one')]
    reports.clear()


def test_cancelled_while_it_waits_a_stepped_coroutine_learns_of_it(stepped, aio):
    seen = []

    async def work():
        try:
            await aio.sleep(LONG)
        except aio.CancelledError:
            seen.append('cancelled')
            raise

    task = iosched.spawn_asyncio(work())
    iosched.set_timeout(task.cancel, 5)
    with pytest.raises(iosched.Cancelled):
        finish(task)
    assert seen == ['cancelled']
    task.cancel()


def test_cancelled_before_it_began_a_stepped_coroutine_never_runs(stepped):
    seen = []

    async def work():
        seen.append('begun')

    task = iosched.spawn_asyncio(work())
    task.cancel()
    with pytest.raises(iosched.Cancelled):
        finish(task)
    assert not seen


def test_poll_sleeps_while_asyncio_sleeps(stepped, turns, aio):
    async def work():
        await aio.sleep(0.1)

    finish(iosched.spawn_asyncio(work()))
    assert turns.count < 10


def test_descriptors_of_asyncio_wake_the_poll_loop(stepped):
    async def shout(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    async def work():
        server = await asyncio.start_server(shout, '127.0.0.1', 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b'hello\n')
        line = await reader.readline()
        writer.close()
        server.close()
        return line

    assert finish(iosched.spawn_asyncio(work())) == b'HELLO\n'


def test_threads_of_asyncio_wake_the_poll_loop(stepped):
    async def work():
        return await asyncio.to_thread(sum, [1, 2, 3])

    assert finish(iosched.spawn_asyncio(work())) == 6


def test_asyncio_waits_for_reading_and_writing_of_one_descriptor(stepped, pair):
    one, other = pair.mine, pair.other

    async def work():
        loop = asyncio.get_running_loop()
        received = asyncio.create_task(loop.sock_recv(one, 5))
        await loop.sock_sendall(one, b'there ')
        other.setblocking(False)
        assert await loop.sock_recv(other, 6) == b'there '
        await loop.sock_sendall(other, b'again')
        return await received

    assert finish(iosched.spawn_asyncio(work())) == b'again'


def test_descriptor_that_edgeio_watches_is_refused_to_asyncio(stepped, pair):
    watched = iosched.event('read', pair.mine, lambda arg, ioevent: None)
    iosched.add(watched)

    async def work():
        asyncio.get_running_loop().add_reader(pair.mine.fileno(), print)

    async def waiting():
        with pytest.raises(StateError, match='asyncio.fd_taken'):
            await iosched.spawn_asyncio(work())

    finish(iosched.spawn(waiting()))
    assert iosched.listening(watched)


def test_asyncio_that_never_waits_leaves_the_poll_loop_its_turns(stepped, aio):
    async def spin():
        while True:
            await aio.sleep(0)

    task = iosched.spawn_asyncio(spin())
    seen = []
    iosched.set_timeout(seen.append, 5, 'fired')
    turn_until(lambda: seen)
    task.cancel()
    turn_until(lambda: task.settled)


def test_poll_inside_a_stepped_coroutine_is_a_turn_without_asyncio(stepped):
    async def work():
        asyncio.get_running_loop().call_soon(seen.append, 'later')
        iosched.poll(0)
        return list(seen)

    seen = []
    assert finish(iosched.spawn_asyncio(work())) == []


@pytest.mark.parametrize('thing', [print, None, asyncio.sleep])
def test_what_is_no_coroutine_is_refused_at_the_call(thing):
    with pytest.raises(StateError, match='task.not_generator'):
        iosched.spawn_asyncio(thing)


def test_closed_the_stepped_loop_ends_what_runs_in_it_and_watches_nothing(stepped):
    seen = []

    async def work():
        try:
            await asyncio.sleep(LONG)
        finally:
            seen.append('ended')

    before = set(pollset.watchers)
    iosched.spawn_asyncio(work())
    iosched.poll(0)
    asyncio_bridge.close()
    assert seen == ['ended']
    assert set(pollset.watchers) == before
