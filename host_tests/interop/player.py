"""Plays the scenarios of scenarios.js: one Node.js process holds the official clients for the whole run."""

import base64
import itertools
import json
import queue
import signal
import subprocess
from pathlib import Path

from host_tests.processes import PATIENCE, Program, node_environment

DRIVER = Path(__file__).with_name('driver.js')


class Player(Program):
    """The driver's process. `play` runs a scenario to its end, `start` begins one."""

    def __init__(self):
        self._events = {}
        self._numbers = itertools.count(1)
        super().__init__(['node', DRIVER], env=node_environment(), stdin=subprocess.PIPE)

    def start(self, **request):
        """Begins a scenario (client, mode, url, scenario: see driver.js); a Run."""
        number = next(self._numbers)
        self._events[number] = queue.Queue()
        self.send(run=number, **request)
        return Run(self, number, self._events[number])

    def play(self, **request):
        """Plays a scenario to its end; the Run."""
        run = self.start(**request)
        run.finish()
        return run

    def send(self, **request):
        """Sends the driver a request."""
        self.process.stdin.write(json.dumps(request) + '\n')
        self.process.stdin.flush()

    def on_line(self, line):
        if line.startswith('{'):
            said = json.loads(line)
            self._events[said['run']].put((said['event'], said['args']))

    def stop(self, number=signal.SIGTERM):
        self.process.stdin.close()
        return super().stop(number)


class Run:
    """What one scenario tells. transports: those its connections used at the end."""

    def __init__(self, player, number, events):
        self.player = player
        self.transports = None
        self._number = number
        self._events = events
        self._told = []

    def go(self, name):
        """Lets the scenario go on from its `await t.go(name)`."""
        self.player.send(run=self._number, go=name)

    def wait_for(self, name):
        """Waits for the next event called `name`; its arguments."""
        while True:
            try:
                event, args = self._events.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f'no {name!r} came; told so far: {self._told}; {self.player}') from None
            if event == 'failed':
                raise AssertionError(f'the scenario failed: {args[0]}\ntold before: {self._told}')
            args = _values(args)
            self._told.append((event, args))
            if event == name:
                return args
            assert event != 'end', f'no {name!r} came; told: {self._told}'

    def finish(self):
        """Waits for the end of the scenario."""
        self.transports = self.wait_for('end')[0]

    def all(self, name):
        """The arguments of each event called `name`, in order."""
        return [args for event, args in self._told if event == name]

    def one(self, name):
        """The arguments of the one event called `name`."""
        found = self.all(name)
        assert len(found) == 1, f'{len(found)} of {name!r} came; told: {self._told}'
        return found[0]


def _values(value):
    """The values that the driver wrote, bytes among them."""
    if isinstance(value, list):
        return [_values(item) for item in value]
    if isinstance(value, dict):
        if '$bytes' in value:
            return base64.b64decode(value['$bytes'])
        return {key: _values(item) for key, item in value.items()}
    return value
