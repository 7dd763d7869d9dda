"""The panel app on a desktop: its GPIO chip and its LEDs are stand-ins in this process, told what to do over stdin.

`python3 panel_app.py LED_FOLDER`; a line "LINE LEVEL" on stdin is somebody at a switch.
"""

import os
import struct
import sys

from edgeio import gpio, iosched, leds, runner


class Chip:
    """What `runtime/devices.py` has, for a chip of 8 lines with nothing behind them."""

    def __init__(self):
        self.levels = {}
        self._lines = {}
        self._ends = {}

    def open_device(self, path, write=False):
        return os.open('/dev/null', os.O_RDWR)

    def ioctl(self, fd, request, argument):
        if request == gpio.GET_LINE:
            number = struct.unpack_from('<I', argument, 0)[0]
            reading, writing = os.pipe()
            self._lines[reading], self._ends[number] = number, writing
            self.levels[number] = 0
            struct.pack_into('<i', argument, 588, reading)
        elif request == gpio.GET_VALUES:
            argument[0] = self.levels[self._lines[fd]]
        elif request == gpio.SET_VALUES:
            self.levels[self._lines[fd]] = argument[0] & 1

    def drive(self, number, level):
        """Somebody at a switch."""
        self.levels[number] = level
        os.write(self._ends[number], struct.pack('<QIIII24x', 0, 1 if level else 2, number, 0, 0))

    read, write, close = staticmethod(os.read), staticmethod(os.write), staticmethod(os.close)


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
