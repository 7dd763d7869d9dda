"""asyncio beside the poll loop: stepped by it, and hosting it. Awaiting what belongs to the other raises at once."""

import asyncio

from edgeio import iosched, pollset
from edgeio.asyncio_bridge import close
from edgeio.errors import StateError
from edgeio.socketio import Server

from . import servers
from .clients.socketio import open_client
from .harness import same, until
from .test_memory import _least_allocation


async def _foreign(awaitable):
    try:
        await awaitable
    except (StateError, RuntimeError, AttributeError) as exc:  # CPython 3.11's Event stumbles over the missing loop
        return exc
    raise AssertionError('nothing was raised')


async def _nap():
    await asyncio.sleep(0.001)


async def _stepped(coro):
    """The result of `coro`, which iosched.poll steps; asyncio is as it was afterwards."""
    try:
        return await iosched.spawn_asyncio(coro)
    finally:
        # Not from inside asyncio's turn.
        await iosched.sleep(0)
        close()


def _hosted(coro_fn):
    """The result of `coro_fn()`, run by asyncio with the poll loop as a task beside it."""

    async def main():
        host = asyncio.create_task(iosched.run_in_asyncio())
        try:
            return await asyncio.wait_for(coro_fn(), 60)
        finally:
            host.cancel()
            try:
                await host
            except asyncio.CancelledError:
                pass

    return asyncio.run(main())


# -- the border --------------------------------------------------------------------------------------------------


async def test_asyncio_sleep_in_a_task_of_iosched():
    await _foreign(asyncio.sleep(0))
    await iosched.sleep(1)


async def test_asyncio_event_in_a_task_of_iosched():
    await _foreign(asyncio.Event().wait())
    await iosched.sleep(1)


def test_iosched_sleep_in_a_task_of_asyncio():
    error = asyncio.run(_foreign(iosched.sleep(1)))
    same(error.code, 'task.outside')


async def test_iosched_sleep_in_asyncio_that_a_task_of_iosched_runs():
    asyncio.run(_foreign(iosched.sleep(1)))
    await iosched.sleep(1)


async def test_iosched_sleep_in_a_stepped_coroutine():
    error = await _stepped(_foreign(iosched.sleep(1)))
    same(error.code, 'task.outside')


def test_asyncio_awaitables_in_a_task_of_a_hosted_loop():
    async def work():
        ended = asyncio.Event()
        lock = asyncio.Lock()
        await lock.acquire()
        task = asyncio.create_task(_nap())
        codes = []

        async def wrong():
            for make in (lock.acquire, asyncio.Event().wait, lambda: asyncio.sleep(1), lambda: task):
                codes.append((await _foreign(make())).code)
            ended.set()

        iosched.spawn(wrong())
        await ended.wait()
        await task
        # The refused one is not in the queue: the lock goes to who asks for it now.
        lock.release()
        await lock.acquire()
        return codes

    same(_hosted(work), ['task.foreign_awaitable'] * 4)


def test_iosched_goes_on_after_asyncio_has_run():
    async def short():
        await asyncio.sleep(0)
        return 'done'

    same(asyncio.run(short()), 'done')
    seen = []
    iosched.set_timeout(seen.append, 1, 'fired')
    until(lambda: seen, 'the timer')


# -- stepped by iosched.poll -------------------------------------------------------------------------------------


async def test_stepped_coroutine_is_woken_by_the_time_and_from_the_poll_loop():
    async def work():
        await asyncio.sleep(0.005)
        event = asyncio.Event()
        iosched.set_timeout(event.set, 5)
        await event.wait()
        return 'done'

    same(await _stepped(work()), 'done')


if hasattr(asyncio, 'ThreadSafeFlag'):  # MicroPython's: a stream without a descriptor

    async def test_flag_of_asyncio_wakes_the_poll_loop():
        async def work():
            flag = asyncio.ThreadSafeFlag()
            iosched.set_timeout(flag.set, 5)
            await flag.wait()
            return 'set'

        same(await _stepped(work()), 'set')


async def test_exception_of_a_stepped_coroutine_is_raised_at_the_await():
    async def fail():
        await asyncio.sleep(0)
        raise ValueError('on purpose')

    try:
        await _stepped(fail())
    except ValueError as exc:
        same(str(exc), 'on purpose')
    else:
        raise AssertionError('nothing was raised')


async def test_cancelled_stepped_coroutine_learns_of_it():
    seen = []

    async def work():
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            seen.append('cancelled')
            raise

    async def cancelled(wait_before):
        task = iosched.spawn_asyncio(work())
        if wait_before:
            await iosched.sleep(5)
        task.cancel()
        try:
            await task
        except iosched.Cancelled:
            return
        raise AssertionError('it ended otherwise')

    await cancelled(True)
    await cancelled(False)
    close()
    same(seen, ['cancelled'])


async def test_streams_of_asyncio_wake_the_poll_loop():
    server = servers.start(lambda req, res: res.end('from iosched'))

    async def work():
        reader, writer = await asyncio.open_connection('127.0.0.1', server.port())
        writer.write(b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        await writer.drain()
        data = await reader.read(-1)
        writer.close()
        return data

    data = await _stepped(work())
    same(data[data.find(b'\r\n\r\n') + 4 :], b'from iosched')
    await servers.stop(server)


async def test_asyncio_that_never_waits_leaves_the_poll_loop_its_turns():
    async def spin():
        while True:
            await asyncio.sleep(0)

    task = iosched.spawn_asyncio(spin())
    await iosched.sleep(5)
    task.cancel()
    try:
        await task
    except iosched.Cancelled:
        pass
    close()


async def test_idle_turns_allocate_nothing_while_asyncio_waits():
    async def wait_for_a_stream_and_the_time(port):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        reading = asyncio.create_task(reader.read(1))
        iosched.set_immediate(begun.resolve)
        try:
            await asyncio.sleep(100)
        finally:
            reading.cancel()
            writer.close()

    server = servers.start()
    begun = iosched.Promise()
    task = iosched.spawn_asyncio(wait_for_a_stream_and_the_time(server.port()))
    await begun
    measured = iosched.Promise()
    iosched.set_immediate(_least_allocation, measured)
    same(max(0, await measured), 0)
    task.cancel()
    try:
        await task
    except iosched.Cancelled:
        pass
    await servers.stop(server)
    await iosched.sleep(0)
    close()


# -- hosted by asyncio -------------------------------------------------------------------------------------------


def test_hosted_loop_ends_when_its_check_is_done():
    seen = []
    iosched.set_timeout(seen.append, 5, 'fired')
    asyncio.run(iosched.run_in_asyncio(lambda: seen))
    same(seen, ['fired'])


def test_hosted_loop_wakes_tasks_of_asyncio_and_is_woken_by_them():
    async def work():
        for set_timer in (iosched.set_immediate, iosched.set_timeout):
            await asyncio.sleep(0.005)
            fired = asyncio.Event()
            set_timer(fired.set)
            await fired.wait()
        return 'both'

    same(_hosted(work), 'both')


def test_second_host_is_refused():
    async def work():
        await asyncio.sleep(0)
        return await _foreign(iosched.run_in_asyncio())

    same(_hosted(work).code, 'asyncio.two_loops')


def test_streams_that_asyncio_had_before_stay_its_own():
    server = servers.start(lambda req, res: res.end('from iosched'))

    async def main():
        reader, writer = await asyncio.open_connection('127.0.0.1', server.port())
        reading = asyncio.create_task(reader.read(-1))
        await asyncio.sleep(0)
        writer.write(b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        await writer.drain()
        host = asyncio.create_task(iosched.run_in_asyncio())
        data = await reading
        host.cancel()
        try:
            await host
        except asyncio.CancelledError:
            pass
        writer.close()
        return data

    data = asyncio.run(main())
    same(data[data.find(b'\r\n\r\n') + 4 :], b'from iosched')
    server.stop()
    until(lambda: not pollset.watchers, 'the server to stop')


# -- Socket.IO ---------------------------------------------------------------------------------------------------


async def _served():
    """A Socket.IO server whose handlers, and a client that, both use asyncio and iosched; ends both."""
    http = servers.start()
    io = Server(http)

    async def add(a, b):
        await asyncio.sleep(0.001)
        return a + b

    @io.on('connection')
    def on_connection(socket):
        @socket.on('add')
        async def on_add(a, b, ack):
            await iosched.sleep(1)
            ack(await iosched.spawn_asyncio(add(a, b)))

    async def tick():
        while True:
            await asyncio.sleep(0.01)
            io.emit('tick', b'\x00\x01')

    ticking = iosched.spawn_asyncio(tick())
    client = await open_client(http.port(), polling=False)
    same(await client.event(), ['tick', b'\x00\x01'])
    same(await client.ask('add', 2, 3), [5])
    ticking.cancel()
    client.close()
    closed = iosched.Promise()
    io.close(closed.resolve)
    await closed
    await iosched.sleep(0)


async def test_socketio_server_and_asyncio_share_the_poll_loop():
    await _served()
    close()


def test_socketio_server_answers_in_a_hosted_loop():
    async def work():
        ended = asyncio.Event()

        async def serve():
            try:
                await _served()
            finally:
                ended.set()

        task = iosched.spawn(serve())
        await ended.wait()
        return task

    task = _hosted(work)
    until(lambda: task.settled, 'the end of the task')
    if task.error is not None:
        raise task.error
