"""Serial lines as streams in the poll loop (CPython on Linux; MicroPython has no way to make one non-blocking).

    line = uart.open_uart('/dev/ttyS1', 115200)
    line.protocol = Protocol()          # feed, on_eof, on_drain, on_close: see net/stream.py
    line.write(b'AT\\r')
"""

from . import permission
from .compat import EAGAIN
from .errors import EdgeError, OptionError
from .net.stream import Stream


def open_uart(path, speed=115200, flow=False, protocol=None):
    """A Stream over the serial line `path`. speed: bits a second; flow: RTS/CTS.

    OptionError `uart.speed` for a speed that the system lacks; EdgeError `uart.open` where the line cannot be had.
    """
    permission.require('serial')
    return Stream(Uart(path, speed, flow), protocol, (path, speed))


class Uart:
    """A serial line with the calls of a socket, for a Stream."""

    def __init__(self, path, speed=115200, flow=False):
        self._devices = devices = _system()
        if speed not in devices.SPEEDS:
            known = ', '.join([str(known) for known in sorted(devices.SPEEDS) if known])
            raise OptionError('uart.speed', 'not a speed of this system', speed, known, 'speed')
        try:
            self._fd = devices.open_serial(path, speed, flow)
        except OSError as exc:
            raise _open_error(path, exc) from None

    def fileno(self):
        """The descriptor (int)."""
        return self._fd

    def setblocking(self, blocking):
        """Nothing to do: it was opened non-blocking."""

    def recv(self, size):
        """Reads once: bytes, b'' where the line was unplugged; OSError EAGAIN where nothing is there."""
        try:
            return self._devices.read(self._fd, size)
        except OSError as exc:
            if exc.errno == EAGAIN:
                raise
            return b''

    def send(self, data):
        """Writes once; how many bytes the system took."""
        return self._devices.write(self._fd, data)

    def shutdown(self, how):
        """A serial line has no half."""
        raise OSError(95, 'a serial line has no half')

    def close(self):
        """Gives the line back."""
        self._devices.close(self._fd)


def _system():
    try:
        from .runtime import devices
    except ImportError:
        raise EdgeError('uart.runtime', 'serial lines need CPython on Linux', setting='python3') from None
    return devices


def _open_error(path, exc):
    helps = {
        2: 'ls /dev/tty* shows the lines there are',
        13: 'the group that owns it, often dialout: usermod -a -G dialout USER',
        16: 'another program has it open; is a login running on it?',
    }
    text = 'the serial line ' + path + ' cannot be opened'
    return EdgeError('uart.open', text, str(exc), setting=helps.get(exc.errno))
