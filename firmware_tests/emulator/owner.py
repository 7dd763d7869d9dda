"""A board that belongs to somebody: its agent is installed, and the deploy command reaches it over the second UART."""

import json
import shutil
import subprocess
import sys

from ..targets import build
from . import devicetree, scratch
from .machine import Machine
from .pins import Pins

PROJECT = '/opt/edgeio'

PAYLOAD = [(build.ROOT / name, f'{PROJECT[1:]}/{name}') for name in ('edgeio', 'board', 'firmware_tests')]
"""What is on the disk of every board."""

DEPLOY = build.ROOT / 'tools' / 'deploy.py'

SECONDS = 240
"""How long one deploy command may take. Python on the board is twenty times slower than here."""


class OwnerError(Exception):
    """A command did not do what it should; the text has its output."""


class OwnedBoard(Machine):
    """A Machine, its key in `key`, and the deploy command. line: the path that it uses; None: the second UART's.

    folder: for what its owner has on the desktop; the test channel for its pins (see pins.py) is `qtest` in it.
    """

    def __init__(self, image, **options):
        tree = devicetree.make(options.get('memory', 64))
        self.folder = scratch.folder('owner')
        extra = ['-dtb', str(tree), *Pins.arguments(self.folder / 'qtest')]
        super().__init__(image, extra=extra, **options)
        self.key = self.folder / 'board.key'
        self.line = None

    def stop(self):
        """Switches off for good; the key is gone as well."""
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def install(self):
        """Makes a key and installs the agent, over the console; waits until it answers."""
        self.deploy('keygen')
        self.console.run('umask 077')
        self.console.push(self.key.read_bytes(), '/tmp/key')
        command = f'sh {PROJECT}/board/install.sh --profile emulated --key /tmp/key --root /'
        code, output = self.console.run(command)
        self.console.run('rm /tmp/key')
        if code:
            raise OwnerError(f'install.sh ended with {code}: {output}')
        # The last of the lines that the agent listens on.
        missing = '[ ! -S /run/edgeio/agent.sock ]'
        self.console.run(f'i=0; while [ $i -lt 60 ] && {missing}; do sleep 1; i=$((i + 1)); done', 90)

    def command(self, *words):
        """The deploy command's words (list)."""
        port = self.line or self.uart2
        return [sys.executable, str(DEPLOY), '--port', str(port), '--key', str(self.key), *map(str, words)]

    def deploy(self, *words, fails=False):
        """Runs the deploy command; its output. fails: whether it is to fail."""
        done = subprocess.run(
            self.command(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS
        )
        output = done.stdout + done.stderr
        if (done.returncode != 0) != fails:
            raise OwnerError(f'deploy {" ".join(map(str, words))} ended with {done.returncode}:\n{output}')
        return output

    def ask(self, what):
        """What `info` or `status` says (dict)."""
        return json.loads(self.deploy(what, '--json'))
