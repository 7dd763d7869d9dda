"""The poll loop hosted by asyncio."""

import asyncio
from types import SimpleNamespace

import pytest

from edgeio import iosched, timers
from edgeio.errors import StateError
from host_tests.asyncio_bridge.running import LONG, hosted
from host_tests.looping import turn_until

pytestmark = pytest.mark.usefixtures('reports')


@pytest.mark.usefixtures('poller')
def test_hosted_loop_runs_timers_and_tasks_and_serves_descriptors(pair):
    async def work():
        ended = asyncio.Event()

        async def task():
            await iosched.sleep(5)
            pair.other.send(b'x')
            await iosched.readable(pair.fd)
            ended.set()
            return pair.mine.recv(1)

        spawned = iosched.spawn(task())
        await ended.wait()
        return spawned

    spawned = hosted(work)
    assert spawned.value == b'x'


def test_hosted_loop_ends_when_its_check_is_done():
    seen = []
    iosched.set_timeout(seen.append, 5, 'fired')
    asyncio.run(iosched.run_in_asyncio(lambda: seen))
    assert seen == ['fired']


def test_hosted_loop_ends_when_quit_turns_true():
    app = SimpleNamespace(quit=False)
    iosched.set_timeout(setattr, 5, app, 'quit', True)
    asyncio.run(iosched.run_in_asyncio(app))


def test_hosted_loop_takes_no_turn_while_nothing_is_due(turns):
    async def work():
        await asyncio.sleep(0.02)
        before = turns.count
        await asyncio.sleep(0.1)
        return turns.count - before

    assert hosted(work) == 0


class Output:
    """Something with output queued. written: an asyncio.Event."""

    def __init__(self):
        self.written = asyncio.Event()

    def flush(self):
        self.written.set()


def test_what_an_asyncio_task_writes_leaves_while_the_hosted_loop_waits():
    async def work():
        await asyncio.sleep(0.01)
        output = Output()
        iosched.mark_dirty(output)
        await output.written.wait()

    hosted(work)


def test_timer_set_by_an_asyncio_task_fires_while_the_hosted_loop_waits():
    async def work():
        await asyncio.sleep(0.01)
        for set_timer in (iosched.set_immediate, iosched.set_timeout):
            fired = asyncio.Event()
            set_timer(fired.set)
            await fired.wait()

    hosted(work)


def test_earlier_timer_is_not_kept_by_a_later_one():
    async def work():
        late = iosched.set_timeout(pytest.fail, LONG)
        await asyncio.sleep(0.01)
        fired = asyncio.Event()
        iosched.set_timeout(fired.set, 5)
        await fired.wait()
        late.clear()

    hosted(work)


def test_spawned_in_a_hosted_loop_a_coroutine_runs_in_the_loop_of_its_host():
    async def which():
        return asyncio.get_running_loop()

    async def work():
        task, ended = iosched.spawn_asyncio(which()), asyncio.Event()

        async def waiting():
            await task
            ended.set()

        iosched.spawn(waiting())
        await ended.wait()
        return task.value is asyncio.get_running_loop()

    assert hosted(work) is True


def test_second_host_is_refused_and_the_first_goes_on():
    async def work():
        with pytest.raises(StateError, match='asyncio.two_loops'):
            await iosched.run_in_asyncio()
        fired = asyncio.Event()
        iosched.set_timeout(fired.set, 5)
        await fired.wait()

    hosted(work)


def test_host_is_refused_while_the_poll_loop_steps_asyncio(stepped):
    iosched.spawn_asyncio(asyncio.sleep(LONG))
    iosched.poll(0)
    with pytest.raises(StateError, match='asyncio.two_loops'):
        asyncio.run(iosched.run_in_asyncio())


def test_poll_loop_goes_on_by_itself_after_it_was_hosted():
    async def work():
        await asyncio.sleep(0)

    hosted(work)
    hosted(work)
    assert timers.on_set is None and iosched.mark_dirty == iosched.dirty.append
    seen = []
    iosched.set_timeout(seen.append, 1, 'fired')
    turn_until(lambda: seen)


def test_asyncio_loop_that_watches_no_descriptors_hosts_it_too(monkeypatch):
    def refuse(loop, fd, callback, *args):
        raise NotImplementedError

    async def work():
        await asyncio.sleep(0.01)
        fired = asyncio.Event()
        iosched.set_timeout(fired.set, 5)
        await fired.wait()

    with monkeypatch.context() as patched:
        patched.setattr(asyncio.SelectorEventLoop, 'add_reader', refuse)
        hosted(work)
