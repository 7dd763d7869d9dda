#!/usr/bin/env python3
"""Runs the firmware tests on a target: `python3 firmware_tests/run.py --target NAME [TEST ...]`.

cpython, micropython   the runtimes of this machine
armhf, arm64, armel    ARM builds of Python under qemu's user mode emulation
board                  a booted ARM Linux machine with 64 MiB of memory, reached over its serial console; with the
                       chat (as the only TEST: chat) under its init, used by the official client
deploy                 four such machines at the same time, with the agent on them: pushes, broken apps, hanging apps
                       and agents, power cuts, systemd (TEST names one of them: agent, systemd, power-sent, power-trial)

It needs Python alone (board and deploy: pyserial and Node.js as well). Whatever a target is made of comes from the
distribution's packages and is kept in `.build/`, or in the folder that EDGEIO_BUILD names. The last line is
"N passed, N failed".
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from firmware_tests.targets import build, emulated, local  # noqa: E402

TIME_LIMIT = 900
"""Seconds after which tests that still run are ended."""

COMMANDS = {
    'cpython': local.cpython,
    'micropython': local.micropython,
    'armhf': lambda: emulated.command('armhf'),
    'arm64': lambda: emulated.command('arm64'),
    'armel': lambda: emulated.command('armel'),
}

MACHINES = ('board', 'deploy')
"""Targets that are whole machines; what drives them needs more than Python."""


def run_command(command, tests):
    """Runs the tests by `command`; (passed, failed) from their closing line."""
    environment = {name: os.environ[name] for name in ('PATH', 'HOME', 'LANG') if name in os.environ}
    environment['PYTHONDONTWRITEBYTECODE'] = '1'
    process = subprocess.Popen(
        [*command, '-m', 'firmware_tests', *tests], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE
    )
    limit = threading.Timer(TIME_LIMIT, process.kill)
    limit.start()
    counts = None
    try:
        for line in process.stdout:
            counts = counts_in(line) or counts
            if not counts:
                print(line, end='', flush=True)
        process.wait()
    finally:
        limit.cancel()
        if process.poll() is None:
            process.kill()
        process.stdout.close()
    if counts is None:
        print(f'the tests ended without their closing line, exit code {process.returncode}')
        return 0, 1
    return counts


def counts_in(line):
    """(passed, failed) of a closing line; None for any other."""
    found = re.match(r'(\d+) passed, (\d+) failed$', line.rstrip())
    return found and (int(found[1]), int(found[2]))


def run_machine(target, tests):
    """Runs the tests of 'board' or 'deploy'; (passed, failed)."""
    try:
        import serial  # noqa: F401
    except ImportError:
        raise build.TargetError(
            f'the board is reached over a serial line, and {sys.executable} has no pyserial; '
            'this installs it: python3 -m pip install pyserial'
        ) from None
    from firmware_tests.targets import board, deploy

    return board.run(tests, counts_in) if target == 'board' else deploy.run(tests)


def unwind_when_ended():
    """Has this process, when it is ended from outside, unwind as on Ctrl-C: machines stop, their folders go."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--target', default='cpython', choices=[*COMMANDS, *MACHINES])
    parser.add_argument('tests', nargs='*', help='run only tests with one of these in their name')
    arguments = parser.parse_args()
    try:
        if arguments.target in MACHINES:
            passed, failed = run_machine(arguments.target, arguments.tests)
        else:
            passed, failed = run_command(COMMANDS[arguments.target](), arguments.tests)
    except build.TargetError as exc:
        print(f'target {arguments.target}: {exc}')
        passed, failed = 0, 1
    build.say(f'target {arguments.target} is done')
    print(f'{passed} passed, {failed} failed', flush=True)
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    unwind_when_ended()
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit('firmware_tests/run.py: interrupted')
