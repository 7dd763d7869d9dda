"""Devices of a Linux board, through CPython's own modules: serial lines, and ioctl for GPIO. MicroPython lacks both."""

import fcntl
import os
import termios

SPEEDS = {
    int(name[1:]): getattr(termios, name) for name in dir(termios) if name[:1] == 'B' and name[1:].isdigit()
}
"""Bits a second -> the system's constant."""


def open_serial(path, speed, flow):
    """The descriptor of the serial line `path`: raw, 8 bits, no parity, never blocking. OSError where it cannot be.

    flow: True for RTS/CTS. The line is taken for this process alone: another gets EBUSY (tty_ioctl(4), TIOCEXCL).
    """
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        fcntl.ioctl(fd, termios.TIOCEXCL)
        characters = termios.tcgetattr(fd)[6]
        # With VMIN 0 a line without input would read as ended.
        characters[termios.VMIN], characters[termios.VTIME] = 1, 0
        control = termios.CS8 | termios.CREAD | termios.CLOCAL | (termios.CRTSCTS if flow else 0)
        rate = SPEEDS[speed]
        termios.tcsetattr(fd, termios.TCSANOW, [0, 0, control, 0, rate, rate, characters])
    except BaseException as exc:
        os.close(fd)
        if isinstance(exc, termios.error):
            raise OSError(*exc.args) from None
        raise
    return fd


def open_device(path, write=False):
    """A descriptor of the device `path`, never blocking."""
    return os.open(path, (os.O_RDWR if write else os.O_RDONLY) | os.O_NONBLOCK | os.O_CLOEXEC)


def ioctl(fd, request, argument):
    """ioctl(2) with a bytearray that the system reads and writes."""
    fcntl.ioctl(fd, request, argument, True)


read, write, close = os.read, os.write, os.close
