"""Signs of life: to a supervisor as systemd is one, and to a watchdog device. The loop gives them, or nobody does."""

import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from host_tests.processes import PATIENCE, ROOT

APP = """
import sys, time
from edgeio import iosched

iosched.set_timeout(lambda: print('turning', flush=True), 300)
if 'hang' in sys.argv or HANG:
    iosched.set_timeout(lambda: time.sleep(600), 600)
iosched.forever()
"""


@pytest.fixture(params=['path', 'abstract'])
def supervisor(request, tmp_path):
    """(the socket that signs of life come to, its name for NOTIFY_SOCKET)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        name = str(tmp_path / 'notify') if request.param == 'path' else f'@edgeio-test-{os.getpid()}'
        sock.bind(name.replace('@', '\0', 1))
        sock.settimeout(PATIENCE)
        yield sock, name


@pytest.fixture
def run(tmp_path):
    """`run(interpreter, hang, **environment)` runs an app; it is ended with the test."""
    started = []

    def start(command, hang=False, **environment):
        folder = tmp_path / 'app'
        folder.mkdir()
        (folder / 'app.json').write_text('{"name": "test"}')
        (folder / 'main.py').write_text(APP.replace('HANG', str(hang)))
        process = subprocess.Popen(
            [*command, '-m', 'edgeio', 'run', str(folder)], cwd=ROOT, env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def micropython():
    from firmware_tests.targets import local

    return local.micropython()


RUNTIMES = pytest.mark.parametrize('runtime', ['cpython', 'micropython'])


def command_of(runtime):
    return [sys.executable] if runtime == 'cpython' else micropython()


def fields(sock):
    """The next sign of life, as a dict."""
    return dict(line.partition('=')[::2] for line in sock.recv(4096).decode().splitlines())


@RUNTIMES
def test_supervisor_hears_that_the_loop_turns(supervisor, run, runtime):
    sock, name = supervisor
    run(command_of(runtime), NOTIFY_SOCKET=name, WATCHDOG_USEC='300000')
    assert fields(sock) == {'STATUS': 'starting'}
    for _ in range(3):
        found = fields(sock)
        assert found['READY'] == found['WATCHDOG'] == '1'
        assert int(found['X_EDGEIO_CLIENTS']) == 0 and int(found['X_EDGEIO_LAG']) >= 0
        assert 'clients, loop lag' in found['STATUS']


def test_supervisor_hears_nothing_of_a_loop_that_hangs(supervisor, run):
    sock, name = supervisor
    run(command_of('cpython'), hang=True, NOTIFY_SOCKET=name, WATCHDOG_USEC='300000')
    signs = 0
    sock.settimeout(3)
    with pytest.raises(TimeoutError):
        while signs < 100:
            signs += 'WATCHDOG' in fields(sock)
    assert signs > 0


def test_supervisor_is_told_of_an_end_in_good_order(supervisor, run):
    sock, name = supervisor
    process = run(command_of('cpython'), NOTIFY_SOCKET=name, WATCHDOG_USEC='300000')
    while 'READY' not in fields(sock):
        pass
    process.send_signal(signal.SIGTERM)
    while True:
        found = fields(sock)
        if 'STOPPING' in found:
            break
    assert process.wait(PATIENCE) == 0


@RUNTIMES
def test_device_is_fed_while_the_loop_turns(tmp_path, run, runtime):
    device = tmp_path / 'watchdog'
    os.mkfifo(device)
    fed = []

    def read():
        with open(device, 'rb', buffering=0) as file:
            while True:
                data = file.read(1)
                fed.append(data)
                if not data:
                    return

    reader = threading.Thread(target=read)
    reader.start()
    process = run(command_of(runtime), EDGEIO_WATCHDOG=str(device))
    while len(fed) < 3:
        assert process.poll() is None
        threading.Event().wait(0.05)
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)
    reader.join(PATIENCE)
    assert set(fed[:3]) == {b'\0'}
    if runtime == 'cpython':  # the other has no signals: it ends, and the device goes on and resets the board
        assert fed[-2:] == [b'V', b''], 'it was not switched off'


def test_device_that_is_not_there_is_told_and_the_app_runs(supervisor, run, capfd):
    sock, name = supervisor
    run(command_of('cpython'), NOTIFY_SOCKET=name, EDGEIO_WATCHDOG='/dev/none')
    while 'READY' not in fields(sock):
        pass
    assert 'no watchdog: /dev/none' in capfd.readouterr().err


def test_without_a_watcher_nothing_is_started():
    code = 'from edgeio import watchdog, timers; print(watchdog.start(), timers.count())'
    clean = {name: value for name, value in os.environ.items() if name not in ('NOTIFY_SOCKET', 'EDGEIO_WATCHDOG')}
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, env=clean, text=True, capture_output=True)
    assert done.stdout.split() == ['None', '0']
