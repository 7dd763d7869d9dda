"""A server under measurement: a program of either runtime, in a process of its own."""

import os
import re
import select
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

PATIENCE = 20
"""Seconds that a server may take to listen before it is called dead."""


class Server:
    """Starts `command` (list) and waits for the port that it prints. port: None where it ended instead.

    listening_ms: from the start of the process to its port; environment: variables to set; cwd: where it runs.
    """

    def __init__(self, command, environment=None, cwd=ROOT):
        started = time.monotonic()
        self.process = subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.output = b''
        self.port = self._wait_for_port(started + PATIENCE)
        self.listening_ms = (time.monotonic() - started) * 1000

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def read_rest(self):
        """What it has printed (str), once it has ended."""
        return (self.output + self.process.stdout.read()).decode()

    def rss_kb(self):
        """Its resident memory, in KB."""
        with open(f'/proc/{self.process.pid}/status') as status:
            return int(re.search(r'VmRSS:\s+(\d+) kB', status.read())[1])

    def cpu_ms(self):
        """Milliseconds that it has been running on a processor."""
        with open(f'/proc/{self.process.pid}/schedstat') as status:
            return int(status.read().split()[0]) / 1e6

    def _wait_for_port(self, deadline):
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.process.stdout], [], [], deadline - time.monotonic())
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b''
            if not data:
                return None
            self.output += data
            found = re.search(rb'http://[^\s:]+:(\d+)', self.output)
            if found:
                return int(found[1])
        return None
