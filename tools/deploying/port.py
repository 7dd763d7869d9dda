"""Opening what `--port` names, and saying clearly what is wrong with it."""

import errno
import grp
import os
import select
import time

import serial
from serial.tools import list_ports

from edgeio.errors import EdgeError

WRITE_SECONDS = 30
"""Seconds that a write may take: 4 KB at 1200 baud."""

READ = 65536


class DeployError(EdgeError):
    """What the command tells its user: it cannot go on."""


class LineLost(DeployError):
    """The line was there and is gone: an unplugged cable, a board without power."""

    def __init__(self, seen):
        super().__init__('deploy.line_lost', 'the line is gone', seen, setting='plug the board in again')


class Port:
    """The line `name`: a device, a pty, or a URL of pyserial's such as socket://host:port."""

    def __init__(self, name, speed):
        self.name, self.speed = name, speed
        self._port = _open(name, speed)
        self._fd = None
        if hasattr(self._port, 'fileno'):
            self._fd = self._port.fileno()

    def read(self, seconds):
        """What has come, after `seconds` at the latest; b'' for nothing. LineLost where it was unplugged."""
        try:
            if self._fd is None:  # a URL without a descriptor
                return self._port.read(1) + self._port.read(self._port.in_waiting)
            if not select.select([self._fd], [], [], seconds)[0]:
                return b''
            data = os.read(self._fd, READ)
        except (OSError, serial.SerialException) as exc:
            if getattr(exc, 'errno', None) == errno.EAGAIN:
                return b''
            raise LineLost(str(exc)) from None
        if not data:
            raise LineLost('the other end hung up')
        return data

    def write(self, data):
        """Writes all of `data`. LineLost where that cannot be done."""
        try:
            self._port.write(data)
        except (OSError, serial.SerialException) as exc:
            raise LineLost(str(exc)) from None

    def close(self):
        """Gives it back."""
        try:
            self._port.close()
        except (OSError, serial.SerialException):
            pass  # unplugged


def reopen(name, speed, seconds):
    """The Port, as soon as it is there again; LineLost after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return Port(name, speed)
        except DeployError as exc:
            if time.monotonic() > deadline:
                raise LineLost(f'not back after {seconds} s: {exc.seen or exc.text}') from None
        time.sleep(0.25)


def candidates():
    """[(device, words about it), ...] of the serial lines that this machine has."""
    found = []
    for port in sorted(list_ports.comports(), key=lambda port: (port.vid is None, port.device)):
        about = port.description if port.description != 'n/a' else ''
        if not os.access(port.device, os.R_OK | os.W_OK):
            about += f' (no permission: group {_group_of(port.device)})'
        found.append((port.device, about.strip()))
    return found


def _open(name, speed):
    try:
        return serial.serial_for_url(
            name, baudrate=speed, timeout=0.05, write_timeout=WRITE_SECONDS, exclusive=None if ':' in name else True
        )
    except (OSError, ValueError, serial.SerialException) as exc:
        raise _open_error(name, exc) from None


def _open_error(name, exc):
    number = getattr(exc, 'errno', None)
    if isinstance(exc, ValueError):
        return DeployError('deploy.port', f'not a port: {name}', str(exc), 'a device, a pty or socket://HOST:PORT')
    if name.startswith('socket://'):
        return DeployError('deploy.port', f'{name} cannot be reached', str(exc), 'an agent with "tcp" in its profile')
    if number == errno.ENOENT or not os.path.exists(name):
        there = ', '.join(device for device, _ in candidates()) or 'none on this machine'
        return DeployError('deploy.no_port', f'no such port: {name}', None, f'one of: {there}', '--port; see `ports`')
    if number in (errno.EACCES, errno.EPERM):
        group = _group_of(name)
        return DeployError(
            'deploy.permission', f'no permission to open {name}', f'it belongs to the group {group}',
            setting=f'sudo usermod -a -G {group} $USER, then log in again',
        )  # fmt: skip
    if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK) or 'exclusively lock' in str(exc):
        return DeployError('deploy.busy', f'{name} is in use', str(exc), setting=f'fuser {name} shows by whom')
    return DeployError('deploy.port', f'{name} cannot be opened', str(exc))


def _group_of(path):
    try:
        gid = os.stat(path).st_gid
        return grp.getgrgid(gid).gr_name
    except (OSError, KeyError):
        return 'dialout'
