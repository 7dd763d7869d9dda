"""Lends the terminal it runs on to the agent's link: for a board whose only serial line is its console.

    python3 -m board.bridge [/run/edgeio/agent.sock]

It hands the terminal back when the link is quiet for a while, or when the agent ends.
"""

import contextlib
import os
import select
import socket
import sys
import termios
import tty

QUIET = 20
"""Seconds without a byte from the desktop after which the console is a console again."""

READ = 4096


def main(argv):
    """Carries bytes until one end is done; the exit code."""
    agent = socket.socket(socket.AF_UNIX)
    try:
        agent.connect(argv[0] if argv else '/run/edgeio/agent.sock')
    except OSError as exc:
        print(f'bridge: no agent there: {exc}')
        return 1
    before = termios.tcgetattr(0)
    tty.setraw(0)
    os.write(1, b'bridge: ready\n')
    try:
        while True:
            ready = select.select([0, agent], [], [], QUIET)[0]
            if 0 not in ready and agent not in ready:
                return 0
            if 0 in ready:
                agent.sendall(os.read(0, READ))
            if agent in ready:
                data = agent.recv(READ)
                if not data:
                    return 0
                _write_all(data)
    finally:
        agent.close()
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSADRAIN, before)
            print('bridge: the console is yours again')


def _write_all(data):
    while data:
        data = data[os.write(1, data) :]


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
