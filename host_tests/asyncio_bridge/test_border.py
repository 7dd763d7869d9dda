"""The two kinds of awaitables: one inside the other is an error at the await, which says what to do."""

import asyncio
import os
import subprocess
import sys

import pytest

from edgeio import iosched
from edgeio.errors import StateError
from firmware_tests.targets import local
from host_tests.asyncio_bridge.running import finish, hosted
from host_tests.processes import ROOT

pytestmark = pytest.mark.usefixtures('reports')


def test_iosched_awaitable_in_a_stepped_coroutine_is_an_error_at_the_await(stepped, aio):
    async def work():
        with pytest.raises(StateError, match='task.outside'):
            await iosched.sleep(1)
        await aio.sleep(0)
        return 'went on'

    assert finish(iosched.spawn_asyncio(work())) == 'went on'


def test_iosched_awaitable_in_an_asyncio_task_beside_a_hosted_loop_is_an_error_at_the_await():
    async def work():
        with pytest.raises(StateError, match='task.outside'):
            await iosched.sleep(1)
        return 'went on'

    assert hosted(work) == 'went on'


@pytest.mark.parametrize('awaitable', ['sleep', 'event', 'lock', 'future', 'task'])
def test_asyncio_awaitable_in_an_iosched_task_of_a_hosted_loop_is_an_error_at_the_await(awaitable):
    async def work():
        lock = asyncio.Lock()
        await lock.acquire()
        made = {
            'sleep': lambda: asyncio.sleep(1),
            'event': lambda: asyncio.Event().wait(),
            'lock': lock.acquire,
            'future': asyncio.get_running_loop().create_future,
            'task': lambda: asyncio.create_task(asyncio.sleep(0)),
        }[awaitable]
        ended = asyncio.Event()

        async def wrong():
            try:
                with pytest.raises(StateError, match='task.foreign_awaitable') as caught:
                    await made()
                return str(caught.value)
            finally:
                ended.set()

        task = iosched.spawn(wrong())
        await ended.wait()
        return task

    assert 'iosched.spawn_asyncio' in hosted(work).value


def test_refused_to_an_iosched_task_a_future_can_be_awaited_by_asyncio():
    async def work():
        future, ended = asyncio.get_running_loop().create_future(), asyncio.Event()

        async def wrong():
            with pytest.raises(StateError, match='task.foreign_awaitable'):
                await future
            ended.set()

        iosched.spawn(wrong())
        await ended.wait()
        iosched.set_timeout(future.set_result, 1, 'result')
        return await future

    assert hosted(work) == 'result'


def test_iosched_awaitable_in_a_coroutine_stepped_by_a_poll_inside_a_task_is_an_error(stepped):
    async def work():
        await iosched.sleep(1)

    async def polling():
        task = iosched.spawn_asyncio(work())
        iosched.poll(0)
        with pytest.raises(StateError, match='task.outside'):
            await task

    finish(iosched.spawn(polling()))


def test_what_the_error_points_to_works():
    async def work():
        ended = asyncio.Event()

        async def right():
            value = await iosched.spawn_asyncio(asyncio.sleep(0.001, 'value'))
            await iosched.sleep(1)
            ended.set()
            return value

        task = iosched.spawn(right())
        await ended.wait()
        return task.value

    assert hosted(work) == 'value'


# -- the import of asyncio ---------------------------------------------------------------------------------------

runtimes = pytest.mark.parametrize('command', [[sys.executable], local.micropython()], ids=['cpython', 'micropython'])


def run(command, program):
    """What the program prints."""
    environment = {**os.environ, 'MICROPYPATH': f'{ROOT}:.frozen'}
    done = subprocess.run([*command, '-c', program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


LATE_IMPORT = """
from edgeio import iosched
async def work():
    import asyncio
    try:
        await asyncio.sleep(0)
    except Exception as exc:
        print(exc.code)
iosched.spawn(work())
iosched.poll(0)
"""


@runtimes
def test_asyncio_is_imported_by_apps_that_use_it_alone(command):
    program = 'import sys; import edgeio.socketio.server; print([n for n in sys.modules if n.startswith("asyncio")])'
    assert run(command, program) == '[]\n'


@runtimes
def test_asyncio_that_is_imported_inside_a_task_is_refused_there_like_any(command):
    assert run(command, LATE_IMPORT) == 'task.foreign_awaitable\n'
