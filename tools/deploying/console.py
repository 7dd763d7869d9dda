"""A shell on the board in this terminal, through the link: nobody without the key gets one."""

import os
import select
import sys
import termios
import tty

LEAVE = b'\x1d'
"""Ctrl-]"""

STDIN, STDOUT = 0, 1


def console(session):
    """Runs a shell until it ends, or until Ctrl-] is typed."""
    terminal = os.isatty(STDIN)
    before = termios.tcgetattr(STDIN) if terminal else None
    print('a shell on the board; Ctrl-] leaves it', file=sys.stderr)
    session.ask('shell', size=list(os.get_terminal_size())[::-1] if terminal else None)
    if terminal:
        tty.setraw(STDIN)
    try:
        _carry(session)
    finally:
        if terminal:
            termios.tcsetattr(STDIN, termios.TCSADRAIN, before)


def _carry(session):
    reading = True
    while True:
        for data in session.more():
            if data is None:
                return
            os.write(STDOUT, data)
        if reading and select.select([STDIN], [], [], 0)[0]:
            typed = os.read(STDIN, 1024)
            if LEAVE in typed:
                return
            reading = bool(typed)
            session.request('shell_input', data=typed or b'\x04')  # the end of a file: Ctrl-D
