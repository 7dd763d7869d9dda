"""Runs one command: in silence with its output kept, or line by line before the reader's eyes."""

import contextlib
import os
import signal
import subprocess
import threading
import time

from .paths import ROOT

_started = time.monotonic()


def say(text):
    """Reports progress, with the seconds since the start."""
    print(f'[{time.monotonic() - _started:6.1f} s] {text}', flush=True)


class Ended:
    """How a command ended: its exit code (None where the time ran out) and its last lines."""

    def __init__(self, code, lines):
        self.code = code
        self.lines = lines

    @property
    def tail(self):
        """The last lines, indented, for an error report."""
        return '\n'.join('    ' + line.rstrip() for line in self.lines[-25:]) or '    (it printed nothing)'


def run(command, limit, show=False, keep_out=None, env=None, cwd=ROOT):
    """Runs `command` for at most `limit` seconds; an Ended.

    show: print its lines as they come, save those for which `keep_out(line)` is true. It gets a process group of its
    own, so that whatever it started ends with it, however this run ends.
    """
    process = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **(env or {})}, text=True, errors='replace', start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    timed_out = threading.Event()

    def out_of_time():
        timed_out.set()
        end_group(process)

    timer = threading.Timer(limit, out_of_time)
    timer.start()
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if show and not (keep_out and keep_out(line)):
                print(line, end='', flush=True)
        process.wait()
    finally:
        timer.cancel()
        end_group(process)
        process.stdout.close()
    return Ended(None if timed_out.is_set() else process.returncode, lines)


def end_group(process):
    """Ends what is left of a process's group; a program still running is interrupted first, so that it tidies up."""
    with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
