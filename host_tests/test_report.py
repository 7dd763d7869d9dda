"""Reports on stderr: whole, as many as a console can take; the others are counted, and lost nowhere in silence."""

import os
import re
import signal
import subprocess
import sys

import pytest

from edgeio import iosched, quota, report
from firmware_tests.targets import local
from host_tests.looping import turn_until
from host_tests.processes import ROOT, Program

ENVIRONMENT = {'PYTHONPATH': str(ROOT), 'MICROPYPATH': f'{ROOT}:.frozen'}


@pytest.fixture
def printed(capsys, monkeypatch):
    """What has been printed since the last call: `printed()`. Reports go to a printer of the test's own."""
    monkeypatch.setattr(report, 'REPORT_PERIOD', 200)
    printer = report._Printer()
    before = report.set_on_error(printer)
    yield lambda: capsys.readouterr().err
    report.set_on_error(before)
    printer.end_period()  # its timer, too


def fail(where, times=1):
    """Reports `times` errors in `where`, from a traceback."""
    for _ in range(times):
        try:
            raise ValueError('on purpose')
        except ValueError as exc:
            report.report(exc, where)


def the_rest(printed):
    """What is printed once the period is over."""
    lines = []
    turn_until(lambda: lines.extend(printed().splitlines()) or lines, 'the end of the period')
    return lines


def test_a_few_reports_are_printed_whole(printed):
    fail('here', report.MAX_REPORTS)
    assert printed().count('ValueError: on purpose') == report.MAX_REPORTS


def test_more_are_counted_by_place_and_told_at_the_end_of_the_period(printed):
    fail('here', report.MAX_REPORTS + 5)
    fail('there')
    text = printed()
    assert text.count('Traceback') == report.MAX_REPORTS
    assert text.count('edgeio: more errors; only counted for ') == 1
    assert sorted(the_rest(printed)) == ['edgeio: 1 more error in there', 'edgeio: 5 more errors in here']
    fail('here')
    assert printed().count('Traceback') == 1


def test_places_beyond_the_bound_are_counted_together(printed):
    fail('here', report.MAX_REPORTS)
    for n in range(report.MAX_PLACES + 7):
        fail(f'GET /{n}')
    printed()
    lines = the_rest(printed)
    assert len(lines) == report.MAX_PLACES + 1
    assert lines[-1] == 'edgeio: 7 more errors in other places'


def test_a_long_place_is_cut(printed):
    fail('GET /' + 'x' * 5000)
    assert len(printed().splitlines()[0]) < 300


def test_a_loop_that_comes_late_loses_no_count(printed, monkeypatch):
    now = iosched.monotonic_ms()
    fail('here', report.MAX_REPORTS + 3)
    monkeypatch.setattr(quota, 'monotonic_ms', lambda: now + 1000)
    fail('here', report.MAX_REPORTS + 1)
    text = printed()
    assert text.count('Traceback') == 2 * report.MAX_REPORTS
    assert text.count('edgeio: 3 more errors in here') == 1


def test_a_function_of_the_apps_gets_every_report(printed):
    found = []
    report.set_on_error(lambda exc, where: found.append(where))
    fail('here', 5 * report.MAX_REPORTS)
    assert found == ['here'] * 5 * report.MAX_REPORTS
    assert printed() == ''


def test_reporting_that_fails_itself_does_not_end_the_loop(printed):
    def fails(exc, where):
        raise MemoryError

    report.set_on_error(fails)
    fail('GET /')
    assert printed() == 'edgeio: error in GET /, not reported: MemoryError\n'


# -- one report ------------------------------------------------------------------------------------------------------


LONG = 'x' * 1000000

LEFT_OUT = re.compile(r'\.\.\. (\d+) characters left out \.\.\.')


@pytest.mark.parametrize('long', [KeyError(LONG), ValueError(LONG), ValueError([LONG], 1)], ids=['key', 'text', 'list'])
def test_a_long_report_is_printed_with_its_beginning_and_its_end(printed, long):
    try:
        raise long
    except Exception as exc:
        report.report(exc, 'here')
    lines = printed().splitlines()
    assert lines[:2] == ['edgeio: error in here:', 'Traceback (most recent call last):']
    assert sum(map(len, lines)) < report.MAX_REPORT + 200
    left_out = [found for found in map(LEFT_OUT.fullmatch, lines) if found]
    assert len(left_out) == 1 and 995000 < int(left_out[0][1]) < 1000000
    assert lines[-1].endswith(str(long)[-100:])


# -- the end of the process ------------------------------------------------------------------------------------------

FAILING = """
import sys
from edgeio import iosched, report

for n in range(report.MAX_REPORTS + 3):
    iosched.report(ValueError('on purpose'), 'here')
"""


def python(runtime):
    """The command of a runtime."""
    return [sys.executable] if runtime == 'cpython' else local.micropython()


@pytest.mark.parametrize('runtime', ['cpython', 'micropython'])
@pytest.mark.parametrize('end', ['', 'sys.exit(3)', 'raise KeyboardInterrupt', 'raise ValueError("the app itself")'])
def test_the_counts_are_told_when_the_process_ends_within_the_period(runtime, tmp_path, end):
    program = tmp_path / 'program.py'
    program.write_text(FAILING + end + '\n')
    done = subprocess.run(
        [*python(runtime), program], env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, timeout=30
    )
    assert done.stderr.count('ValueError: on purpose') == report.MAX_REPORTS
    assert done.stderr.count('edgeio: 3 more errors in here\n') == 1


# MicroPython cannot handle signals: SIGTERM leaves it no moment.
@pytest.mark.parametrize(
    ('runtime', 'number'),
    [('cpython', signal.SIGTERM), ('cpython', signal.SIGINT), ('micropython', signal.SIGINT)],
)
def test_the_counts_are_told_when_an_app_is_stopped(runtime, number, tmp_path):
    (tmp_path / 'app.json').write_text('{"name": "failing"}')
    (tmp_path / 'main.py').write_text(FAILING + 'print("ready")\niosched.forever()\n')
    app = Program([*python(runtime), '-m', 'edgeio', 'run', tmp_path], env=ENVIRONMENT)
    app.wait_for('ready')
    app.stop(number)
    assert app.log.count('edgeio: 3 more errors in here\n') == 1


# -- a console that is gone --------------------------------------------------------------------------------------------

TO_NOBODY = """
from edgeio import iosched

iosched.report(ValueError('on purpose'), 'here')
print('goes on')
"""


@pytest.mark.parametrize('runtime', ['cpython', 'micropython'])
def test_a_console_that_hung_up_harms_nobody(runtime, tmp_path):
    program = tmp_path / 'program.py'
    program.write_text(TO_NOBODY)
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, **ENVIRONMENT}
    done = subprocess.run(
        [*python(runtime), program], env=environment, stdout=subprocess.PIPE, stderr=writing, timeout=30
    )
    os.close(writing)
    assert done.stdout == b'goes on\n'
