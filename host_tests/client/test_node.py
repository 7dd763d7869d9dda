"""Our browser client in Node.js, against the official server: each case in `cases/*.js` is a test here."""

import functools
import json
import os
import subprocess
from pathlib import Path

import pytest

from host_tests.processes import node_environment

HERE = Path(__file__).parent
LIMIT = 120
"""Seconds for one file of cases. Each case has a shorter limit of its own."""


def run_node(*arguments):
    return subprocess.run(
        ['node', *map(str, arguments)], env={**os.environ, **node_environment()}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=LIMIT,
    )


def listed():
    """(file, case) of all cases. Where they can't be listed: one that fails and says why."""
    try:
        done = run_node(HERE / 'list.js')
        assert done.returncode == 0, done.stderr
        names = json.loads(done.stdout)
    except (OSError, AssertionError) as exc:
        return [('list.js', str(exc))]
    return [(file, name) for file, cases in names.items() for name in cases]


@functools.cache
def outcomes(file):
    """({case: its error or None}, all that was printed) of a file's cases, which run once, in one process."""
    done = run_node(f'--test-reporter={HERE / "reporter.mjs"}', HERE / 'cases' / file)
    found = {}
    for line in done.stdout.splitlines():
        if line.startswith('{"name":'):
            case = json.loads(line)
            found[case['name']] = None if case['ok'] else case['error']
    return found, done.stdout + done.stderr


CASES = listed()


@pytest.mark.parametrize('file, case', CASES, ids=[f'{file}-{case[:80]}' for file, case in CASES])
def test_client(file, case):
    found, printed = outcomes(file)
    assert case in found, f'it did not run to its end:\n{printed}'
    assert found[case] is None, found[case]
