"""A console with a shell on it becomes a link: the shell is told to run board/bridge.py."""

import time

from .port import DeployError, Port

SECONDS = 10
READY = b'bridge: ready'


def hand_over(name, speed, command):
    """Types `command` at the shell on the port, and waits until the bridge says that it is there."""
    port = Port(name, speed)
    try:
        port.write(b'\r' + command.encode() + b'\r')
        deadline, seen = time.monotonic() + SECONDS, b''
        while READY not in seen:
            if time.monotonic() > deadline:
                raise DeployError(
                    'deploy.hand_over', f'the console at {name} was not handed over', repr(seen[-200:]),
                    'a shell, logged in, that can start the bridge', '--hand-over',
                )  # fmt: skip
            seen += port.read(0.1)
    finally:
        port.close()
