"""A shell on the board, for the command `console`: on a terminal of its own, as the agent's user."""

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios

from edgeio import iosched

READ = 4096
RETRY = 50
"""Milliseconds until output is read again that had to wait for the line."""


class Shell:
    """Starts /bin/sh. output(bytes): gets what it prints, None at its end; room(): False while the line is behind.

    size: (rows, columns) of the asker's terminal, or None.
    """

    def __init__(self, output, room, size=None):
        self._output, self._room = output, room
        self._fd, child = pty.openpty()
        if size:
            fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack('HHHH', *size, 0, 0))
        environment = {**os.environ, 'TERM': 'vt100', 'PS1': 'board$ '}
        self._process = subprocess.Popen(
            ['/bin/sh', '-i'], stdin=child, stdout=child, stderr=child, env=environment, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(child)
        os.set_blocking(self._fd, False)
        self._event = iosched.event('read', self._fd, self._on_readable)
        self._timer = None
        iosched.add(self._event)

    def write(self, data):
        """Types `data` (bytes)."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.write(self._fd, data)

    def end(self):
        """Ends it, and what it runs in front."""
        fd, self._fd = self._fd, None
        if fd is None:
            return
        iosched.clear_timeout(self._timer)
        iosched.remove(self._event)
        os.close(fd)  # a hangup for whatever runs on the terminal
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _on_readable(self, arg, ioevent):
        if not self._room():
            iosched.remove(self._event)
            self._timer = iosched.set_timeout(self._read_on, RETRY)
            return
        try:
            data = os.read(self._fd, READ)
        except BlockingIOError:
            return
        except OSError:
            data = b''  # EIO: the last program on the terminal has ended (pty(7))
        if data:
            self._output(data)
        else:
            self.end()
            self._output(None)

    def _read_on(self):
        iosched.add(self._event)
