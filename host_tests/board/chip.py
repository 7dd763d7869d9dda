"""A GPIO chip to stand in for the kernel's, where a desktop has none. The real one is tested on the emulated board."""

import os
import struct

from edgeio import gpio

EINVAL, EBUSY = 22, 16
LINES = 8


class Chip:
    """What `runtime/devices.py` has, for a chip of 8 lines with nothing behind them. levels: {line: level}."""

    def __init__(self):
        self.levels = {}
        self.requests = {}
        self._lines = {}
        self._ends = {}

    def open_device(self, path, write=False):
        return os.open('/dev/null', os.O_RDWR)

    def ioctl(self, fd, request, argument):
        if request == gpio.GET_LINE:
            number = struct.unpack_from('<I', argument, 0)[0]
            if number >= LINES or number in self._ends:
                raise OSError(EBUSY if number in self._ends else EINVAL, 'refused')
            self.requests[number] = struct.unpack_from('<Q', argument, 288)[0]
            reading, writing = os.pipe()
            self._lines[reading], self._ends[number] = number, writing
            # One attribute: the level that an output begins with.
            self.levels[number] = struct.unpack_from('<I', argument, 296)[0] and argument[288 + 40] & 1
            struct.pack_into('<i', argument, 588, reading)
        elif request == gpio.GET_VALUES:
            argument[0] = self.levels[self._lines[fd]]
        elif request == gpio.SET_VALUES:
            self.levels[self._lines[fd]] = argument[0] & 1

    def drive(self, number, level):
        """Somebody at a switch."""
        self.levels[number] = level
        os.write(self._ends[number], struct.pack('<QIIII24x', 0, 1 if level else 2, number, 0, 0))

    def close(self, fd):
        os.close(fd)
        number = self._lines.pop(fd, None)
        if number is not None:
            os.close(self._ends.pop(number))

    read, write = staticmethod(os.read), staticmethod(os.write)
