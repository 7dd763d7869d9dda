"""Somebody at an app's page: the official client, in a process of its own."""

import json
import os
import queue
import shutil
import subprocess
import threading
import time
from pathlib import Path

from . import build
from .checks import CheckError

NODE_MODULES = os.environ.get('EDGEIO_NODE_MODULES') or build.ROOT / 'host_tests' / 'node' / 'node_modules'

PATIENCE = 90
"""Seconds after which an event that was to come is called missing."""


class Person:
    """A client of the app at `port` of 127.0.0.1. client: its script, in the folder of the emulator."""

    def __init__(self, port, client='chat_client.js'):
        script = build.ROOT / 'firmware_tests' / 'emulator' / client
        self._process = subprocess.Popen(
            ['node', script, f'http://127.0.0.1:{port}'],
            env={**os.environ, 'NODE_PATH': str(NODE_MODULES)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._events = queue.Queue()
        self._seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def say(self, text):
        """Sends a line to the script: a chat message, or what to set."""
        self._process.stdin.write(text + '\n')

    def expect(self, event, value=None):
        """Waits for `event` (its value containing `value`); its value. Other events stay for later calls."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for seen in self._seen:
                if seen[0] == event and (value is None or value in seen[1]):
                    self._seen.remove(seen)
                    return seen[1]
            try:
                seen = self._events.get(timeout=max(0.1, deadline - time.monotonic()))
            except queue.Empty:
                raise CheckError(f'{event} {value or ""} did not come; what came: {self._seen}') from None
            if seen is None:
                raise CheckError(f'the client ended (code {self._process.wait()}) and {event} had not come')
            self._seen.append(seen)

    def leave(self):
        """Closes the page."""
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    def _read(self):
        for line in self._process.stdout:
            self._events.put(json.loads(line))
        self._events.put(None)


def require_client():
    """Raises TargetError where the official client cannot be run."""
    if shutil.which('node') is None or not Path(NODE_MODULES, 'socket.io-client-4').exists():
        raise build.TargetError(
            f'the apps are tested with the official client: Node.js, and socket.io-client-4 in {NODE_MODULES}; '
            'this sets both up: python3 tools/test.py --setup'
        )
