"""A board for tests: the agent in a process of its own, at the end of a cable, and the deploy command."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from firmware_tests.emulator.cable import Cable
from host_tests.processes import ROOT, Program, descendants

FAST = {'watchdog_ms': 1500, 'start_ms': 15000, 'trial_ms': 1000}


class Board:
    """An agent with its state below `folder`, and a desktop that has its key."""

    def __init__(self, folder, **profile):
        self.folder = folder
        self.cable = Cable(folder)
        self.port = free_port()
        self.key = folder / 'board.key'
        self.key.write_text('5a' * 32)
        self.profile = folder / 'profile.json'
        settings = {
            'name': 'test board', 'serial': [self.cable.board], 'state': str(folder / 'state'),
            'run': str(folder / 'run'), 'logs': str(folder / 'logs'), 'key': str(self.key), 'host': '127.0.0.1',
            'port': self.port, **FAST, **profile,
        }  # fmt: skip
        self.profile.write_text(json.dumps(settings))
        self.agent = None
        self.start()

    def start(self):
        """Switches it on."""
        command = [sys.executable, '-m', 'board.agent', '--profile', self.profile]
        self.agent = Program(command, ROOT, {'PYTHONUNBUFFERED': '1'})
        self.agent.wait_for('agent: ready')

    def cut(self):
        """Ends the agent and all it started at once, as a power cut does."""
        processes = [self.agent.process.pid, *descendants(self.agent.process.pid)]
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.agent.wait()

    def stop(self):
        """Switches it off."""
        if self.agent.running:
            self.agent.stop()
        self.cable.close()

    def command(self, *words, port=None):
        """The deploy command's words (list)."""
        port = port or self.cable.desktop
        return [sys.executable, str(ROOT / 'tools/deploy.py'), '--port', port, '--key', str(self.key), *map(str, words)]

    def deploy(self, *words, ok=True, **options):
        """Runs the deploy command; its output. ok: whether it is to succeed."""
        done = subprocess.run(
            self.command(*words, **options), text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=90
        )
        output = done.stdout + done.stderr
        assert 'Traceback (most recent call last)' not in done.stderr or not ok, output
        assert (done.returncode == 0) == ok, f'{words} ended with {done.returncode}:\n{output}\n{self.agent}'
        return output

    def ask(self, what):
        """What `info` or `status` says (dict)."""
        return json.loads(self.deploy(what, '--json'))

    @property
    def log(self):
        """The app's log."""
        return (self.folder / 'logs/app.log').read_text()


def free_port():
    """A port of 127.0.0.1 that nobody has now."""
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


@pytest.fixture
def make_board(tmp_path):
    """`make_board(**profile)` switches a Board on; at the end of the test it is switched off."""
    boards = []

    def make(**profile):
        boards.append(Board(tmp_path, **profile))
        return boards[-1]

    yield make
    for board in boards:
        board.stop()


@pytest.fixture
def board(make_board):
    """A Board."""
    return make_board()


@pytest.fixture
def app(tmp_path):
    """`app(**files)`: an app folder made of the chat example, with some files changed (path with _ for the dot)."""
    folder = tmp_path / 'app'
    shutil.copytree(ROOT / 'board/apps/chat', folder)

    def change(**files):
        for name, text in files.items():
            (folder / name.replace('_', '.')).write_text(text)
        return folder

    return change
