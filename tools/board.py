#!/usr/bin/env python3
"""Boots an emulated ARM board and puts an app on it over its serial line: the chat, unless another is named.

    python3 tools/board.py [APP_FOLDER]

It needs the packages pyserial and cbor2, on a Debian system; the first time it fetches an emulator and a small system
from the distribution (about a minute), later it takes half a minute. Ctrl-C switches the board off.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

try:
    import cbor2  # noqa: F401
    import serial  # noqa: F401
except ImportError as exc:
    sys.exit(f'board: {exc.name} is not installed; this installs what it needs: python3 -m pip install pyserial cbor2')

from firmware_tests.emulator import image, owner  # noqa: E402
from firmware_tests.emulator.console import ConsoleError  # noqa: E402
from firmware_tests.emulator.machine import MachineError  # noqa: E402
from firmware_tests.targets import build  # noqa: E402


def main():
    """Runs the board until Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('app', nargs='?', default=ROOT / 'board' / 'apps' / 'chat', metavar='APP_FOLDER')
    app = parser.parse_args().app
    try:
        run(app)
    except (build.TargetError, ConsoleError, MachineError, owner.OwnerError) as exc:
        print(f'board: {exc}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        build.say('the board is switched off')
    return 0


def run(app):
    """Boots a board, installs the agent, pushes the app, and keeps the board on."""
    master = image.make(owner.PAYLOAD)
    build.say('switching the board on')
    with owner.OwnedBoard(master) as board:
        build.say('it is up; installing the agent over its console')
        board.install()
        build.say(f'pushing {app} over its second serial line')
        print(board.deploy('push', app), end='')
        print(f'\nthe app on the board: http://127.0.0.1:{board.forward(8000)}/index.html')
        print(f'the board itself:     {" ".join(board.command("status")).replace(str(ROOT) + "/", "")}')
        print('                      (also info, logs --follow, restart, rollback, console, push APP_FOLDER)')
        print('Ctrl-C switches it off', flush=True)
        while board.running:
            time.sleep(1)


if __name__ == '__main__':
    sys.exit(main())
