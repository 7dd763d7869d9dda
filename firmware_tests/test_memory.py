"""Memory: an idle loop allocates nothing, and what connections took is given back."""

import gc
import sys

from edgeio import iosched
from edgeio.compat import MICROPYTHON, heap_size
from edgeio.net.admission import HEAP_EACH, Admission

from . import servers
from .clients.socketio import open_client
from .clients.wire import connect
from .harness import same, take_reports
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


TURNS, TRIES = 50, 20


def _idle_turns(n):
    poll = iosched.poll
    before = allocated()
    for _ in range(n):
        poll(0)
    return allocated() - before


def _least_allocation(done):
    """The least that TURNS turns allocate, in several tries: in one of them a timer of the server may be due."""
    gc.collect()
    gc.disable()
    least = min([_idle_turns(TURNS) - _idle_turns(0) for _ in range(TRIES)])
    gc.enable()
    done.resolve(least)


async def test_idle_loop_allocates_nothing():
    server = _Server()
    clients = [await open_client(server.port), await open_client(server.port, polling=True)]
    timer = iosched.set_timeout(print, 100000, 'never')
    measured = iosched.Promise()
    iosched.set_immediate(_least_allocation, measured)
    least = await measured
    assert least <= 0, least  # below: CPython gave an object back meanwhile
    iosched.clear_timeout(timer)
    for client in clients:
        client.close()
    await server.stop()


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


def test_default_bound_of_connections_leaves_each_its_part_of_the_heap():
    most = Admission(0, 0, ('', ''), HEAP_EACH).most
    assert most >= 16
    if MICROPYTHON:
        assert (most - 1) * HEAP_EACH < heap_size() or most == 16


async def test_who_holds_most_is_closed_before_memory_ends():
    def handle(req, res):
        req.read_body(400000, lambda error, data: error or res.end('all'))

    server = servers.start(handle, max_memory=30000)
    server._budget._before = -30000  # grown by more than that, on whichever runtime
    modest, greedy = await connect(server.port()), await connect(server.port())
    await _post(modest, 2000, 1000)
    await _post(greedy, 400000, 50000)
    while await greedy.read():
        pass
    await modest.send(bytes(1000))
    same((await modest.take_until(b' ')), b'HTTP/1.1')
    same(bytes(await modest.take(3)), b'200')
    modest.close()
    same([exc.code for exc, _ in take_reports()], ['net.memory'])
    same(server._budget.ended, 1)
    await servers.stop(server)


async def _post(wire, length, n):
    await wire.send(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n' % length)
    await wire.send(bytes(n))
