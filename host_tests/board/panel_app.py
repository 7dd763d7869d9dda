"""The panel app on a desktop: its GPIO chip and its LEDs are stand-ins in this process, told what to do over stdin.

`python3 panel_app.py LED_FOLDER`; a line "LINE LEVEL" on stdin is somebody at a switch.
"""

import os
import sys

from edgeio import gpio, iosched, leds, runner
from host_tests.board.chip import Chip

chip = Chip()
gpio._system = lambda: chip
leds.FOLDER = sys.argv[1]


def on_line(arg, ioevent):
    line = os.read(0, 100).decode().split()
    if line:
        chip.drive(int(line[0]), int(line[1]))
    else:
        iosched.remove(ioevent)


iosched.add(iosched.event('read', 0, on_line))
sys.exit(runner.run_command(['board/apps/panel', '--port', '0']))
