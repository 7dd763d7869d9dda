"""The chat app, with the project's own browser client or the official one, and pages that must show no error."""

import json
import os
import shutil

import pytest

from firmware_tests.targets import local
from host_tests.processes import NODE_MODULES, ROOT, App

CHAT = ROOT / 'board' / 'apps' / 'chat'
OFFICIAL = NODE_MODULES / 'socket.io-client-4' / 'dist' / 'socket.io.js'
SCREENSHOTS = ROOT / '.build' / 'screenshots'


@pytest.fixture
def chat(run_app):
    """The chat app as it is in the tree."""
    return run_app(CHAT)


@pytest.fixture
def chat_on_micropython():
    """The chat app on MicroPython's unix port, in its default heap of 2 MB."""
    command = [*local.micropython(), '-m', 'edgeio', 'run', CHAT, '--port', '0']
    app = App(command, env={**os.environ, 'MICROPYPATH': f'{ROOT}:.frozen'})
    try:
        yield app
        app.check()
    finally:
        app.stop()


@pytest.fixture(params=['own', 'official', 'micropython'])
def chat_with(request, run_app, tmp_path):
    """(name of the case, chat app): with our own client, with the official bundle by `client_file`, on MicroPython."""
    if request.param == 'micropython':
        return request.param, request.getfixturevalue('chat_on_micropython')
    if request.param == 'own':
        return request.param, run_app(CHAT)
    folder = tmp_path / 'chat'
    shutil.copytree(CHAT, folder)
    main = folder / json.loads((folder / 'app.json').read_text())['main']
    code = main.read_text()
    assert code.count('Server(app.server, ') == 1, f'{main} makes its server in a way that this test does not know'
    main.write_text(code.replace('Server(app.server, ', f'Server(app.server, client_file={str(OFFICIAL)!r}, '))
    return request.param, run_app(folder)
