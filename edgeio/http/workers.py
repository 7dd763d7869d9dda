"""Worker processes that share one port: each has a loop and a listener of its own (SO_REUSEPORT)."""

import os
import sys

from .. import pollset
from ..compat import POLLIN
from ..errors import EdgeError
from ..report import report
from ..timers import set_timeout


class Workers:
    """The processes besides the first one. A worker ends when the first process stops its server, or dies."""

    def __init__(self, server, listen):
        if not hasattr(os, 'fork'):
            raise EdgeError('http.no_fork', 'this runtime has no worker processes', server.subs, 0, 'subs')
        self._server = server
        self._listen = listen  # listen(port) makes a listener in a worker
        self._lines = []  # one end of a pipe for each worker: closing it tells the worker to stop
        self.pids = []

    def start(self, listener, count):
        """Forks `count` workers; returns the listener of the process that it returns in."""
        port = listener.port()
        for _ in range(count):
            theirs, ours = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(ours)
                return self._begin_worker(listener, port, theirs)
            os.close(theirs)
            self._lines.append(ours)
            self.pids.append(pid)
        return listener

    def stop(self):
        """Tells the workers to stop. In a worker there is nobody to tell."""
        for line in self._lines:
            os.close(line)
        self._lines = []
        self._reap()

    def _begin_worker(self, listener, port, line):
        for ours in self._lines:
            os.close(ours)
        self._lines, self.pids = [], []
        pollset.renew()
        listener.close()
        _Leash(line, self._server)
        return self._listen(port)

    def _reap(self):
        """Takes note of workers that have ended, until all have: nothing is left of them in the process table."""
        self.pids = [pid for pid in self.pids if _is_running(pid)]
        if self.pids:
            set_timeout(self._reap, 100)


def _is_running(pid):
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except OSError:
        return False


class _Leash:
    """A worker's end of the pipe. It becomes readable when the first process lets go."""

    __slots__ = ('fd', 'mask', '_server')

    def __init__(self, fd, server):
        self.fd = fd
        self._server = server
        pollset.watch(self, POLLIN)

    def on_readable(self):
        pollset.forget(self)
        os.close(self.fd)
        try:
            self._server.stop(_leave)
        except Exception as exc:
            report(exc, 'stopping a worker')
            _leave()

    def on_ready(self, mask):
        self.on_readable()


def _leave():
    sys.exit(0)
