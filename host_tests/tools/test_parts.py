"""The test command: how it counts, and what it says where something can't be set up."""

import subprocess
import sys

import pytest

from host_tests.processes import ROOT
from tools.testing import parts, process, setup


@pytest.mark.parametrize('line, expected', [
    ('12 passed, 3 failed\n', (12, 3, 0)),
    ('12 passed, 3 failed, 4 skipped', (12, 3, 4)),
])
def test_a_closing_line_is_read(line, expected):
    count = parts.read_closing(line)
    assert (count.passed, count.failed, count.skipped) == expected


@pytest.mark.parametrize('line', ['test_harness     7 passed', '= 12 passed, 3 failed in 2 s =', ''])
def test_other_lines_are_no_closing_line(line):
    assert parts.read_closing(line) is None


def test_errors_count_as_failed_and_skipped_tests_are_not_passed(tmp_path):
    report = tmp_path / 'report.xml'
    report.write_text('<testsuites><testsuite tests="10" failures="2" errors="1" skipped="3"/></testsuites>')
    count = parts.read_report(report)
    assert (count.passed, count.failed, count.skipped) == (4, 3, 3)


def test_a_report_that_was_not_written_counts_nothing(tmp_path):
    count = parts.read_report(tmp_path / 'none.xml')
    assert (count.passed, count.failed) == (0, 0)


def test_a_target_without_a_closing_line_is_a_failure(monkeypatch, tmp_path):
    script = tmp_path / 'run.py'
    script.write_text('print("3 passed, 0 failed!")')
    monkeypatch.setattr(parts, 'FIRMWARE', script)
    count = parts.firmware('cpython', 30)(False, [])
    assert (count.passed, count.failed) == (0, 1)
    assert 'no closing line' in count.reason


def test_a_target_that_exits_with_an_error_is_a_failure_whatever_it_counted(monkeypatch, tmp_path):
    script = tmp_path / 'run.py'
    script.write_text('print("3 passed, 0 failed")\nraise SystemExit(4)')
    monkeypatch.setattr(parts, 'FIRMWARE', script)
    count = parts.firmware('cpython', 30)(False, [])
    assert (count.passed, count.failed) == (3, 1)


def test_a_command_out_of_time_is_interrupted_and_ended_with_all_it_started():
    code = 'import subprocess, sys, time; subprocess.Popen(["sleep", "600"]); print("up", flush=True); time.sleep(600)'
    ended = process.run([sys.executable, '-c', code], limit=3)
    assert ended.code is None
    assert ended.lines[0] == 'up\n'
    assert ended.lines[-1] == 'KeyboardInterrupt\n'


def test_a_missing_browser_is_named_with_the_command_that_helps(monkeypatch):
    monkeypatch.setattr(setup.shutil, 'which', lambda name: '/usr/bin/apt-get' if name == 'apt-get' else None)
    monkeypatch.setattr(setup.os, 'geteuid', lambda: 1000)
    with pytest.raises(setup.SetupError, match='Chromium(.|\n)*not root(.|\n)*sudo apt-get install .*chromium'):
        setup.chromium()


def test_an_install_that_fails_is_shown_with_its_last_lines_and_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(setup, 'NODE', tmp_path)
    (tmp_path / 'package.json').write_text('{')
    (tmp_path / 'package-lock.json').write_text('{}')
    with pytest.raises(setup.SetupError, match='npm packages(.|\n)*exit code(.|\n)*what helps: cd .* && npm ci'):
        setup.node()
    assert not (tmp_path / 'node_modules' / '.edgeio-stamp').exists()


def test_an_unknown_part_is_refused_with_the_parts_there_are():
    done = subprocess.run(
        [sys.executable, ROOT / 'tools' / 'test.py', '--only', 'hots'], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert 'invalid choice' in done.stderr and 'micropython' in done.stderr
