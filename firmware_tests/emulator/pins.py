"""The pins of the emulated board, from outside: what a person does with a switch and sees at a lamp.

The board's GPIO chip is a PL061 with 8 lines. Its outputs are read from its data register; its inputs are driven over
qemu's test channel (qtest).
"""

import re
import socket
import time

DATA_REGISTER = 0x09030000 + (0xFF << 2)
"""GPIODATA, with the mask for all lines in bits 9 to 2 of the address (ARM PrimeCell PL061, section 3.3.1)."""

CHIP = 'pl061'


class Pins:
    """The pins of `machine` (a Machine whose extra arguments came from `arguments`). path: the same."""

    def __init__(self, machine, path):
        self._machine = machine
        self._qtest = _connect(path)
        self._answers = self._qtest.makefile('r')
        self._chip = _find(machine.monitor('info qom-tree'))

    @staticmethod
    def arguments(path):
        """The arguments of qemu that open the test channel at `path`."""
        return ['-qtest', f'unix:{path},server=on,wait=off', '-qtest-log', '/dev/null']

    def level(self, line):
        """The level (0 or 1) of a line that is an output."""
        register = self._machine.monitor(f'xp /1xw {DATA_REGISTER:#x}')
        return int(register.split(':')[1], 16) >> line & 1

    def drive(self, line, level):
        """Puts a level on a line that is an input."""
        self._qtest.sendall(f'set_irq_in {self._chip} unnamed-gpio-in {line} {level}\n'.encode())
        answer = self._answers.readline().strip()
        if not answer.startswith('OK'):
            raise OSError(f'the emulator refused to drive line {line}: {answer}')

    def close(self):
        """Leaves the pins as they are."""
        self._answers.close()
        self._qtest.close()


def _find(tree):
    """The path of the chip in qemu's tree of objects, as `info qom-tree` prints it, two spaces a level."""
    path = []
    for line in tree.splitlines():
        found = re.match(r'( *)/(\S+) \((\S+)\)', line)
        if found:
            depth = len(found[1]) // 2
            path[depth:] = [found[2]]
            if found[3] == CHIP:
                return '/' + '/'.join(path)
    raise OSError(f'the emulated board has no {CHIP}')


def _connect(path, seconds=10):
    deadline = time.monotonic() + seconds
    while True:
        channel = socket.socket(socket.AF_UNIX)
        try:
            channel.connect(str(path))
            channel.settimeout(30)
            return channel
        except OSError:
            channel.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
