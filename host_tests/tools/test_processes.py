"""The fixtures that start processes: what they give, and what they refuse to let pass."""

import signal
import subprocess
import sys

import pytest

from host_tests import processes
from host_tests.processes import App

SERVER = '''
import socket, sys, time
listener = socket.create_server(('127.0.0.1', 0))
print('listening on http://0.0.0.0:%d/' % listener.getsockname()[1])
if 'raise' in sys.argv:
    raise ValueError('on purpose')
if 'report' in sys.argv:
    import traceback
    try: raise ValueError('on purpose')
    except ValueError: traceback.print_exc()
    print('reported')
time.sleep(600)
'''


def test_run_app_tells_where_the_app_listens_and_what_it_printed(run_app):
    app = run_app(SERVER)
    assert app.url == f'http://127.0.0.1:{app.port}'
    assert app.wait_for('listening on')
    assert app.running


def test_an_app_that_died_fails_the_check(tmp_path):
    app = App(processes.app_command(SERVER, tmp_path, ['raise']))
    app.wait()
    with pytest.raises(AssertionError, match='the app died, exit code 1'):
        app.check()


def test_an_app_that_reported_an_exception_fails_the_check_unless_expected(tmp_path):
    app = App(processes.app_command(SERVER, tmp_path, ['report']))
    app.wait_for('reported')
    with pytest.raises(AssertionError, match='an exception in the app'):
        app.check()
    app.expect_traceback = True
    app.check()
    app.kill()


def test_an_app_ended_by_the_test_passes_the_check(run_app):
    app = run_app(SERVER)
    assert app.stop() == -signal.SIGTERM
    app.check()


def test_a_program_that_never_listens_is_shown_with_its_log(tmp_path):
    with pytest.raises(AssertionError, match='the program ended(.|\n)*not a server'):
        App([sys.executable, '-c', 'print("not a server")'])


def test_a_process_left_behind_by_a_child_is_found_and_ended():
    code = 'import subprocess, sys; subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])'
    before = set(processes.descendants())
    subprocess.run([sys.executable, '-c', code], check=True)
    assert len(set(processes.descendants()) - before) == 1
    left = processes.end_leftovers(seconds=0, spare=before)
    assert len(left) == 1
    assert 'test_a_process_left_behind_by_a_child_is_found_and_ended' in left[0]


def test_node_gives_back_the_json_lines_of_a_program(node, tmp_path):
    script = tmp_path / 'double.js'
    script.write_text('const given = JSON.parse(process.argv[2]); console.log(JSON.stringify(given.number * 2))')
    assert node(script, number=21) == [42]


def test_a_node_program_that_fails_is_shown_with_its_output(node, tmp_path):
    script = tmp_path / 'fail.js'
    script.write_text('throw new Error("on purpose")')
    with pytest.raises(AssertionError, match='on purpose'):
        node(script)
