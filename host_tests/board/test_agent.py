"""The agent and the deploy command, at the two ends of a cable."""

import contextlib
import grp
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from board.link import WRONG_KEY_DELAY
from firmware_tests.targets.apps import VERSION
from host_tests.board.conftest import free_port
from host_tests.processes import ROOT, Program, descendants, node_environment
from tools.deploying.port import DeployError, Port

HANGING = VERSION.replace('VERSION', 'well')
BROKEN = 'raise SystemExit("this version is broken")\n'
SILENT = 'from edgeio import iosched\niosched.forever()\n'
FAILING = HANGING.replace("lambda req, res: res.end('well')", 'lambda req, res: res.send_status(503)')
NOT_TURNING = HANGING.replace('iosched.forever()', 'iosched.poll(50)\niosched.poll(50)\ntime.sleep(600)')


def get(board, path='/', seconds=10):
    """The page that the app answers with; asks again until it does."""
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{board.port}{path}', timeout=seconds) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise


def until(done, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f'{what} did not happen'
        time.sleep(0.05)


def ask_without_waiting(board, path):
    """Sends a request that will never be answered."""

    def work():
        try:
            urllib.request.urlopen(f'http://127.0.0.1:{board.port}{path}', timeout=20).read()
        except OSError:
            pass  # the app is ended

    thread = threading.Thread(target=work)
    thread.start()
    return thread


# -- pushing -----------------------------------------------------------------------------------------------------


def test_pushed_app_runs_and_answers(board, app):
    assert 'is well' in board.deploy('push', app())
    assert get(board) == 'This is socket.io test server.'
    status = board.ask('status')
    assert status['state'] == 'running' and not status['on_trial'] and status['restarts'] == 0
    assert status['memory'] > 1000000 and status['uptime'] > 0 and status['lag'] >= 0 and status['clients'] >= 0


def test_official_client_talks_to_the_pushed_app(board, app, tmp_path):
    board.deploy('push', app())
    script = tmp_path / 'client.js'
    script.write_text("""
        const socket = require('socket.io-client-4').io(process.argv[2], { reconnection: false })
        socket.emit('req', 'req:', answer => { console.log(answer); socket.close() })
        socket.on('connect_error', error => { console.log(error); process.exit(1) })
    """)
    done = subprocess.run(
        ['node', script, f'http://127.0.0.1:{board.port}'], env={**os.environ, **node_environment()}, text=True,
        capture_output=True, timeout=30,
    )  # fmt: skip
    assert done.stdout == 'hello world\n', done.stdout + done.stderr


def test_only_changed_files_are_sent(board, app):
    board.deploy('push', app())
    assert 'nothing has changed' in board.deploy('push', app())
    before = board.cable.carried
    assert '1 to send, 5 B' in board.deploy('push', app(note_txt='12345'))
    assert board.cable.carried - before < 6000


def test_broken_version_is_taken_back_and_says_why(board, app):
    board.deploy('push', app())
    output = board.deploy('push', app(main_py=BROKEN), ok=False)
    assert 'push.unhealthy' in output and '0001-' in output and 'this version is broken' in output
    assert get(board) == 'This is socket.io test server.'
    status = board.ask('status')
    assert status['release'].startswith('0001-') and not status['on_trial']


@pytest.mark.parametrize(
    'main, why',
    [(FAILING, "was answered 'HTTP/1.1 503"), (SILENT, 'nothing answers'), (NOT_TURNING, 'its loop has not turned')],
    ids=['answers with an error', 'does not listen', 'stops turning'],
)
def test_version_that_is_not_well_is_taken_back(make_board, app, main, why):
    board = make_board(start_ms=3000, trial_ms=3000)
    board.deploy('push', app())
    output = board.deploy('push', app(main_py=main), ok=False)
    assert 'push.unhealthy' in output and why in output
    assert get(board) == 'This is socket.io test server.'


def test_first_version_that_is_broken_leaves_nothing_running(board, app):
    output = board.deploy('push', app(main_py=BROKEN), ok=False)
    assert 'nothing runs' in output
    assert board.ask('status')['state'] == 'stopped'
    assert 'is well' in board.deploy('push', app(main_py=HANGING))


def test_rollback_runs_the_version_before(board, app):
    board.deploy('push', app())
    board.deploy('push', app(main_py=HANGING))
    assert get(board) == 'well'
    assert '0001-' in board.deploy('rollback')
    assert get(board) == 'This is socket.io test server.'
    assert 'no release to go back to' in board.deploy('rollback', ok=False)


def test_push_goes_on_after_the_cable_was_pulled(board, app):
    folder = app(blob_txt=os.urandom(60000).hex())
    total = sum(path.stat().st_size for path in folder.iterdir())
    board.cable.budget = 70000
    push = Program(board.command('push', folder))
    try:
        assert board.cable.pulled.wait(30)
        push.wait_for('the line is gone')
        board.cable.plug()
        assert push.wait(60) == 0, push
        assert 'the line is back' in push.log and 'is well' in push.log
        assert board.cable.carried < total * 1.3, 'what had arrived was sent again'
    finally:
        push.kill()
    assert get(board) == 'This is socket.io test server.'


def test_push_arrives_over_a_noisy_cable(board, app):
    board.cable.noise = 0.02
    board.deploy('push', app(blob_txt=os.urandom(20000).hex()))
    assert get(board) == 'This is socket.io test server.'


def test_app_without_a_manifest_is_refused_before_anything_is_sent(board, tmp_path):
    (tmp_path / 'empty').mkdir()
    assert 'app.manifest' in board.deploy('push', tmp_path / 'empty', ok=False)


# -- supervision -------------------------------------------------------------------------------------------------


def test_hanging_loop_is_ended_and_started_again(board, app):
    board.deploy('push', app(main_py=HANGING))
    pid = board.ask('status')['pid']
    asking = ask_without_waiting(board, '/hang')
    until(lambda: 'its loop has not turned' in board.log, 'the watchdog')
    asking.join()
    assert get(board) == 'well'
    status = board.ask('status')
    assert status['pid'] != pid and status['restarts'] == 1 and 'has not turned' in status['problem']
    assert re.search(r'File "main.py", line \d+ in hang', board.log), board.log


def test_app_that_dies_is_started_again(board, app):
    board.deploy('push', app())
    os.kill(board.ask('status')['pid'], signal.SIGKILL)
    until(lambda: board.ask('status')['restarts'] == 1, 'a restart')
    assert get(board) == 'This is socket.io test server.'
    assert 'signal SIGKILL' in board.ask('status')['problem']


def test_app_beyond_its_memory_ends_and_the_agent_does_not(make_board, app):
    board = make_board(memory_mb=64)
    greedy = HANGING.replace('while True:\n        time.sleep(1)', 'res.end(str(len(bytes(200000000))))')
    board.deploy('push', app(main_py=greedy))
    with pytest.raises(OSError):
        urllib.request.urlopen(f'http://127.0.0.1:{board.port}/hang', timeout=20)
    until(lambda: 'MemoryError' in board.log, 'the report, which passes through the agent')
    assert get(board) == 'well'


def test_start_stop_and_restart(board, app):
    assert 'no app on the board' in board.deploy('start', ok=False)
    board.deploy('push', app())
    assert 'stopped' in board.deploy('stop')
    board.cut()
    board.start()
    assert board.ask('status')['state'] == 'stopped'
    board.deploy('start')
    assert get(board)
    pid = board.ask('status')['pid']
    board.deploy('restart')
    assert board.ask('status')['pid'] != pid and board.ask('status')['restarts'] == 0


def test_app_ends_with_an_agent_that_is_killed_and_runs_again_with_the_next(board, app):
    board.deploy('push', app())
    pid = board.ask('status')['pid']
    board.agent.kill()
    until(lambda: pid not in descendants(), 'the end of the app')
    board.start()
    assert get(board) == 'This is socket.io test server.'


def test_power_cut_during_a_trial_does_not_make_a_broken_version_stay(make_board, app):
    board = make_board(trial_ms=60000)
    main = HANGING.replace("'well'", "'on trial'")
    push = Program(board.command('push', app(main_py=main)))
    for _ in range(3):
        until(lambda: board.log.count('starting 0001') > board.log.count('cut'), 'a start')
        board.cut()
        with open(board.folder / 'logs/app.log', 'a') as log:
            log.write('cut\n')
        board.start()
    push.kill()
    until(lambda: board.ask('status')['state'] == 'stopped', 'giving up')
    assert 'started several times' in board.log


@pytest.mark.slow
def test_power_cut_at_any_moment_of_a_push_leaves_the_old_or_the_new_version(board, app):
    pages = ['version 0']
    board.deploy('push', app(main_py=HANGING.replace('well', 'version 0')))
    for n in range(1, 9):
        push = Program(board.command('push', app(main_py=HANGING.replace('well', f'version {n}'))))
        time.sleep(0.15 * n)  # where it is cut is not to be foreseen: every outcome must do
        board.cut()
        push.kill()
        board.start()
        page = get(board)
        assert page in (pages[-1], f'version {n}')
        pages.append(page)


# -- the log and the console -------------------------------------------------------------------------------------


def test_logs_follow_what_the_app_prints(board, app):
    board.deploy('push', app())
    following = Program(board.command('logs', '--follow'))
    try:
        following.wait_for('socketio: listening')
        board_status = Program(['curl', '-s', f'http://127.0.0.1:{board.port}/socket.io/?EIO=4&transport=polling'])
        board_status.wait()
        os.kill(board_pid(board), signal.SIGKILL)
        following.wait_for('signal SIGKILL')
    finally:
        following.kill()


def board_pid(board):
    """The app's process, from the agent's children: the cable is taken by another command."""
    found = subprocess.run(
        ['pgrep', '-P', str(board.agent.process.pid), '-f', 'edgeio run'], text=True, capture_output=True
    )
    return int(found.stdout.split()[0])


def test_console_runs_a_shell_on_the_board(board):
    done = subprocess.run(
        board.command('console'), input='echo $((6 * 7)) from the board; exit\n', text=True, capture_output=True,
        timeout=30,
    )  # fmt: skip
    assert '42 from the board' in done.stdout, done


# -- lines, keys and errors --------------------------------------------------------------------------------------


def test_agent_is_reached_over_tcp_as_well(make_board, app):
    address = f'127.0.0.1:{free_port()}'
    board = make_board(tcp=address)
    assert 'is well' in board.deploy('push', app(), port=f'socket://{address}')


def test_strangers_that_say_nothing_do_not_keep_the_owner_out(make_board, app):
    address = f'127.0.0.1:{free_port()}'
    board = make_board(tcp=address)
    host, port = address.split(':')
    with contextlib.ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(socket.create_connection((host, int(port)), 20))
        assert 'is well' in board.deploy('push', app(), port=f'socket://{address}')


def test_console_is_handed_over_to_the_link(board):
    master, slave = os.openpty()
    shell = subprocess.Popen(
        ['sh', '-i'], stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, start_new_session=True,
        env={**os.environ, 'PS1': '$ '},
    )  # fmt: skip
    try:
        bridge = f'{sys.executable} -m board.bridge {board.folder}/run/agent.sock'
        board.cable.close()
        done = _hand_over(board, master, bridge)
        assert 'test board' in done.stdout, done
    finally:
        shell.kill()
        shell.wait()
        os.close(master)
        os.close(slave)


def _hand_over(board, master, bridge):
    """Runs `info` at the other end of the shell's terminal, through a second one."""
    other, end = os.openpty()
    stop = threading.Event()

    def carry():
        import select

        while not stop.is_set():
            for fd in select.select([master, other], [], [], 0.05)[0]:
                os.write(other if fd == master else master, os.read(fd, 1024))

    import tty

    tty.setraw(end)
    thread = threading.Thread(target=carry)
    thread.start()
    try:
        command = board.command('--hand-over', bridge, 'info', port=os.ttyname(end))
        return subprocess.run(command, text=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    finally:
        stop.set()
        thread.join()
        os.close(other)
        os.close(end)


def test_wrong_key_is_told_from_no_answer(board, tmp_path):
    right = board.key.read_text()
    board.key.write_text('11' * 32)
    output = board.deploy('info', ok=False)
    assert 'deploy.wrong_key' in output and '1111' not in output
    board.key.write_text(right)
    started = time.monotonic()
    board.deploy('info')  # let in once the delay is over
    assert time.monotonic() - started < 3 * WRONG_KEY_DELAY / 1000 + 10


def test_no_answer_names_the_speed(board):
    board.agent.stop()
    output = board.deploy('--speed', '9600', 'info', ok=False)
    assert 'no answer' in output and '9600 baud' in output and 'is the agent running?' in output


def test_no_such_port_lists_those_there_are(board):
    output = board.deploy('info', port='/dev/ttyNONE7', ok=False)
    assert 'no such port: /dev/ttyNONE7' in output and 'expected: one of:' in output


def test_unknown_scheme_is_not_a_port(board):
    assert 'not a port' in board.deploy('info', port='pigeon://roof', ok=False)


def test_nobody_listening_on_tcp_is_told(board):
    output = board.deploy('info', port=f'socket://127.0.0.1:{free_port()}', ok=False)
    assert 'cannot be reached' in output


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root, to be somebody without permission')
def test_no_permission_names_the_group(board):
    terminal = os.path.realpath(board.cable.desktop)
    os.chown(terminal, 0, grp.getgrnam('dialout').gr_gid)
    os.chmod(terminal, 0o660)
    os.seteuid(65534)
    try:
        with pytest.raises(DeployError, match='deploy.permission.*') as raised:
            Port(terminal, 115200)
    finally:
        os.seteuid(0)
    assert 'dialout' in raised.value.seen and 'usermod -a -G dialout' in raised.value.setting


def test_not_enough_room_is_told_before_anything_is_sent(tmp_path, make_board, app):
    small = tmp_path / 'small'
    small.mkdir()
    if os.geteuid() or subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]).returncode:
        pytest.skip('a small file system cannot be mounted here')
    try:
        board = make_board(state=str(small))
        output = board.deploy('push', app(blob_bin='x' * 2000000), ok=False)
        assert 'push.room' in output and 'not enough room on the board' in output
        board.stop()
    finally:
        subprocess.run(['umount', small], check=True)


def test_keygen_makes_a_key_for_its_owner_alone_and_does_not_print_it(tmp_path):
    path = tmp_path / 'keys' / 'new.key'
    command = [sys.executable, ROOT / 'tools/deploy.py', '--key', path, 'keygen']
    done = subprocess.run(command, text=True, capture_output=True)
    key = path.read_text().strip()
    assert len(bytes.fromhex(key)) == 32 and path.stat().st_mode & 0o777 == 0o600
    assert key not in done.stdout + done.stderr
    again = subprocess.run(command, text=True, capture_output=True)
    assert again.returncode == 1 and 'deploy.key_exists' in again.stderr and path.read_text().strip() == key


def test_ports_lists_lines_without_a_board():
    done = subprocess.run([sys.executable, ROOT / 'tools/deploy.py', 'ports'], text=True, capture_output=True)
    assert done.returncode == 0 and done.stdout
