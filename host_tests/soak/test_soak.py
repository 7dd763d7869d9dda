"""The endurance test, for a few seconds; and that its checks find what they look for."""

import re
import subprocess
import sys

import pytest

from host_tests.processes import ROOT
from tools.soaking import checks

GOOD_REPORT = {'name': 'a', 'acked': [1, 2, 3], 'down': [1, 2, 4], 'faults': [], 'connects': 1, 'recoveries': 0}
GOOD_RECORD = {
    'up': [['x', 1], ['x', 2], ['y', 3], ['y', 4]], 'down_acked': [1, 4], 'down': 4, 'reasons': ['ping timeout'],
}
STATE = {name: 0 for name in checks.NOTHING_LEFT} | {
    'descriptors': 9, 'timers': 3, 'namespaces': 1, 'admitted': 1,
    'objects': 10_000, 'blocks': 90_000, 'resident': 20_000_000,
}


@pytest.mark.slow
def test_short_soak_finds_no_problem():
    done = subprocess.run(
        [sys.executable, ROOT / 'tools' / 'soak.py', '--minutes', '0.1', '--no-netns'],
        capture_output=True, text=True, timeout=150, cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    played = re.search(r'round 1: (\d+) messages, (\d+) connections, \d+ of them recovered, (\d+) visits', done.stdout)
    assert played, done.stdout
    messages, connections, visits = (int(number) for number in played.groups())
    assert messages > 200 and connections >= 18 and visits > 8
    assert done.stdout.endswith('soak: 0 problems\n')


def test_good_round_has_no_problem():
    assert checks.client_problems(GOOD_REPORT, GOOD_RECORD) == []
    assert checks.leftovers(STATE, STATE) == []
    assert checks.growth([STATE, STATE]) == []


@pytest.mark.parametrize(
    ('report', 'record', 'found'),
    [
        ({'acked': [1, 5]}, {}, 'did not arrive: [5]'),
        ({}, {'up': [['x', 1], ['x', 2], ['y', 2], ['y', 3]]}, 'up 2 arrived more than once'),
        ({}, {'up': [['x', 1], ['x', 3], ['x', 2]]}, 'up 2 after 3 on one connection'),
        ({'down': [1, 4, 4]}, {}, 'down 4 arrived more than once'),
        ({'down': [1, 2]}, {}, 'acknowledged to the server, but did not arrive: [4]'),
        ({'faults': ['tick 5 after 3']}, {}, 'tick 5 after 3'),
        ({}, {'reasons': ['no reason']}, "the reason 'no reason'"),
    ],
)
def test_what_is_wrong_with_a_client_is_found(report, record, found):
    problems = checks.client_problems({**GOOD_REPORT, **report}, {**GOOD_RECORD, **record})
    assert len(problems) == 1 and found in problems[0], problems


@pytest.mark.parametrize('name', [*checks.NOTHING_LEFT, 'descriptors', 'namespaces', 'admitted'])
def test_what_is_left_is_found(name):
    problems = checks.leftovers({**STATE, name: STATE[name] + 1}, STATE)
    assert len(problems) == 1 and name in problems[0]


@pytest.mark.parametrize(('name', 'value'), [('resident', 40_000_000), ('objects', 13_000), ('blocks', 99_000)])
def test_growth_from_round_to_round_is_found(name, value):
    assert len(checks.growth([STATE, STATE, {**STATE, name: value}])) == 1
