"""Programs that the tests start: each in a process of its own, its output kept, ended by its id."""

import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_MODULES = Path(os.environ.get('EDGEIO_NODE_MODULES') or ROOT / 'host_tests' / 'node' / 'node_modules')
TRACEBACK = 'Traceback (most recent call last)'
PATIENCE = 20
"""Seconds after which something that was to come is called missing. No test passes later because of it."""


class Program:
    """A running program. Its lines (stdout and stderr together) are read as they come."""

    def __init__(self, command, cwd=ROOT, env=None, stdin=subprocess.DEVNULL):
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(
            self.command, cwd=cwd, env={**os.environ, **(env or {})}, text=True, errors='replace',
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self._lines = []
        self._news = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def log(self):
        """All it has printed."""
        with self._news:
            return ''.join(self._lines)

    @property
    def running(self):
        """Whether the process is there."""
        return self.process.poll() is None

    def wait_for(self, pattern, seconds=PATIENCE, start=0):
        """The match of the regular expression in the log from `start` on; AssertionError where it does not come."""
        def found():
            return re.compile(pattern).search(''.join(self._lines), start)

        with self._news:
            self._news.wait_for(lambda: found() or self._ended, seconds)
            match = found()
        assert match, f'{pattern!r} did not come{", the program ended" if self._ended else ""}; {self}'
        return match

    def send_signal(self, number):
        """Sends it a signal."""
        self.process.send_signal(number)

    def wait(self, seconds=PATIENCE):
        """Waits for its end; the exit code."""
        code = self.process.wait(seconds)
        self._reader.join(seconds)
        if self.process.stdin:
            self.process.stdin.close()
        return code

    def stop(self, number=signal.SIGTERM):
        """Ends it, first with a signal that it can act on; AssertionError where it does not heed that."""
        if self.running:
            self.send_signal(number)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f'it did not end on signal {number:d}; {self}') from None

    def kill(self):
        """Ends it at once, as a power cut would."""
        self.process.kill()
        self.wait()

    def on_line(self, line):
        """Called with each line, in a thread of its own; for subclasses that read what the program says."""

    def _read(self):
        for line in self.process.stdout:
            with self._news:
                self._lines.append(line)
                self.on_line(line)
                self._news.notify_all()
        self.process.stdout.close()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def __repr__(self):
        return f'{" ".join(self.command)}\n--- its log ---\n{self.log}--- end of the log ---'


class App(Program):
    """A server: a program that prints where it listens, as a URL or as JSON with a `port`.

    url: without a slash at its end; port: int. check() fails where it died or reported an exception; a test that
    means to provoke one sets `expect_traceback`.
    """

    def __init__(self, command, cwd=ROOT, env=None):
        # The system's Python, unlike the tests', need not know where edgeio is.
        super().__init__(command, cwd, {'PYTHONPATH': str(ROOT), 'PYTHONUNBUFFERED': '1', **(env or {})})
        self.expect_traceback = False
        self._ended_by_test = False
        try:
            match = self.wait_for(r'(https?)://[^\s/]*?:(\d+)|"port": ?(\d+)')
        except AssertionError:
            self.kill()
            raise
        self.port = int(match[2] or match[3])
        self.url = f'{match[1] or "http"}://127.0.0.1:{self.port}'

    def stop(self, number=signal.SIGTERM):
        self._ended_by_test = True
        return super().stop(number)

    def kill(self):
        self._ended_by_test = True
        super().kill()

    def check(self):
        """AssertionError where it ended by itself or printed a traceback that no test expects."""
        assert self.running or self._ended_by_test, f'the app died, exit code {self.process.returncode}; {self}'
        assert self.expect_traceback or TRACEBACK not in self.log, f'an exception in the app; {self}'


def app_command(app, folder, arguments):
    """The command that runs `app`: an app folder, a program file, or the text of a program (kept in `folder`)."""
    if '\n' in str(app):
        path = Path(folder) / 'app.py'
        path.write_text(app)
        return [sys.executable, path, *arguments]
    path = ROOT / app
    assert path.exists(), f'no app {path}'
    if path.is_dir():
        return [sys.executable, '-m', 'edgeio', 'run', path, '--port', '0', *arguments]
    return [sys.executable, path, *arguments]


def node_environment():
    """What a Node.js program needs to find the npm packages."""
    assert NODE_MODULES.is_dir(), f'no {NODE_MODULES}; this sets it up: python3 tools/test.py --setup'
    return {'NODE_PATH': str(NODE_MODULES)}


def run_node(script, seconds=60, **values):
    """Runs `node script JSON-of-values`; the JSON values it printed, one a line."""
    done = subprocess.run(
        ['node', str(script), json.dumps(values)], env={**os.environ, **node_environment()}, cwd=ROOT, text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds,
    )
    assert done.returncode == 0, f'{script} ended with {done.returncode}\n{done.stdout}\n{done.stderr}'
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def adopt_orphans():
    """Makes what our children leave behind ours, so that `descendants` sees it (Linux: PR_SET_CHILD_SUBREAPER)."""
    ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)


def descendants(pid=None):
    """The ids of all processes below `pid` (None: this one) that have not ended."""
    parents = {}
    for stat in Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(')')[2].split()[:2]
            if state != 'Z':
                parents.setdefault(int(parent), []).append(int(stat.parent.name))
    found, waiting = [], [pid or os.getpid()]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def end_leftovers(seconds=5, spare=()):
    """Waits for this process's descendants to end, and ends those that don't; a line about each of these.

    spare: ids of processes to leave alone.
    """
    def left():
        return [pid for pid in descendants() if pid not in spare]

    deadline = time.monotonic() + seconds
    while left() and time.monotonic() < deadline:
        time.sleep(0.05)
    pids = left()
    lines = [_describe(pid) for pid in pids]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return lines


def _describe(pid):
    """The id and command of a process, and the test it was started in (pytest keeps that in the environment)."""
    with contextlib.suppress(OSError):
        command = Path(f'/proc/{pid}/cmdline').read_bytes().replace(b'\0', b' ').decode(errors='replace')
        environ = Path(f'/proc/{pid}/environ').read_bytes().decode(errors='replace').split('\0')
        tests = [word.partition('=')[2] for word in environ if word.startswith('PYTEST_CURRENT_TEST=')]
        return f'{pid} {command.strip()} (started in: {", ".join(tests) or "unknown"})'
    return f'{pid} (ended meanwhile)'
