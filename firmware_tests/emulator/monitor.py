"""qemu's own control channel (QMP): a JSON object a line, over a local socket."""

import json
import socket
import time


class MonitorError(Exception):
    """The emulator refused a command; the text is its own."""


class Monitor:
    """Connects to the QMP socket at `path`, which the emulator is about to open; for at most `seconds`."""

    def __init__(self, path, seconds):
        self._socket = _connect(path, time.monotonic() + seconds)
        self._socket.settimeout(30)
        self._lines = self._socket.makefile('r')
        self._lines.readline()  # the greeting
        self.execute('qmp_capabilities')

    def execute(self, command, **arguments):
        """Runs a QMP command and returns its result; MonitorError where it is refused."""
        request = {'execute': command, 'arguments': arguments} if arguments else {'execute': command}
        self._socket.sendall(json.dumps(request).encode() + b'\n')
        while True:
            line = self._lines.readline()
            if not line:
                raise MonitorError(f'the emulator ended during {command}')
            answer = json.loads(line)  # what is neither of these two is an event
            if 'error' in answer:
                raise MonitorError(f'{command}: {answer["error"]["desc"]}')
            if 'return' in answer:
                return answer['return']

    def human(self, line):
        """Runs a command of the older, human monitor, for what QMP lacks; its output (str)."""
        return self.execute('human-monitor-command', **{'command-line': line})

    def close(self):
        """Closes the channel; the emulator goes on."""
        self._lines.close()
        self._socket.close()


def _connect(path, deadline):
    while True:
        channel = socket.socket(socket.AF_UNIX)
        try:
            channel.connect(str(path))
            return channel
        except OSError:
            channel.close()
            if time.monotonic() > deadline:
                raise MonitorError(f'the emulator opened no control socket at {path}') from None
            time.sleep(0.01)
