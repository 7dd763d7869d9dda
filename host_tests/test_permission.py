"""Permissions: what an app declares, what the host grants, what a refused call says."""

import json
import subprocess
import sys

import pytest

from edgeio import gpio, leds, permission, socket, uart
from edgeio.errors import OptionError
from edgeio.http import create_server
from host_tests.processes import ROOT


@pytest.fixture(autouse=True)
def everything_again():
    yield
    permission.grant((), permission.PRIVILEGE)


def test_without_a_host_everything_is_granted():
    assert all(permission.fetch().values())


def test_app_gets_what_it_declares_and_the_host_allows():
    permission.grant(['network', 'gpio'], permission.USER, ['network', 'serial'])
    assert [name for name, granted in permission.fetch().items() if granted] == ['network']


def test_privilege_mode_grants_everything():
    permission.grant([], permission.PRIVILEGE)
    assert all(permission.fetch().values())


def test_devices_includes_gpio_and_serial():
    permission.grant(['devices'])
    assert permission.granted('gpio') and permission.granted('serial') and not permission.granted('network')


@pytest.mark.parametrize(
    'call, name',
    [
        (lambda: create_server('x', None, 0, socket.sockaddr('127.0.0.1', 0)).start(), 'network'),
        (lambda: gpio.Gpio(3), 'gpio'), (lambda: gpio.lines_of(), 'gpio'), (lambda: leds.Led('power'), 'devices'),
        (lambda: uart.open_uart('/dev/null'), 'serial'),
    ],
    ids=['listening', 'gpio', 'gpio chip', 'led', 'serial line'],
)  # fmt: skip
def test_refused_call_names_the_permission(call, name):
    permission.grant([])
    with pytest.raises(permission.PermissionDenied) as raised:
        call()
    assert raised.value.permission == name and raised.value.code == f'permission.{name}'
    assert repr(name) in str(raised.value) and 'app.json' in str(raised.value)


def test_check_answers_for_all_that_was_asked():
    permission.grant(['network', 'gpio'])
    answers = []
    permission.check('network', answers.append)
    permission.check(['network', 'gpio'], answers.append)
    permission.check(['network', 'serial'], answers.append)
    assert answers == [True, True, False]


def test_change_is_told():
    told = []
    permission.update(told.append)
    permission.grant(['mqtt'])
    assert told[-1]['mqtt'] and not told[-1]['network']


def test_unknown_permission_is_an_error_that_lists_those_there_are():
    with pytest.raises(OptionError, match='network, devices'):
        permission.grant(['netwrok'])
    with pytest.raises(OptionError):
        permission.granted('nothing')


def run_app(tmp_path, permissions, *words):
    (tmp_path / 'app.json').write_text(json.dumps({'name': 'test', 'permissions': permissions}))
    (tmp_path / 'main.py').write_text('from edgeio import permission\nprint(sorted(permission.fetch().items()))\n')
    command = [sys.executable, '-m', 'edgeio', 'run', str(tmp_path), *words]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True)


def test_run_grants_what_the_manifest_declares(tmp_path):
    assert "('network', True)" in run_app(tmp_path, ['network']).stdout
    assert "('network', False)" in run_app(tmp_path, []).stdout
    assert "('gpio', True)" in run_app(tmp_path, [], '--mode', 'privilege').stdout


def test_run_refuses_a_manifest_with_an_unknown_permission(tmp_path):
    done = run_app(tmp_path, ['nukes'])
    assert done.returncode == 1 and 'permission.unknown' in done.stderr and 'Traceback' not in done.stderr
