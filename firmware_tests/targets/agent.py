"""A board with the agent, as its owner has it: apps pushed over the second UART, and what goes wrong with an app, the
agent or the cable."""

import http.client
import json
import subprocess
import urllib.request

from ..emulator import devicetree
from ..emulator.cable import Cable
from ..emulator.owner import OwnedBoard
from ..emulator.pins import Pins
from . import apps, chat, checks
from .apps import CHAT, PANEL, make_version, version_of
from .checks import expect
from .person import Person

EVIDENCE = 'tail -n 30 /run/edgeio/agent.log /run/edgeio/log/app.log'
"""The command that shows what the agent and its app have said."""

AGENT_ID = r"$(ps | sed -n 's/^ *\([0-9]*\) .*board.agent$/\1/p')"
"""The agent's process, in the board's shell."""


def check_agent_is_installed_and_says_what_board_it_is(board):
    board.install()
    info = board.ask('info')
    expect(info['board'] == 'emulated' and info['machine'].startswith('armv7l'), f'info: {info}')


def check_chat_is_pushed_over_the_serial_line(board):
    output = board.deploy('push', CHAT)
    expect('is well' in output, output)
    expect('nothing has changed' in board.deploy('push', CHAT), 'an unchanged app was sent again')


def check_official_client_talks_to_it(board):
    chat.check_two_people_talk(board)


def check_both_fit_into_the_boards_memory(board):
    status = board.ask('status')
    _, agent = board.console.run(f'grep VmRSS /proc/{AGENT_ID}/status')
    print(f'memory: app {status["memory"] // 1024} KiB, agent {" ".join(agent.split())}, '
          f'free {status["memory_free"] // 1024} KiB', flush=True)  # fmt: skip
    _, killed = board.console.run('dmesg | grep -c "Out of memory"')
    expect(killed.split() == ['0'], 'the kernel has ended processes for want of memory')


def check_app_runs_as_an_unprivileged_user(board):
    _, output = board.console.run(f'ps -o user,pid | grep " {board.ask("status")["pid"]}$"')
    expect(output.split()[:1] == ['edgeio'], f'it runs as {output!r}')


def check_broken_version_is_taken_back(board):
    output = board.deploy('push', apps.make(board, 'raise SystemExit("this version is broken")\n'), fails=True)
    expect('push.unhealthy' in output and 'this version is broken' in output, output)
    expect(version_of(board) == 'This is socket.io test server.', 'the chat does not run')


def check_hanging_loop_is_noticed_and_the_app_comes_back(board):
    board.deploy('push', make_version(board, 'version 0'))
    try:
        urllib.request.urlopen(f'http://127.0.0.1:{board.forward(apps.PORT)}/hang', timeout=60)
    except (OSError, http.client.HTTPException):
        pass  # the watchdog ended it
    expect(version_of(board) == 'version 0', 'it did not come back')
    status = board.ask('status')
    expect(status['restarts'] == 1 and 'has not turned' in status['problem'], f'status: {status}')


def check_hanging_agent_resets_the_board(board):
    board.console.run(f'kill -STOP {AGENT_ID}')
    board.console.log_in(180)
    expect(version_of(board) == 'version 0', 'the app does not run after the reset')


def check_pulled_cable_is_waited_for_and_the_push_goes_on(board):
    cable = Cable(board.folder, far=board.uart2)
    board.line = cable.desktop
    folder = make_version(board, 'after the cable', bytes(range(256)) * 600)
    cable.budget = 60000
    push = subprocess.Popen(board.command('push', folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        expect(cable.pulled.wait(120), 'the push sent too little for the cable to be pulled')
        cable.plug()
        output, _ = push.communicate(timeout=180)
        expect(push.returncode == 0 and 'the line is back' in output and 'is well' in output, output)
    finally:
        push.kill()
        push.wait()
        cable.close()
        board.line = None
    expect(version_of(board) == 'after the cable', 'the new version does not run')
    expect(cable.carried < 256 * 600 * 1.3 + 60000, f'{cable.carried} bytes were sent: not resumed')


def check_panel_shows_the_switches_and_switches_lamps_and_led(board):
    board.deploy('push', PANEL)
    pins = Pins(board, board.folder / 'qtest')
    person = Person(board.forward(apps.PORT), 'panel_client.js')
    try:
        state = json.loads(person.expect('state'))
        expect(state['input'] == {'switch A': 0, 'switch B': 0} and not state['problems'], f'state: {state}')
        expect(pins.level(4) == 0, 'lamp A is on at the start')
        person.say(json.dumps(['output', 'lamp A', 1]))
        expect(person.expect('set') == 'null' and pins.level(4) == 1, 'lamp A was not switched on')
        expect(json.loads(person.expect('changed')) == ['output', 'lamp A', 1], 'the page was not told')
        person.say(json.dumps(['led', devicetree.LED, state['led'][devicetree.LED][1]]))
        expect(person.expect('set') == 'null' and pins.level(devicetree.LED_LINE) == 1, 'the LED does not shine')
        for level in (1, 0):
            pins.drive(0, level)
            person.expect('changed', json.dumps(['input', 'switch A', level], separators=(',', ':')))
        names = [name for name, _, _ in json.loads(person.expect('sensors'))]
        expect('load' in names and 'memory free' in names, f'sensors: {names}')
    finally:
        person.leave()
        pins.close()


CHECKS = (
    check_agent_is_installed_and_says_what_board_it_is,
    check_chat_is_pushed_over_the_serial_line,
    check_official_client_talks_to_it,
    check_both_fit_into_the_boards_memory,
    check_app_runs_as_an_unprivileged_user,
    check_broken_version_is_taken_back,
    check_hanging_loop_is_noticed_and_the_app_comes_back,
    check_hanging_agent_resets_the_board,
    check_panel_shows_the_switches_and_switches_lamps_and_led,
    check_pulled_cable_is_waited_for_and_the_push_goes_on,
)
"""In this order: each stands on the ones before."""


def run(image):
    """Runs the checks on a board of their own that boots from `image`; (passed, failed)."""
    with OwnedBoard(image) as board:
        return checks.run('agent', CHECKS, board, EVIDENCE)
