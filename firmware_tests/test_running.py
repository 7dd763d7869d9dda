"""Handlers that take their time: a client that sends faster than they end is held back, and loses nothing."""

import json

from edgeio import iosched
from edgeio.socketio import Server
from edgeio.websocket import WsServer

from . import servers
from .clients.http import request
from .clients.socketio import open_client
from .clients.websocket import open_websocket
from .clients.wire import connect
from .harness import same, take_reports

BOUND = 256
NUMBERS = list(range(600))


class _Work:
    """`handle` waits until `finish` is called. begun: what it was given; done: what has ended."""

    def __init__(self):
        self.begun, self.done, self.waiting = [], [], []
        self.most = 0

    async def handle(self, value, *rest):
        self.begun.append(value)
        promise = iosched.Promise()
        self.waiting.append(promise)
        self.most = max(self.most, len(self.waiting))
        await promise
        self.done.append(value)

    def finish(self):
        waiting, self.waiting = self.waiting, []
        for promise in waiting:
            promise.resolve()

    async def finish_all(self, values):
        """Lets them end until all of `values` were handled; sees that they were in order, and never too many."""
        while len(self.done) < len(values):
            while not self.waiting:
                await iosched.sleep(1)
            await _turns()
            self.finish()
        same(self.done, values)
        same(self.most, BOUND)
        same([exc.code for exc, _ in take_reports()], ['running.held'])


async def _turns():
    for _ in range(10):
        await iosched.sleep(1)


def _start(work):
    http = servers.start()
    io = Server(http)
    io.on('connection', lambda socket: socket.on('work', work.handle))
    return http, io


async def _stop(io):
    closed = iosched.Promise()
    io.close(closed.resolve)
    await closed


def _events(numbers):
    return ['42' + json.dumps(['work', n]) for n in numbers]


async def test_events_by_websocket_wait_for_their_handlers():
    work = _Work()
    http, io = _start(work)
    client = await open_client(http.port())
    await client.session.send(*_events(NUMBERS))
    await work.finish_all(NUMBERS)
    client.close()
    await _stop(io)


async def test_events_of_one_post_wait_for_their_handlers():
    work = _Work()
    http, io = _start(work)
    client = await open_client(http.port(), polling=True)
    posting = iosched.spawn(client.session.send(*_events(NUMBERS)))
    while len(work.waiting) < BOUND:
        await iosched.sleep(1)
    await _turns()
    assert not posting.settled, 'the answer says that the next POST may come'
    await work.finish_all(NUMBERS)
    await posting
    client.close()
    await _stop(io)


async def test_rest_of_a_post_comes_before_what_follows_the_upgrade():
    work = _Work()
    http, io = _start(work)
    client = await open_client(http.port(), polling=True)
    polling = client.session
    posting = iosched.spawn(polling.send(*_events(NUMBERS[:300])))
    while len(work.waiting) < BOUND:
        await iosched.sleep(1)
    websocket = await open_websocket(http.port(), polling.path.replace('=polling', '=websocket'))
    await websocket.send('2probe')
    same(await websocket.receive(), '3probe')
    await websocket.send('5')
    for packet in _events(NUMBERS[300:]):
        await websocket.send(packet)
    await work.finish_all(NUMBERS)
    await posting
    client.close()
    websocket.close()
    await _stop(io)


async def test_messages_of_a_channel_wait_for_their_handlers():
    work = _Work()
    http = servers.start()
    server = WsServer.create_server('/ws', http)
    server.on('connection', lambda channel: channel.on('message', work.handle))
    client = await open_websocket(http.port(), '/ws')
    texts = [str(n) for n in NUMBERS]
    for text in texts:
        await client.send(text)
    await work.finish_all(texts)
    client.close()
    server.stop()
    await servers.stop(http)


def _answering(work, **options):
    """A server whose handler answers at once and goes on."""

    async def answer(req, res):
        res.end('hello')
        await work.handle(req.url)

    return servers.start(answer, **options)


async def _ask(port):
    """The status of a request on a connection of its own, closed at once."""
    wire = await connect(port)
    answer = await request(wire, 'GET', '/')
    wire.close()
    await _turns()
    return answer.status


async def test_requests_wait_for_handlers_that_go_on_after_their_responses():
    work = _Work()
    http = _answering(work)
    paths = ['/' + str(n) for n in NUMBERS]
    wire = await connect(http.port())
    requests = [b'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' % path.encode() for path in paths]
    asking = iosched.spawn(wire.send(b''.join(requests)))
    while len(work.waiting) < BOUND:
        await iosched.sleep(1)
    await work.finish_all(paths)
    await asking
    wire.close()
    await servers.stop(http)


async def test_place_of_a_client_that_went_is_kept_until_its_handlers_have_ended():
    work = _Work()
    http = _answering(work, max_connections=1)
    same([await _ask(http.port()), await _ask(http.port())], [200, 503])
    work.finish()
    await _turns()
    same(await _ask(http.port()), 200)
    work.finish()
    await servers.stop(http)
