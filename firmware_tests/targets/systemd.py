"""The same board under systemd: what the service file promises, seen to hold."""

import subprocess

from ..emulator.owner import OwnedBoard
from . import checks
from .apps import CHAT, PANEL, version_of
from .checks import expect

MEMORY = 128
"""MiB: with 64 it boots as well, and little is left."""

AGENT = 'systemctl show edgeio-agent --property'


def check_agent_is_installed_and_systemd_says_that_it_is_ready(board):
    board.install()
    board.console.run('while ! systemctl is-active --quiet edgeio-agent; do sleep 1; done', 120)
    shown = board.console.run(f'{AGENT}=Type,WatchdogUSec,StatusText,MemoryMax,User,Restart')[1]
    for promise in ('Type=notify', 'WatchdogUSec=30s', 'loop lag', 'User=edgeio', 'Restart=always'):
        expect(promise in shown, f'{promise} is not in {shown}')
    expect('MemoryMax=infinity' not in shown, f'there is no limit to memory: {shown}')


def check_chat_is_pushed_and_runs_as_an_unprivileged_user(board):
    board.deploy('push', CHAT)
    expect(version_of(board) == 'This is socket.io test server.', 'the chat does not answer')
    _, output = board.console.run(f'stat -c %U /proc/{board.ask("status")["pid"]}')
    expect(output.strip() == 'edgeio', f'it runs as {output!r}')


def check_system_is_read_only_for_the_service(board):
    shell = 'for place in /etc /opt/edgeio /var/lib/edgeio; do echo x > $place/mine && echo written; done; exit\n'
    done = subprocess.run(board.command('console'), input=shell, capture_output=True, text=True, timeout=120)
    expect(done.stdout.count('Read-only file system') == 2, done.stdout)
    expect('written' in done.stdout.splitlines(), done.stdout)


def check_pins_and_leds_are_there_for_the_app(board):
    board.deploy('push', PANEL)
    log = board.deploy('logs')
    expect('permission' not in log.lower(), log)
    _, output = board.console.run('ls -l /dev/gpiochip0 /sys/class/leds/status/brightness')
    expect(output.count('gpio') >= 2, output)


def check_agent_that_hangs_is_ended_and_started_again(board):
    board.console.run(f'kill -STOP $({AGENT}=MainPID --value)')
    board.console.run(f'while [ "$({AGENT}=NRestarts --value)" = 0 ]; do sleep 1; done', 180)
    code, _ = board.console.run("journalctl -u edgeio-agent | grep -i 'watchdog timeout'")
    expect(code == 0, 'it was not the watchdog')
    expect('Panel' in version_of(board), 'the app does not run again')


def check_agent_that_is_killed_is_started_again(board):
    # First the restart is waited for: until then the app of before may answer, or break off within its answer.
    board.console.run(f'before=$({AGENT}=NRestarts --value); kill -9 $({AGENT}=MainPID --value)')
    board.console.run(f'while [ "$({AGENT}=NRestarts --value)" = "$before" ]; do sleep 1; done', 120)
    board.console.run('while ! systemctl is-active --quiet edgeio-agent; do sleep 1; done', 120)
    expect('Panel' in version_of(board), 'the app does not run again')
    expect(board.ask('status')['state'] == 'running', 'the agent does not answer')


CHECKS = (
    check_agent_is_installed_and_systemd_says_that_it_is_ready,
    check_chat_is_pushed_and_runs_as_an_unprivileged_user,
    check_system_is_read_only_for_the_service,
    check_pins_and_leds_are_there_for_the_app,
    check_agent_that_hangs_is_ended_and_started_again,
    check_agent_that_is_killed_is_started_again,
)
"""In this order: each stands on the ones before."""


def run(image):
    """Runs the checks on a board that boots from `image`, one made with systemd; (passed, failed)."""
    with OwnedBoard(image, memory=MEMORY) as board:
        return checks.run('systemd', CHECKS, board, 'journalctl --no-pager -n 40')
