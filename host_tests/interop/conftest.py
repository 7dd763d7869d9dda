"""The clients' process and the servers they talk to, once for the whole run."""

import os
import sys
from pathlib import Path

import pytest

from firmware_tests.targets import build, local
from host_tests.interop.player import Player
from host_tests.processes import TRACEBACK, App, node_environment

HERE = Path(__file__).parent
SERVERS = ['edgeio', 'micropython', 'reference']


def start_server(name, *arguments):
    """Starts a server: ours on CPython or MicroPython, or the official one that shows that the tests are right."""
    if name == 'edgeio':
        return App([sys.executable, HERE / 'server_app.py', *arguments])
    if name == 'micropython':
        # More than the default heap: the scenarios send a mebibyte.
        command = [*local.micropython(), '-X', 'heapsize=32M', HERE / 'server_app.py', *arguments]
        return App(command, env={**os.environ, 'MICROPYPATH': f'{build.ROOT}:.frozen'})
    return App(['node', HERE / 'reference_server.js', *arguments], env=node_environment())


@pytest.fixture(scope='session')
def player():
    player = Player()
    yield player
    player.stop()


@pytest.fixture(scope='session', params=SERVERS)
def server_name(request):
    """Which of the servers."""
    return request.param


@pytest.fixture(scope='session')
def shared_server(server_name):
    server = start_server(server_name)
    yield server
    server.check()
    server.stop()


@pytest.fixture
def server(shared_server):
    """The server; the test fails where it prints a traceback meanwhile."""
    before = len(shared_server.log)
    yield shared_server
    assert TRACEBACK not in shared_server.log[before:], shared_server.log[before:]


@pytest.fixture(params=['polling', 'websocket', 'upgrade'])
def mode(request):
    """Polling only, websocket only, or polling and then the upgrade."""
    return request.param


@pytest.fixture(params=['4', '3', '2', '1'], ids=['client4', 'client3', 'client2', 'client1'])
def client(request):
    """The major release of the official client: 4.8.4, 3.1.3, 2.5.0 or 1.7.4."""
    return request.param


@pytest.fixture
def play(player, server, client, mode):
    """`play(scenario)` plays it with this client and mode; the Run. Its transport must be the one of the mode."""
    def play_scenario(scenario):
        run = player.play(client=client, mode=mode, url=server.url, scenario=scenario)
        assert run.transports in ([], ['polling' if mode == 'polling' else 'websocket'])
        return run

    return play_scenario
