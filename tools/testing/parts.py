"""The parts of a test run: what each needs, how it is run, and how its tests are counted."""

import re
import xml.etree.ElementTree as xml

from . import setup
from .paths import BUILD, NODE, PYTHON, ROOT
from .process import run

FIRMWARE = ROOT / 'firmware_tests' / 'run.py'


class Count:
    """Tests passed, failed and skipped, and the reason of a failure that no test stands for."""

    def __init__(self, passed=0, failed=0, skipped=0, reason=''):
        self.passed = passed
        self.failed = failed
        self.skipped = skipped
        self.reason = reason


class Part:
    """One part of the run.

    needs: the set-up steps without which it can't start; fast: belongs to `--fast` as well;
    run(fast, pytest_arguments): a Count.
    """

    def __init__(self, name, text, needs, fast, run):
        self.name = name
        self.text = text
        self.needs = needs
        self.fast = fast
        self.run = run

    def wants(self, fast):
        """The set-up steps for this run: without its browser tests no part needs a browser."""
        return [step for step in self.needs if not (fast and step is setup.chromium)]


def lint(fast, arguments):
    """ruff over the whole tree."""
    ended = run([str(PYTHON), '-m', 'ruff', 'check', '--output-format', 'concise'], 120, show=True)
    return Count(passed=1) if ended.code == 0 else Count(failed=1, reason='ruff check has findings, see above')


def host(fast, arguments):
    """pytest over host_tests; counted from its report, so that what a plugin prints can't change the count."""
    report = BUILD / 'pytest.xml'
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command = [str(PYTHON), '-m', 'pytest', '-q', f'--junit-xml={report}']
    if fast:
        command += ['-m', 'not browser and not slow']
    env = {'EDGEIO_NODE_MODULES': str(NODE / 'node_modules'), 'EDGEIO_CHROMIUM': setup.browser() or ''}
    ended = run([*command, *arguments], 1200, show=True, env=env)
    count = read_report(report)
    if ended.code not in (0, 1) or not count.passed + count.failed:
        count.failed += 1
        count.reason = 'pytest did not run to its end: ' + (
            'no end after 1200 s' if ended.code is None else f'exit code {ended.code}')
    return count


def read_report(path):
    """The Count of a JUnit report; empty where there is none."""
    if not path.is_file():
        return Count()
    suites = list(xml.parse(path).getroot().iter('testsuite'))

    def total(name):
        return sum(int(suite.get(name, 0)) for suite in suites)

    failed, skipped = total('failures') + total('errors'), total('skipped')
    return Count(total('tests') - failed - skipped, failed, skipped)


def firmware(target, limit):
    """The function that runs the firmware tests on `target` for at most `limit` seconds."""

    def run_target(fast, arguments):
        def closing(line):
            return read_closing(line) is not None

        ended = run([str(PYTHON), str(FIRMWARE), '--target', target], limit, show=True, keep_out=closing)
        counts = [count for count in map(read_closing, ended.lines) if count]
        if not counts:
            why = f'no end after {limit} s' if ended.code is None else f'exit code {ended.code}'
            return Count(failed=1, reason=f'{target}: no closing line from firmware_tests/run.py, {why}')
        count = counts[-1]
        if ended.code != 0 and not count.failed or not count.passed + count.failed:
            count.failed += 1
            count.reason = f'{target}: exit code {ended.code} with {count.passed} passed'
        return count

    return run_target


def read_closing(line):
    """The Count in a 'N passed, N failed' line, None for any other."""
    found = re.fullmatch(r'(\d+) passed, (\d+) failed(?:, (\d+) skipped)?', line.strip())
    return Count(*[int(number or 0) for number in found.groups()]) if found else None


PARTS = [
    Part('lint', 'ruff over the whole tree', [setup.python], True, lint),
    Part('host', 'pytest host_tests: units, real clients, a real browser',
         [setup.python, setup.node, setup.curl, setup.chromium], True, host),
    Part('cpython', 'firmware_tests on CPython', [setup.python], True, firmware('cpython', 300)),
    Part('micropython', 'firmware_tests on MicroPython', [setup.python], True, firmware('micropython', 300)),
    Part('armhf', 'firmware_tests on ARM Python, emulated', [setup.python], False, firmware('armhf', 900)),
    Part('board', 'firmware_tests on a booted ARM machine, emulated',
         [setup.python, setup.node], False, firmware('board', 900)),
    Part('deploy', 'boards with the agent: pushes, faults, power cuts, systemd',
         [setup.python, setup.node], False, firmware('deploy', 1800)),
]
