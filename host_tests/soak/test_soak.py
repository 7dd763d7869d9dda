"""The endurance test, for a few seconds; and that its checks find what they look for."""

import re
import subprocess
import sys

import pytest

from host_tests.processes import ROOT
from tools.soaking import checks, memory

GOOD_REPORT = {'name': 'a', 'acked': [1, 2, 3], 'down': [1, 2, 4], 'faults': [], 'connects': 1, 'recoveries': 0}
GOOD_RECORD = {
    'up': [['x', 1], ['x', 2], ['y', 3], ['y', 4]], 'down_acked': [1, 4], 'down': 4, 'reasons': ['ping timeout'],
}
STATE = {name: 0 for name in checks.NOTHING_LEFT} | {
    'descriptors': 9, 'timers': 3, 'namespaces': 1, 'admitted': 1,
}
MEMORY = {'objects': 2_000, 'blocks': 65_000, 'heap': 4_000_000, 'trimmed': 30_000_000, 'resident': 38_000_000}


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
    assert checks.growth([MEMORY, MEMORY]) == []


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


def rounds(name, *values):
    """What was measured after some rounds: figures that stay, save one."""
    return [{**MEMORY, name: value} for value in values]


@pytest.mark.parametrize('name', checks.GROWTH)
def test_growth_from_round_to_round_is_found(name):
    begin, step = MEMORY[name], checks.GROWTH[name] // 2
    problems = checks.growth(rounds(name, begin, begin + step, begin + 2 * step + 2, begin + 3 * step))
    assert len(problems) == 1 and str(begin + 2 * step + 2) in problems[0], problems


@pytest.mark.parametrize('name', checks.GROWTH)
def test_a_peak_that_passes_is_no_growth(name):
    begin = MEMORY[name]
    assert checks.growth(rounds(name, begin, 2 * begin, 3 * begin, begin)) == []
    assert checks.growth(rounds(name, 3 * begin, begin)) == []


def test_what_the_system_cannot_say_is_left_out():
    assert 'heap' not in checks.floors(rounds('heap', None, None))


MEASURED = """
from tools.soaking import memory
before = memory.measure()
kept = [[bytes(3000)] for _ in range(4000)]
pin = kept[-1]
full = memory.measure()
kept = None
after = memory.measure()
assert 12_000_000 < full['heap'] - before['heap'] < 14_000_000, (before, full)
assert full['blocks'] - before['blocks'] >= 4000 <= full['objects'] - before['objects'], (before, full)
for name in ('heap', 'blocks', 'objects'):
    assert after[name] - before[name] < 100 + before[name] / 20, (name, before, after)
assert after['resident'] - before['trimmed'] > 8_000_000, 'what is free lies below what is not, and is kept'
assert after['trimmed'] - before['trimmed'] < 3_000_000, (before, after)
"""


def test_what_is_in_use_is_told_from_what_the_allocator_keeps():
    if memory.heap_in_use() is None:
        pytest.skip('this C library does not say what is in use')
    done = subprocess.run([sys.executable, '-c', MEASURED], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
