"""Clients for the servers under measurement: those of the firmware tests, in this process."""

import resource

from edgeio import iosched
from firmware_tests.clients.http import request
from firmware_tests.clients.socketio import open_client
from firmware_tests.clients.wire import connect


def allow_descriptors(n):
    """Lets this process and those it starts have `n` descriptors, as far as the system does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (n if hard == resource.RLIM_INFINITY else min(n, hard), hard))


def run(coroutine, seconds=60):
    """Runs `coroutine` in the loop; its result. Raises what it raises, TimeoutError where it does not end."""
    task = iosched.spawn(_outcome(coroutine))
    timer = iosched.set_timeout(task.cancel, seconds * 1000)
    while not task.settled:
        iosched.poll(50)
    timer.clear()
    if task.error is not None:
        raise TimeoutError(f'no end after {seconds} s')
    result, error = task.value
    if error is not None:
        raise error
    return result


async def _outcome(coroutine):
    try:
        return await coroutine, None
    except Exception as exc:
        return None, exc


async def get(port, path):
    """The body of `path` (bytes)."""
    wire = await connect(port)
    try:
        return (await request(wire, 'GET', path)).body
    finally:
        wire.close()


async def open_many(port, n):
    """`n` clients connected over WebSocket, in the main namespace."""
    return [await open_client(port) for _ in range(n)]


async def chat(port):
    """Loads the page and its client, then two clients talk: what a chat server must be able to do at all."""
    for path in ('/index.html', '/socket.io/socket.io.js'):
        assert len(await get(port, path)) > 100
    first = await open_client(port)
    assert await first.ask('req', 'req:') == ['hello world']
    second = await open_client(port, polling=True)
    await second.emit('chat', 'good morning')
    while (await first.event())[0] != 'chat':
        pass
    first.close()
    second.close()
