"""Power cuts during a push: whatever the moment, the board comes back with the old version or the new one, whole."""

import subprocess
import time

from ..emulator.cable import Cable
from ..emulator.owner import OwnedBoard
from . import build, checks
from .agent import EVIDENCE
from .apps import make_version, version_of
from .checks import expect

SENT = (500, 6000, 18000, 30000)
"""Bytes of a push after which the power fails. The app's own are a little more than the last."""

BALLAST = 32000
"""Bytes that each version has of its own: nothing of one push is there already at the next."""

ON_TRIAL = (0.0, 0.5, 2.5, 7.0)
"""Seconds after the last byte at which the power fails: it is put in place, started, watched for 5 s, and kept."""

VERDICT_SECONDS = 120


def check_board_with_an_app_that_is_well(board):
    board.install()
    board.deploy('push', make_version(board, 'the first'))
    expect(version_of(board) == 'the first', 'the app does not answer')


def check_power_cut_while_files_are_sent_leaves_the_old_version(board):
    for sent in SENT:
        cable = Cable(board.folder, far=board.uart2)
        cable.budget = sent
        board.line = cable.desktop
        try:
            with Push(board, f'cut after {sent} bytes'):
                expect(cable.pulled.wait(120), f'the push sent {cable.carried} bytes, expected {sent}')
                board.cut_power()
        finally:
            cable.close()
            board.line = None
        expect(_after_the_cut(board) == 'the first', 'there is another version')
        build.say(f'power cut after {sent} bytes of a push: the old version runs')


def check_power_cut_while_it_is_on_trial_leaves_the_old_or_the_new_version(board):
    before = 'the first'
    for seconds in ON_TRIAL:
        after = f'cut after {seconds} s'
        with Push(board, after) as push:
            expect(any('all of it is there' in line for line in push.stdout), 'the push broke off')
            time.sleep(seconds)
            board.cut_power()
        found = _after_the_cut(board)
        expect(found in (before, after), f'{found!r} runs, expected {before!r} or {after!r}')
        build.say(f'power cut {seconds} s after the last byte: the {"new" if found == after else "old"} version runs')
        before = found


def run_sent(image):
    """Four power cuts during the transfer, on a board that boots from `image`; (passed, failed)."""
    return _run('power-sent', check_power_cut_while_files_are_sent_leaves_the_old_version, image)


def run_trial(image):
    """Four power cuts after it, on a board that boots from `image`; (passed, failed)."""
    return _run('power-trial', check_power_cut_while_it_is_on_trial_leaves_the_old_or_the_new_version, image)


def _run(title, check, image):
    with OwnedBoard(image) as board:
        return checks.run(title, (check_board_with_an_app_that_is_well, check), board, EVIDENCE)


class Push:
    """A push of `version` that is under way: its process, which ends with the block."""

    def __init__(self, board, version):
        command = board.command('push', make_version(board, version, (version.encode() * BALLAST)[:BALLAST]))
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __enter__(self):
        return self._process

    def __exit__(self, *exc_info):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


def _after_the_cut(board):
    """Switches the board on again; the version that it runs, once no version is on trial any more."""
    board.start()
    found = version_of(board)
    deadline = time.monotonic() + VERDICT_SECONDS
    while board.ask('status')['on_trial']:
        expect(time.monotonic() < deadline, 'the trial has no end')
        time.sleep(0.5)
    return found
