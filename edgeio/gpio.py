"""General purpose lines of the board: Linux's GPIO character device, version 2 (linux/gpio.h), with no package.

    led = Gpio(17, Gpio.INIT_HIGH)                  an output
    switch = Gpio(4, Gpio.DIR_IN | Gpio.PULL_UP | Gpio.TRIG_FALL)
    switch.on('interrupt', lambda level: led.set(level))

CPython on Linux; MicroPython has no ioctl. The app needs the permission `gpio`.
"""

import struct

from . import permission
from .compat import POLLIN, Poller
from .errors import EdgeError, OptionError, StateError
from .events import EventEmitter
from .iosched import add, clear_interval, event, listening, remove, set_interval

CHIP = '/dev/gpiochip0'

LEVEL_PERIOD = 10
"""Milliseconds between two interrupts of a line whose level triggers them."""

GET_CHIPINFO, GET_LINE = 0x8044B401, 0xC250B407
GET_VALUES, SET_VALUES = 0xC010B40E, 0xC010B40F

_INPUT, _OUTPUT, _RISING, _FALLING = 1 << 2, 1 << 3, 1 << 4, 1 << 5
_OPEN_DRAIN, _OPEN_SOURCE, _PULL_UP, _PULL_DOWN = 1 << 6, 1 << 7, 1 << 8, 1 << 9
_ATTRIBUTE_VALUES = 2

EVENT_BYTES = 48
_EVENT_RISING = 1
_REQUEST_BYTES = 592
_CONSUMER, _CONFIG, _LINES, _FD = 256, 288, 560, 588
"""Offsets in gpio_v2_line_request: consumer, config, num_lines, fd."""


class Gpio(EventEmitter):
    """The line `number` of `chip` (its device). Events: interrupt(level).

    flags: DIR_IN (else it is an output, low unless INIT_HIGH), OPEN_DRAIN, OPEN_SOURCE, PULL_UP, PULL_DOWN, TRIG_FALL,
    TRIG_RISE (both for any edge); with TRIG_LEVEL the interrupt comes again while the level lasts.
    OptionError for flags that contradict each other, EdgeError `gpio.open` where the line cannot be had,
    PermissionDenied without the permission.
    """

    DIR_IN, INIT_HIGH, OPEN_DRAIN, OPEN_SOURCE = 1, 2, 4, 8
    PULL_UP, PULL_DOWN, TRIG_FALL, TRIG_RISE, TRIG_LEVEL = 16, 32, 64, 128, 256

    def __init__(self, number, flags=0, chip=CHIP):
        EventEmitter.__init__(self)
        permission.require('gpio')
        self.number = number
        self.flags = flags
        _check(number, flags)
        self._devices = _system()
        self._fd = _request(self._devices, chip, number, flags)
        self._event = event('read', self._fd, self._on_readable)
        self._repeat = None

    @property
    def value(self):
        """The level: 0 or 1. Setting it raises StateError on an input."""
        return self._values(GET_VALUES, 0)

    @value.setter
    def value(self, level):
        if self.flags & self.DIR_IN:
            raise StateError('gpio.input', 'an input has no level to set', self.number, setting='flags without DIR_IN')
        self._values(SET_VALUES, 1 if level else 0)

    def set(self, level):
        """As setting `value`; returns self."""
        self.value = level
        return self

    def on(self, name, fn=None):
        """As EventEmitter's; the first handler of `interrupt` begins to watch the line."""
        if name == 'interrupt' and not listening(self._event):
            self._need_trigger()
            add(self._event)
        return EventEmitter.on(self, name, fn)

    def wait(self, timeout=None):
        """Waits for an interrupt, `timeout` ms at most (None: for ever); True where one came. The loop stands still."""
        self._need_trigger()
        poller = Poller()
        poller.register(self._fd, POLLIN)
        try:
            if not poller.wait(timeout):
                return False
            self._read_event()
            return True
        finally:
            poller.close()

    def close(self):
        """Gives the line back; it keeps the level that it has, as far as the board does."""
        fd, self._fd = self._fd, None
        if fd is not None:
            remove(self._event)
            clear_interval(self._repeat)
            self._devices.close(fd)

    def _values(self, request, bits):
        if self._fd is None:
            raise StateError('gpio.closed', 'the line was closed', self.number)
        values = bytearray(struct.pack('<QQ', bits, 1))
        self._devices.ioctl(self._fd, request, values)
        return values[0] & 1

    def _need_trigger(self):
        if not self.flags & (self.TRIG_FALL | self.TRIG_RISE):
            raise StateError('gpio.trigger', 'the line triggers no interrupt', self.number, 'TRIG_FALL or TRIG_RISE')

    def _on_readable(self, arg, ioevent):
        self._take(self._read_event())

    def _read_event(self):
        return 1 if struct.unpack_from('<I', self._devices.read(self._fd, EVENT_BYTES), 8)[0] == _EVENT_RISING else 0

    def _take(self, level):
        clear_interval(self._repeat)
        if level and self.flags & self.TRIG_RISE or not level and self.flags & self.TRIG_FALL:
            if self.flags & self.TRIG_LEVEL:
                self._repeat = set_interval(self.emit, LEVEL_PERIOD, 'interrupt', level)
            self.emit('interrupt', level)


def lines_of(chip=CHIP):
    """(label, how many lines) of a chip. EdgeError `gpio.open` where there is none."""
    permission.require('gpio')
    devices = _system()
    info = bytearray(68)
    fd = _open(devices, chip)
    try:
        devices.ioctl(fd, GET_CHIPINFO, info)
    finally:
        devices.close(fd)
    return bytes(info[32:64]).rstrip(b'\0').decode(), struct.unpack_from('<I', info, 64)[0]


def _check(number, flags):
    outputs = Gpio.INIT_HIGH | Gpio.OPEN_DRAIN | Gpio.OPEN_SOURCE
    triggers = Gpio.TRIG_FALL | Gpio.TRIG_RISE | Gpio.TRIG_LEVEL
    if not isinstance(number, int) or number < 0:
        raise OptionError('gpio.number', 'not the number of a line', repr(number), '0 or more')
    for together, what in (
        (Gpio.PULL_UP | Gpio.PULL_DOWN, 'PULL_UP or PULL_DOWN'), (Gpio.OPEN_DRAIN | Gpio.OPEN_SOURCE, 'one of both'),
    ):  # fmt: skip
        if flags & together == together:
            raise OptionError('gpio.flags', 'flags that exclude each other', flags, what)
    if flags & Gpio.DIR_IN and flags & outputs:
        raise OptionError('gpio.flags', 'an input has no INIT_HIGH, OPEN_DRAIN or OPEN_SOURCE', flags)
    if not flags & Gpio.DIR_IN and flags & triggers:
        raise OptionError('gpio.flags', 'only an input triggers interrupts', flags, 'DIR_IN as well')


def _request(devices, chip, number, flags):
    """The descriptor of one line: GPIO_V2_GET_LINE_IOCTL."""
    request = bytearray(_REQUEST_BYTES)
    struct.pack_into('<I', request, 0, number)
    request[_CONSUMER : _CONSUMER + 6] = b'edgeio'
    struct.pack_into('<Q', request, _CONFIG, _line_flags(flags))
    if flags & Gpio.INIT_HIGH:
        # num_attrs, then the first attribute: which, its 64 bits of levels, the mask of the lines they are for
        struct.pack_into('<I', request, _CONFIG + 8, 1)
        struct.pack_into('<IIQQ', request, _CONFIG + 32, _ATTRIBUTE_VALUES, 0, 1, 1)
    struct.pack_into('<I', request, _LINES, 1)
    fd = _open(devices, chip)
    try:
        devices.ioctl(fd, GET_LINE, request)
    except OSError as exc:
        raise _open_error(chip, number, exc) from None
    finally:
        devices.close(fd)
    return struct.unpack_from('<i', request, _FD)[0]


def _line_flags(flags):
    out = _INPUT if flags & Gpio.DIR_IN else _OUTPUT
    for ours, theirs in (
        (Gpio.OPEN_DRAIN, _OPEN_DRAIN), (Gpio.OPEN_SOURCE, _OPEN_SOURCE), (Gpio.PULL_UP, _PULL_UP),
        (Gpio.PULL_DOWN, _PULL_DOWN), (Gpio.TRIG_FALL, _FALLING), (Gpio.TRIG_RISE, _RISING),
        (Gpio.TRIG_LEVEL, _FALLING | _RISING),  # the end of a level is an edge as well
    ):  # fmt: skip
        if flags & ours:
            out |= theirs
    return out


def _system():
    try:
        from .runtime import devices
    except ImportError:
        raise EdgeError('gpio.runtime', 'GPIO needs CPython on Linux', setting='python3') from None
    return devices


def _open(devices, chip):
    try:
        return devices.open_device(chip, True)
    except OSError as exc:
        raise _open_error(chip, None, exc) from None


def _open_error(chip, number, exc):
    text = 'the GPIO chip ' + chip + ' cannot be opened'
    if number is not None:
        text = 'line ' + str(number) + ' of ' + chip + ' cannot be had'
    helps = {
        2: 'ls /dev/gpiochip*', 13: 'the group that owns it, often gpio: usermod -a -G gpio USER',
        16: 'the kernel or another program uses it',
        22: 'the chip has fewer lines, or cannot do what the flags ask for',
    }  # fmt: skip
    return EdgeError('gpio.open', text, str(exc), setting=helps.get(exc.errno))
