"""The app's log: two files that take turns, so that it never fills the disk, and whoever follows it."""

import os
from pathlib import Path

MAX_BYTES = 262144
"""Bytes of a log file; the older one of the two is then written over."""

MAX_TAIL = 65536
"""Bytes that one request for the log's end gets, at most."""


class Log:
    """The log in `folder`: app.log, and app.log.1 before it. followers: functions that get what is added (bytes)."""

    def __init__(self, folder):
        self.followers = []
        self._path = Path(folder) / 'app.log'
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self._path, 'ab', buffering=0)

    def add(self, data):
        """Adds bytes as the app wrote them."""
        self._file.write(data)
        if self._file.tell() > MAX_BYTES:
            self._turn_over()
        for follower in list(self.followers):
            follower(data)

    def note(self, text):
        """Adds a line of the supervisor's own."""
        self.add(f'[agent] {text}\n'.encode())

    def tail(self, lines):
        """The last `lines` lines (bytes)."""
        data = b''
        for path in (self._path, self._path.with_name('app.log.1')):
            if data.count(b'\n') <= lines and path.exists():
                data = _end_of(path) + data
        data = data[-MAX_TAIL:]
        return b'\n'.join(data.split(b'\n')[-lines - 1 :]) if lines > 0 else b''

    def close(self):
        """Gives the file back."""
        self._file.close()

    def _turn_over(self):
        self._file.close()
        os.replace(self._path, self._path.with_name('app.log.1'))
        self._file = open(self._path, 'ab', buffering=0)


def _end_of(path):
    with open(path, 'rb') as file:
        file.seek(max(0, path.stat().st_size - MAX_TAIL))
        return file.read()
