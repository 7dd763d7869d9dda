"""A Socket.IO server and asyncio's tasks in one loop, on both runtimes, and the official client."""

import pytest

from firmware_tests.targets import local
from host_tests.processes import ROOT, App

SERVER = """
import sys
import {aio} as asyncio
from edgeio import iosched, socket
from edgeio.http import create_server
from edgeio.socketio import Server

if not hasattr(asyncio, 'sleep_ms'):
    asyncio.sleep_ms = lambda ms: asyncio.sleep(ms / 1000)

http = create_server('chat', lambda req, res: res.end(), 0, socket.sockaddr('127.0.0.1', 0)).start()
io = Server(http)


async def add(a, b):
    await asyncio.sleep_ms(1)
    return a + b


@io.on('connection')
def on_connection(client):
    @client.on('add')
    async def on_add(a, b, ack):
        await iosched.sleep(1)
        ack(await iosched.spawn_asyncio(add(a, b)))


async def tick():
    while True:
        await asyncio.sleep_ms(20)
        io.emit('tick', bytes(range(4)))


async def main():
    ticking = asyncio.create_task(tick())
    await iosched.run_in_asyncio()


print('{{"port": %d}}' % http.port())
if sys.argv[1] == 'hosted':
    asyncio.run(main())
iosched.spawn_asyncio(tick())
while True:
    iosched.poll(10000)
"""

CLIENT = """
const { url, client, transports } = JSON.parse(process.argv[2]);
const io = require(client);
const socket = io(url, { transports, forceNew: true });
socket.on('connect', () => socket.emit('add', 2, 3, sum => {
    socket.once('tick', data => {
        console.log(JSON.stringify({ sum, tick: [...data] }));
        socket.close();
    });
}));
"""


@pytest.fixture
def client(node, tmp_path):
    """`client(url, transports)`: what the official client heard."""
    script = tmp_path / 'client.js'
    script.write_text(CLIENT)

    def talk(url, transports):
        return node(script, url=url, client='socket.io-client-4', transports=transports)

    return talk


modes = pytest.mark.parametrize('mode', ['hosted', 'stepped'])
transports = pytest.mark.parametrize(
    'transports', [['polling'], ['websocket'], ['polling', 'websocket']], ids='-'.join
)


@modes
@transports
def test_socketio_server_and_asyncio_tasks_share_one_loop(run_app, client, aio, mode, transports):
    app = run_app(SERVER.format(aio=aio.__name__), mode)
    assert client(app.url, transports) == [{'sum': 5, 'tick': [0, 1, 2, 3]}]


@modes
@transports
def test_socketio_server_and_asyncio_tasks_share_one_loop_on_micropython(client, tmp_path, mode, transports):
    program = tmp_path / 'server.py'
    program.write_text(SERVER.format(aio='asyncio'))
    app = App([*local.micropython(), program, mode], env={'MICROPYPATH': f'{ROOT}:.frozen'})
    try:
        assert client(app.url, transports) == [{'sum': 5, 'tick': [0, 1, 2, 3]}]
        app.check()
    finally:
        app.stop()
