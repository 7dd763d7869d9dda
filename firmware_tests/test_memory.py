"""Memory: an idle loop allocates nothing, and what connections took is given back."""

import gc
import sys

from edgeio import iosched
from edgeio.compat import MICROPYTHON

from .clients.socketio import open_client
from .harness import same
from .test_socketio import _Server

if MICROPYTHON:

    def allocated():
        """Bytes of the heap in use."""
        return gc.mem_alloc()

else:
    allocated = sys.getallocatedblocks

ROUND = 20
"""Clients that come and go in a round."""

SLACK = 4096 if MICROPYTHON else 200
"""What two rounds may differ by, in bytes or blocks: less than one more object for each client."""


def _idle_turns(n):
    poll = iosched.poll
    before = allocated()
    for _ in range(n):
        poll(0)
    return allocated() - before


async def test_idle_loop_allocates_nothing():
    server = _Server()
    clients = [await open_client(server.port), await open_client(server.port, polling=True)]
    timer = iosched.set_timeout(print, 100000, 'never')
    await iosched.sleep(300)  # the server's own first timers are behind us
    result = []

    def measure():
        gc.collect()
        gc.disable()
        _idle_turns(10)
        result.append(_idle_turns(50) - _idle_turns(0))
        gc.enable()

    _outside(measure)
    await iosched.sleep(5)
    same(result, [0])
    iosched.clear_timeout(timer)
    for client in clients:
        client.close()
    await server.stop()


def _outside(fn):
    """Runs `fn` in a turn of its own, outside of the task that asks for it."""
    iosched.set_immediate(fn)


async def _round(server):
    clients = []
    for number in range(ROUND):
        client = await open_client(server.port, polling=number % 4 == 0)
        await client.emit('chat', 'hello')
        clients.append(client)
    server.io.emit('news', 'x' * 100, b'y' * 100)
    for client in clients:
        await client.event()
        client.close()
    while server.io.engine.clients_count:
        for session in list(server.io.engine.sessions.values()):
            if session.transport.name == 'polling':
                session.close(True)  # nobody polls any more: it would be missed at its next heartbeat only
        await iosched.sleep(5)
    server.sockets.clear()
    gc.collect()
    gc.collect()


async def test_memory_is_given_back_when_clients_leave():
    server = _Server()
    for _ in range(2):
        await _round(server)
    before = allocated()
    for _ in range(2):
        await _round(server)
    grown = allocated() - before
    assert grown < SLACK, 'grown by %d in %d connections' % (grown, 2 * ROUND)
    await server.stop()
