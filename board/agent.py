"""The agent on a board: takes apps over a serial line, keeps one running, comes back from failure.

    python3 -m board.agent --profile /etc/edgeio/profile.json

It needs CPython 3.11+ and the package cbor2. It feeds the board's watchdog and answers systemd, so that it is watched
over itself, and it watches over the app. It ends in good order at SIGTERM.
"""

import argparse
import os
import signal
import sys

from edgeio import iosched, watchdog
from edgeio.compat import env, print_error
from edgeio.errors import EdgeError

from .lines import LocalLine, NetworkLine, SerialLine
from .logs import Log
from .profile import read_profile
from .releases import Releases
from .supervisor import Supervisor

KEY_DIGITS = 64


class Agent:
    """All parts of it. profile: a dict (see profile.py); key: the link's (bytes)."""

    def __init__(self, profile, key):
        self.profile, self.key = profile, key
        self.started = iosched.monotonic_ms()
        self.releases = Releases(profile['state'], profile['keep'])
        self.log = Log(profile['logs'])
        self.supervisor = Supervisor(profile, self.releases, self.log)
        self.lines = [SerialLine(self, path, speed) for path, speed in profile['serial']]
        if profile['tcp']:
            self.lines.append(NetworkLine(self, profile['tcp']))
        self.lines.append(LocalLine(self, _in_run(profile, 'agent.sock')))
        self.supervisor.begin()

    def end(self):
        """Ends the app and gives everything back; turns the loop meanwhile."""
        for line in self.lines:
            line.close()
        ended = []
        self.supervisor.stop(lambda: ended.append(True), keep=True)
        iosched.forever(lambda: ended, 100)
        self.log.close()


def read_key(path):
    """The link's key (bytes) from the file `path`. EdgeError where there is none; it never shows what was there."""
    try:
        with open(path) as file:
            text = file.read().strip()
    except OSError as exc:
        raise EdgeError('agent.key', 'no key', str(exc), setting='deploy.py keygen, and install.sh') from None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b''
    if len(key) * 2 != KEY_DIGITS:
        raise EdgeError('agent.key', f'{path} holds no key', f'{len(text)} characters', f'{KEY_DIGITS} digits 0-9, a-f')
    return key


def main(argv=None):
    """Runs the agent until SIGTERM or SIGINT; the exit code."""
    parser = argparse.ArgumentParser(prog='board.agent', description=__doc__.splitlines()[0])
    parser.add_argument('--profile', default='/etc/edgeio/profile.json', help='what board this is (JSON)')
    arguments = parser.parse_args(argv)
    try:
        profile = read_profile(arguments.profile)
        agent = Agent(profile, read_key(profile['key']))
    except EdgeError as exc:
        print_error(f'agent: {exc}')
        return 1
    asked = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *args: asked.append(True))
    # Under systemd the device is systemd's (board/systemd/edgeio-watchdog.conf).
    watchdog.start(None if env('NOTIFY_SOCKET') else profile['watchdog'], profile['watchdog_seconds'])
    print('agent: ready', flush=True)
    iosched.forever(lambda: asked, 1000)
    agent.end()
    watchdog.stop()
    return 0


def _in_run(profile, name):
    os.makedirs(profile['run'], exist_ok=True)
    return os.path.join(profile['run'], name)


if __name__ == '__main__':
    sys.exit(main())
