"""The booted board: the firmware tests over its serial console, then the chat app as an owner would run it."""

from ..emulator import image
from ..emulator.console import ConsoleError
from ..emulator.machine import Machine
from ..emulator.owner import PAYLOAD, PROJECT
from . import build, chat
from .person import require_client

TEST_SECONDS = 600


def run(tests, counts_in):
    """Boots the board and runs `tests` on it; (passed, failed). counts_in(line): the counts of a closing line.

    'chat' among `tests` names the checks that are made from here; all where `tests` is empty.
    """
    require_client()
    master = image.make(PAYLOAD)
    build.say('starting the board')
    with Machine(master) as machine:
        build.say('the board is up')
        try:
            counts = [] if tests == ['chat'] else [_run_tests(machine.console, tests, counts_in)]
            if not tests or 'chat' in tests:
                counts.append(chat.run(machine))
            return sum(passed for passed, _ in counts), sum(failed for _, failed in counts)
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
