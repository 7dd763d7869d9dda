"""The chat app, byte for byte the same file, on MicroPython's unix port in its default heap of 2 MB."""

import pytest

from edgeio import iosched
from firmware_tests.clients.engineio import open_polling, upgrade
from firmware_tests.clients.socketio import Client, open_client
from firmware_tests.targets import build, local
from tools.sizing.clients import get, run
from tools.sizing.server import Server

APP = ['-m', 'edgeio', 'run', 'board/apps/chat', '--port', '0']

CLIENTS = 50


@pytest.fixture
def server():
    with Server([*local.micropython(), *APP], {'MICROPYPATH': f'{build.ROOT}:.frozen'}) as started:
        assert started.port, started.output.decode()
        yield started
        assert started.process.poll() is None, started.read_rest()


async def say_to_all(clients, text):
    """The first of `clients` says `text`; every one must hear it."""
    await clients[0].emit('chat', text)
    for client in clients:
        event = await client.event()
        while event[0] == 'hi':
            event = await client.event()
        assert event[0] == 'chat'
        assert event[1].endswith(f'says: {text}'), event[1][:100]


def test_page_and_client_are_served(server):
    assert run(get(server.port, '/index.html')) == (build.ROOT / 'board/apps/chat/index.html').read_bytes()
    assert run(get(server.port, '/')) == b'This is socket.io test server.'
    script = (build.ROOT / 'edgeio/client/socket.io.js').read_bytes()
    assert run(get(server.port, '/socket.io/socket.io.js')) == script


def test_client_that_upgrades_is_answered(server):
    async def talk():
        session = await open_polling(server.port, '/socket.io/')
        client = Client(session, '/')
        await client.join()
        client.session = await upgrade(session)
        answer = await client.ask('req', 'req:')
        client.close()
        return answer

    assert run(talk()) == ['hello world']


def test_fifty_clients_hear_64_kilobytes(server):
    async def talk():
        clients = [await open_client(server.port) for _ in range(CLIENTS)]
        await say_to_all(clients, 'good morning')
        for letter in 'abc':
            await say_to_all(clients, letter * 65000)
        for client in clients:
            client.close()

    run(talk())


def test_clients_that_come_and_go_leave_the_heap_as_it_was(server):
    async def talk():
        for _ in range(10):
            clients = [await open_client(server.port, polling=number % 2 == 0) for number in range(20)]
            for client in clients:
                client.close()
            await iosched.sleep(0)
        client = await open_client(server.port)
        await client.emit('chat', 'x' * 65000)
        event = await client.event()
        while event[0] == 'hi':
            event = await client.event()
        client.close()
        return len(event[1]) > 65000

    assert run(talk())


@pytest.mark.parametrize('module', ['socket.io-client-4', 'socket.io-client-2'])
@pytest.mark.parametrize('transports', [['polling'], ['websocket'], ['polling', 'websocket']], ids='-'.join)
def test_official_clients_say_64_kilobytes(server, node, module, transports):
    url = f'http://127.0.0.1:{server.port}'
    script = build.ROOT / 'host_tests' / 'firmware' / 'chat_clients.js'
    [told] = node(script, url=url, module=module, transports=transports, size=65000)
    assert told['answer'] == 'hello world' and told['whole']
    assert transports != ['websocket'] or told['transport'] == 'websocket'
