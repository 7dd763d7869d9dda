"""The app's process: started with limits, its output read, its signs of life heard, ended when it must be.

The process reports over a notification socket as it would to systemd (sd_notify(3)); `edgeio/watchdog.py` is its end.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

from edgeio import iosched

from . import disk

LIBRARY = Path(__file__).resolve().parent.parent
"""Where edgeio is: what the app imports."""

TICK = 200
"""Milliseconds between two looks at whether the process is still there."""

STOP_MS = 5000
"""Milliseconds that the app has to end when it is asked to; then it is killed."""

READ = 65536
PR_SET_PDEATHSIG = 1  # prctl(2)
OOM_FIRST = b'500'
"""When memory runs out, the system ends the app before the agent (proc(5), oom_score_adj)."""

_libc = ctypes.CDLL(None)


class AppProcess:
    """Starts the app in `folder`. profile: the board's; output(bytes): gets what it prints; ended(code): once.

    beat: when it last gave a sign of life (ms, as iosched.monotonic_ms), None before the first; clients, lag: as it
    said; pid, started (ms).
    """

    def __init__(self, folder, profile, output, ended):
        self.beat = self.clients = self.lag = None
        self.started = iosched.monotonic_ms()
        self._output, self._ended = output, ended
        self._notify = _Notify(Path(profile['run']) / 'notify', profile['user'], self._on_notify)
        self._process = self._spawn(folder, profile)
        self.pid = self._process.pid
        with contextlib.suppress(OSError):
            Path(f'/proc/{self.pid}/oom_score_adj').write_bytes(OOM_FIRST)
        os.set_blocking(self._process.stdout.fileno(), False)
        self._reading = iosched.event('read', self._process.stdout, self._on_output)
        iosched.add(self._reading)
        self._timer = iosched.set_interval(self._look, TICK)
        self._killer = None

    @property
    def memory(self):
        """Bytes of memory that it holds (resident set); 0 where that cannot be told."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(Path(f'/proc/{self.pid}/statm').read_text().split()[1]) * resource.getpagesize()
        return 0

    def stop(self):
        """Asks it to end, and kills it if it does not."""
        if self._killer is None:
            self._signal(signal.SIGTERM)
            self._killer = iosched.set_timeout(self._signal, STOP_MS, signal.SIGKILL)

    def abort(self):
        """Ends one that hangs. Python prints where it was (faulthandler) before it goes."""
        self._signal(signal.SIGABRT)
        iosched.clear_timeout(self._killer)
        self._killer = iosched.set_timeout(self._signal, TICK * 5, signal.SIGKILL)

    def _spawn(self, folder, profile):
        user = profile['user'] if os.geteuid() == 0 else None
        command = [sys.executable, '-m', 'edgeio', 'run', str(folder)]
        return subprocess.Popen(
            command, cwd=folder, env=self._environment(profile), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, bufsize=0, start_new_session=True, user=user,
            preexec_fn=lambda: _confine(profile['memory_mb']), **_groups(user),
        )  # fmt: skip

    def _environment(self, profile):
        environment = {name: os.environ[name] for name in ('PATH', 'LANG', 'HOME', 'TZ') if name in os.environ}
        environment.update(
            PYTHONPATH=str(LIBRARY), PYTHONUNBUFFERED='1', PYTHONFAULTHANDLER='1', PYTHONDONTWRITEBYTECODE='1',
            EDGEIO_HOST=profile['host'], EDGEIO_PORT=str(profile['port']),
            EDGEIO_MODE=profile['mode'], EDGEIO_ALLOWED=','.join(profile['allowed']),
            NOTIFY_SOCKET=str(self._notify.path), WATCHDOG_USEC=str(profile['watchdog_ms'] * 1000),
        )  # fmt: skip
        environment['EDGEIO_SETTINGS'] = str(write_settings(profile))
        return environment

    def _on_output(self, arg, ioevent):
        try:
            data = os.read(ioevent.fd, READ)
        except BlockingIOError:
            return
        if data:
            self._output(data)
        else:
            iosched.remove(self._reading)

    def _on_notify(self, fields):
        if 'WATCHDOG' in fields or 'READY' in fields:
            self.beat = iosched.monotonic_ms()
        self.clients = _number(fields.get('X_EDGEIO_CLIENTS'), self.clients)
        self.lag = _number(fields.get('X_EDGEIO_LAG'), self.lag)

    def _look(self):
        code = self._process.poll()
        if code is None:
            return
        iosched.clear_interval(self._timer)
        iosched.clear_timeout(self._killer)
        self._notify.close()
        if iosched.listening(self._reading):  # what it said last, even where a child of it holds the pipe open
            self._on_output(None, self._reading)
            iosched.remove(self._reading)
        self._process.stdout.close()
        self._ended(code)

    def _signal(self, number):
        # Its process group: what it started must not hold its port.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def write_settings(profile):
    """Writes what the app is told of the board, for its eyes alone; the file's path."""
    settings = {**profile['settings']}
    with contextlib.suppress(OSError):
        settings['token_key'] = Path(profile['token_key']).read_text().strip()
    path = Path(profile['run']) / 'settings.json'
    disk.replace_file(path, json.dumps(settings).encode(), 0o600)
    if profile['user'] and os.geteuid() == 0:
        os.chown(path, _user(profile['user']).pw_uid, -1)
    return path


class _Notify:
    """The socket that signs of life come to; `heard(fields)` gets each as a dict."""

    def __init__(self, path, user, heard):
        self.path = path
        self._heard = heard
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._sock.bind(str(path))
        path.chmod(0o600)
        if user and os.geteuid() == 0:
            os.chown(path, _user(user).pw_uid, -1)
        self._event = iosched.event('read', self._sock, self._on_readable)
        iosched.add(self._event)

    def close(self):
        iosched.remove(self._event)
        self._sock.close()
        self.path.unlink(missing_ok=True)

    def _on_readable(self, arg, ioevent):
        with contextlib.suppress(BlockingIOError):
            text = self._sock.recv(4096).decode('utf-8', 'replace')
            self._heard(dict(line.partition('=')[::2] for line in text.splitlines()))


def _confine(memory_mb):
    """Runs in the app's process, before its program does."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # it must not outlive the agent, which would start another
    if memory_mb:
        limit = memory_mb * 1048576
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _groups(user):
    if user is None:
        return {}
    return {'group': _user(user).pw_gid, 'extra_groups': os.getgrouplist(user, _user(user).pw_gid)}


def _user(name):
    import pwd

    return pwd.getpwnam(name)


def _number(text, default):
    return int(text) if text is not None and text.isdigit() else default
