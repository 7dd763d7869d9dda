"""Is the app well? It must answer `/`, and its loop must turn."""

import socket

from edgeio import iosched
from edgeio.compat import EINPROGRESS
from edgeio.net.stream import Stream

ANSWER_MS = 5000
"""Milliseconds that one request has."""

MAX_HEAD = 4096
"""Bytes of an answer that are looked at."""


class Check:
    """One request for `/` to `port` of this machine: calls `done(error)` once; None: it was answered well.

    Well is any status below 500: an app that asks for a password works.
    """

    def __init__(self, port, done):
        self._done = done
        self._port = port
        self._head = b''
        self._timer = iosched.set_timeout(self._end, ANSWER_MS, f'no answer to GET / within {ANSWER_MS} ms')
        self._stream = None
        sock = socket.socket()
        sock.setblocking(False)
        error = sock.connect_ex(('127.0.0.1', port))
        if error not in (0, EINPROGRESS):
            sock.close()
            iosched.set_immediate(self.on_close, 'refused')
            return
        self._stream = Stream(sock, self)
        self._stream.write(b'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')

    def cancel(self):
        """Forgets about it: `done` is not called."""
        self._done = None
        self._end(None)

    def feed(self, data, end):
        """The stream's: input."""
        self._head += bytes(data[:end])
        line, found, _ = self._head.partition(b'\r\n')
        words = line.split()
        if found or len(self._head) > MAX_HEAD:
            answered = len(words) > 1 and words[0].startswith(b'HTTP/1.') and words[1].isdigit() and int(words[1]) < 500
            self._end(None if answered else f'GET / was answered {line[:60].decode("latin-1")!r}')

    def on_eof(self):
        """The stream's: the app closed."""
        self._end('GET / was not answered: the app closed the connection')

    def on_drain(self):
        """The stream's."""

    def on_close(self, reason):
        """The stream's: nobody listens, or it was cut."""
        self._end(f'nothing answers GET / on port {self._port} ({reason})')

    def _end(self, error):
        iosched.clear_timeout(self._timer)
        done, self._done = self._done, None
        if self._stream is not None:
            self._stream.abort()
        if done is not None:
            done(error)


class Trial:
    """The trial of a release: first an answer to `/` within `start_ms`, then `trial_ms` without a fault, then another.

    Calls `done(error)` once; None: it is well. The supervisor adds what only it sees: `fail(error)`.
    """

    RETRY = 500

    def __init__(self, port, start_ms, trial_ms, done):
        self._port = port
        self._trial_ms = trial_ms
        self._done = done
        self._check = None
        self._deadline = iosched.monotonic_ms() + start_ms
        self._timer = iosched.set_timeout(self._ask, self.RETRY)

    def fail(self, error):
        """It is not well."""
        self._finish(error)

    def cancel(self):
        """Ends the trial without a verdict."""
        self._done = None
        self._finish(None)

    def _ask(self):
        self._check = Check(self._port, self._answered)

    def _answered(self, error):
        self._check = None
        if error is None:
            self._timer = iosched.set_timeout(self._ask_last, self._trial_ms)
        elif iosched.monotonic_ms() < self._deadline:
            self._timer = iosched.set_timeout(self._ask, self.RETRY)
        else:
            self._finish(error)

    def _ask_last(self):
        self._check = Check(self._port, self._finish)

    def _finish(self, error):
        iosched.clear_timeout(self._timer)
        if self._check is not None:
            self._check.cancel()
        done, self._done = self._done, None
        if done is not None:
            done(error)
