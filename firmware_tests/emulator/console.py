"""The board's serial console, as a person with a USB cable sees it, and a shell on it."""

import base64
import hashlib
import re
import time

import serial

LINE_BYTES = 1000
"""Base64 characters a line when a file is sent: below the 4095 that a terminal line may have (termios(3))."""


WRITE_BYTES = 1024
"""Bytes written at a time, with a look at what has come back in between."""


class ConsoleError(Exception):
    """The board did not answer as expected; the text ends with what it said last."""


class Console:
    """The console at `path`, a pty or a real port. log: everything that the board has said (bytes)."""

    def __init__(self, path, speed=115200):
        self.log = bytearray()
        self._unread = bytearray()
        self._commands = 0
        self._port = serial.Serial(path, speed, timeout=0.1)

    def close(self):
        """Gives the port back."""
        self._port.close()

    def expect(self, pattern, seconds):
        """Reads until the regular expression `pattern` (bytes) is seen; (match, what came before it)."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self._unread)
            if found:
                before = bytes(self._unread[: found.start()])
                self._unread = self._unread[found.end() :]
                return found, before
            if time.monotonic() > deadline:
                raise ConsoleError(
                    f'waited {seconds} s for {pattern!r}; the board said last: {bytes(self.log[-800:])!r}'
                )
            self._read()

    def log_in(self, seconds):
        """Waits for the board to come up, and starts a shell without echo and line editor (15 times faster)."""
        found, before = self.expect(rb'board ready|Kernel panic', seconds)
        if found[0] != b'board ready':
            raise ConsoleError(f'the board did not come up: {_text(before + found[0])}')
        self.expect(rb'board# ', 30)
        self._write(b"stty -echo; echo 'shell ''ready'; exec sh /dev/ttyAMA0\n")
        self.expect(rb'shell ready\r?\n', 30)

    def run(self, command, seconds=60, on_line=None):
        """Runs a shell command; (exit code, output). on_line: called with each line of the output as it comes."""
        self._commands += 1
        mark = f'end-of-{self._commands}'
        # Split in two, so that an echo of the command is not taken for its end.
        self._write(f"{command}\necho; echo {mark[:4]}''{mark[4:]} $?\n".encode())
        if on_line:
            return self._follow(mark, seconds, on_line)
        found, output = self.expect(rb'\r?\n%s (\d+)\r?\n' % mark.encode(), seconds)
        return int(found[1]), _text(output)

    def push(self, data, path, seconds=300):
        """Writes `data` (bytes) to the file `path` of the board and compares its hash there."""
        encoded = base64.b64encode(data).decode()
        lines = [encoded[i : i + LINE_BYTES] for i in range(0, len(encoded), LINE_BYTES)]
        self.run('\n'.join([f"base64 -d > {path} <<'end-of-file'", *lines, 'end-of-file']), seconds)
        _, output = self.run(f'sha256sum {path}')
        if hashlib.sha256(data).hexdigest() not in output:
            raise ConsoleError(f'{path} did not arrive whole: {output!r}')

    def _follow(self, mark, seconds, on_line):
        deadline = time.monotonic() + seconds
        lines = []
        while True:
            _, line = self.expect(rb'\r?\n', max(1, deadline - time.monotonic()))
            line = _text(line)
            if line.startswith(mark + ' '):
                return int(line.split()[1]), '\n'.join(lines)
            lines.append(line)
            on_line(line)

    def _write(self, data):
        # A board that echoes what it gets stops taking more while nobody reads the echo.
        for start in range(0, len(data), WRITE_BYTES):
            self._port.write(data[start : start + WRITE_BYTES])
            if self._port.in_waiting:
                self._read()

    def _read(self):
        data = self._port.read(max(1, self._port.in_waiting))
        self.log += data
        self._unread += data


def _text(data):
    return data.replace(b'\r', b'').decode('utf-8', 'replace')
