"""The booted board: the firmware tests over its serial console, then the chat app as an owner would run it, then a
board with the agent, and everything that can go wrong with it."""

from ..emulator import image
from ..emulator.console import ConsoleError
from ..emulator.machine import Machine
from ..emulator.owner import PAYLOAD
from . import build, chat, deploy, systemd

PROJECT = '/opt/edgeio'
"""Where the project is on the board."""

TEST_SECONDS = 600


def run(tests, counts_in):
    """Boots the board and runs `tests` on it; (passed, failed). counts_in(line): the counts of a closing line.

    'chat', 'deploy' and 'systemd' among `tests` name the parts that are run from here; all where `tests` is empty.
    """
    chat.require_client()
    counts = []
    if not tests or set(tests) - {'deploy', 'systemd'}:
        counts.append(_run_on_board(image.make(PAYLOAD), tests, counts_in))
    if not tests or 'deploy' in tests:
        counts.append(deploy.run(image.make(PAYLOAD)))
    if not tests or 'systemd' in tests:
        counts.append(systemd.run(image.make(PAYLOAD, 'systemd')))
    return sum(passed for passed, _ in counts), sum(failed for _, failed in counts)


def _run_on_board(master, tests, counts_in):
    build.say('starting the board')
    with Machine(master) as machine:
        build.say('the board is up')
        try:
            passed, failed = _run_tests(machine.console, tests, counts_in)
            if not tests or 'chat' in tests:
                more = chat.run(machine)
                passed, failed = passed + more[0], failed + more[1]
            return passed, failed
        except ConsoleError:
            print(machine.console.log[-4000:].decode('utf-8', 'replace'))
            raise


def _run_tests(console, tests, counts_in):
    counts = []

    def on_line(line):
        found = counts_in(line)
        if found:
            counts.append(found)
        elif line:
            print(line, flush=True)

    command = ' '.join(['cd', PROJECT, '&&', 'python3', '-m', 'firmware_tests', *tests])
    code, _ = console.run(command, TEST_SECONDS, on_line)
    if not counts:
        print(f'the tests on the board ended without their closing line, exit code {code}')
        return 0, 1
    return counts[-1]
