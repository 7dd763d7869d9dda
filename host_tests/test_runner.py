"""The commands `run` and `new`, as a person calls them."""

import http.client
import json
import os
import signal
import subprocess
import sys

import pytest

from firmware_tests.targets import local
from host_tests.processes import ROOT, Program


def edgeio(*arguments, cwd=ROOT, env=None):
    """Runs the command to its end."""
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), **(env or {})}
    command = [sys.executable, '-m', 'edgeio', *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=30)


@pytest.fixture
def write_app(tmp_path):
    """`write_app(source)` makes an app folder with that main program."""

    def write(source, **manifest):
        folder = tmp_path / 'app'
        folder.mkdir()
        (folder / 'app.json').write_text(json.dumps({'name': 'test', **manifest}))
        (folder / manifest.get('main', 'main.py')).write_text(source)
        return folder

    return write


def test_app_runs_as_the_main_program_in_its_own_folder(write_app):
    source = '''
import os, helper
assert __name__ == '__main__'
print(sorted(os.listdir('.')), __file__, helper.NAME)
'''
    folder = write_app(source)
    (folder / 'helper.py').write_text('NAME = "beside it"')
    done = edgeio('run', folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].endswith('main.py beside it')


def test_main_program_may_have_another_name(write_app):
    assert edgeio('run', write_app('print("started")', main='start.py')).stdout == 'started\n'


def test_exception_in_the_app_is_shown_with_its_line_and_ends_the_command(write_app):
    done = edgeio('run', write_app('\n\nraise ValueError("on purpose")\n'))
    assert done.returncode != 0
    assert 'line 3' in done.stderr and 'ValueError: on purpose' in done.stderr


MISSPELT = '''
from edgeio import WebApp, socket
from edgeio.socketio import Server

app = WebApp.create('x', 0, socket.sockaddr('127.0.0.1', 0))
io = Server(app.server, ping_timout=5)
'''


@pytest.mark.parametrize('runtime', ['cpython', 'micropython'])
def test_misuse_is_told_with_its_line_in_the_app_and_without_a_traceback(runtime, write_app):
    app = write_app(MISSPELT)
    done = run_by(runtime, app)
    sentence, place = done.stderr.splitlines()
    assert sentence.startswith('edgeio: ') and "'ping_timout'" in sentence and done.returncode == 1
    assert place == '  main.py, line 6: io = Server(app.server, ping_timout=5)'


@pytest.mark.parametrize('runtime', ['cpython', 'micropython'])
def test_misuse_in_another_file_of_the_app_is_told_with_that_files_line(runtime, write_app):
    app = write_app('import parts\nparts.make()\n')
    (app / 'parts.py').write_text('def make():' + MISSPELT.rstrip().replace('\n', '\n    '))
    done = run_by(runtime, app)
    assert done.stderr.splitlines()[1].endswith('parts.py, line 6: io = Server(app.server, ping_timout=5)'), done.stderr


def run_by(runtime, app):
    """Runs an app to its end, on a runtime, from the project's folder."""
    command = [sys.executable] if runtime == 'cpython' else local.micropython()
    return subprocess.run(
        [*command, '-m', 'edgeio', 'run', str(app)], cwd=ROOT, capture_output=True, text=True, timeout=30
    )


def test_each_line_of_the_log_leaves_at_once(write_app):
    app = write_app('import time\nprint("working")\nwhile True:\n    time.sleep(1)\n')
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'PYTHONUNBUFFERED': ''}
    started = Program([sys.executable, '-m', 'edgeio', 'run', app], env=environment)
    try:
        started.wait_for('working')
    finally:
        started.kill()


LOOP = '''
from edgeio import iosched
print('http://127.0.0.1:1 ready', flush=True)
while True:
    iosched.poll(50)
'''


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_app_ends_on_a_signal(number, write_app):
    program = Program([sys.executable, '-m', 'edgeio', 'run', write_app(LOOP)], env={'PYTHONPATH': str(ROOT)})
    program.wait_for('ready')
    assert program.stop(number) == 0
    assert 'stopped' in program.log and 'Traceback' not in program.log


@pytest.mark.parametrize('arguments, says', [
    ([], 'no app folder was named'),
    (['nowhere'], 'nowhere/app.json cannot be read'),
    (['a', 'b'], "unknown argument 'b'"),
    (['a', '--prot', '1'], "unknown argument '--prot'"),
    (['a', '--port'], '--port needs a value'),
    (['a', '--port', 'x'], "not a port; seen: 'x'; expected: 0 to 65535"),
    (['a', '--port=65536'], 'not a port'),
    (['a', '--port=-1'], 'not a port'),
])  # fmt: skip
def test_wrong_arguments_are_told_in_a_line_without_a_traceback(arguments, says, tmp_path):
    done = edgeio('run', *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert says in done.stderr and done.stderr.startswith('edgeio: ') and done.stderr.count('\n') == 1


def test_a_main_program_that_is_not_there_is_told_in_a_line(tmp_path):
    (tmp_path / 'app.json').write_text('{"name": "a", "main": "absent.py"}')
    done = edgeio('run', '.', cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith('edgeio: the main program cannot be read; seen: absent.py: ')
    assert '"main" in app.json' in done.stderr and done.stderr.count('\n') == 1


@pytest.mark.parametrize('port', ['http', '70000', ''])
def test_a_port_in_the_environment_that_is_none_is_told_in_a_line(port, tmp_path):
    assert edgeio('new', 'a', cwd=tmp_path).returncode == 0
    done = edgeio('run', 'a', cwd=tmp_path, env={'EDGEIO_PORT': port})
    assert (done.returncode, done.stderr) == (
        1, f"edgeio: not a port; seen: '{port}'; expected: 0 to 65535; setting: EDGEIO_PORT [app.port]\n"
    )  # fmt: skip


# -- new -----------------------------------------------------------------------------------------------------------


def test_new_app_runs_at_once(tmp_path, run_app):
    made = edgeio('new', 'my-app', cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert 'python3 -m edgeio run my-app' in made.stdout
    assert json.loads((tmp_path / 'my-app' / 'app.json').read_text())['name'] == 'my-app'
    app = run_app(tmp_path / 'my-app')
    connection = http.client.HTTPConnection('127.0.0.1', app.port, timeout=20)
    connection.request('GET', '/')
    page = connection.getresponse()
    assert page.status == 200 and b'<html' in page.read().lower()
    connection.close()


@pytest.mark.parametrize('arguments, says', [
    ([], 'one name is needed'),
    (['a', 'b'], 'one name is needed'),
    (['--help'], 'one name is needed'),
    (['a b'], 'not a name for an app'),
    (['/'], 'not a name for an app'),
    (['there'], 'the folder cannot be made'),
    (['no/such/parent'], 'the folder cannot be made'),
])  # fmt: skip
def test_new_says_what_is_wrong_and_makes_nothing(arguments, says, tmp_path):
    (tmp_path / 'there').mkdir()
    done = edgeio('new', *arguments, cwd=tmp_path)
    assert done.returncode == 1 and says in done.stderr and 'Traceback' not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ['there'] and not list((tmp_path / 'there').iterdir())


# -- the command itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize('arguments', [[], ['help'], ['--help'], ['-h']])
def test_help_names_the_commands(arguments):
    done = edgeio(*arguments)
    assert done.returncode == 0
    assert all(word in done.stdout for word in ('run APP_FOLDER', 'new NAME', 'version'))


def test_version_is_that_of_the_package():
    from edgeio import __version__

    assert edgeio('version').stdout == f'edgeio {__version__}\n'


def test_unknown_command_is_told_and_ends_with_2():
    done = edgeio('rnu')
    assert done.returncode == 2 and 'no such command: rnu' in done.stdout + done.stderr


# -- the moment of a signal ----------------------------------------------------------------------------------------

BUSY = '''
import os, signal
from edgeio import iosched

done = []


def work():
    os.kill(os.getpid(), %s)
    for _ in range(1000):
        pass  # Python runs its signal handlers between two lines
    done.append('finished its work')


iosched.set_timeout(work, 1)
iosched.set_timeout(done.append, 1, 'and so did the next one')
try:
    iosched.forever()
finally:
    print(done)
'''


@pytest.mark.parametrize('number', ['signal.SIGTERM', 'signal.SIGINT'])
def test_signal_in_the_middle_of_the_loops_work_waits_for_the_end_of_the_turn(number, write_app):
    done = edgeio('run', write_app(BUSY % number))
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.splitlines() == ["['finished its work', 'and so did the next one']", 'stopped']


def test_second_signal_does_not_wait(write_app):
    source = '''
import os, signal
from edgeio import iosched


def hang():
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):
            pass
    print('hangs on')


iosched.set_timeout(hang, 1)
iosched.forever()
'''
    done = edgeio('run', write_app(source))
    assert (done.returncode, done.stdout, done.stderr) == (0, 'stopped\n', '')


def test_signal_outside_of_the_loop_does_not_wait(write_app):
    source = '''
import os, signal
os.kill(os.getpid(), signal.SIGTERM)
while True:
    pass
'''
    done = edgeio('run', write_app(source))
    assert (done.returncode, done.stdout, done.stderr) == (0, 'stopped\n', '')
