"""Tells whoever watches over the app that its loop turns. A handler that hangs stops that, and the watcher acts.

Two watchers: a supervisor with a notification socket (sd_notify(3): systemd, or the board's agent), named by the
environment's NOTIFY_SOCKET and WATCHDOG_USEC; and the board's own watchdog device, named by EDGEIO_WATCHDOG.
`python3 -m edgeio run` calls `start`; an app run otherwise may call it itself. It costs one timer.
"""

import socket
import sys

from . import pollset
from .compat import env, is_digits, monotonic_ms, print_error, unix_address
from .iosched import clear_interval, set_interval
from .net.stream import Stream

BEAT = 1000
"""Milliseconds between two signs of life; less where the watcher is impatient (a third of its time)."""

AF_UNIX, SOCK_DGRAM = 1, 2

WDIOC_SETTIMEOUT = 0xC0045706
"""linux/watchdog.h"""

_watch = None


def start(device=None, seconds=None):
    """Begins to report, where the environment names a watcher; returns the Watch, or None.

    device: the path of a watchdog device, None: what EDGEIO_WATCHDOG says; seconds: its time-out, None: its own.
    """
    global _watch
    watchers = []
    device = device or env('EDGEIO_WATCHDOG')
    if env('NOTIFY_SOCKET'):
        watchers.append(Supervisor(env('NOTIFY_SOCKET')))
    if device:
        watchers.append(Device(device, seconds))
    if watchers and _watch is None:
        _watch = Watch(watchers, _period(env('WATCHDOG_USEC', '')))
    return _watch


def stop(reason='stopped'):
    """Says goodbye: what follows is no hang."""
    global _watch
    watch, _watch = _watch, None
    if watch is not None:
        watch.stop(reason)


class Watch:
    """Beats every `period` ms. lag: how late the last beat came (ms): as long as the loop was busy elsewhere."""

    def __init__(self, watchers, period):
        self.lag = 0
        self._watchers = watchers
        self._period = period
        self._due = monotonic_ms() + period
        self._timer = set_interval(self._beat, period)
        for watcher in watchers:
            watcher.alive(0, self.lag)

    def stop(self, reason):
        """Ends it in good order."""
        clear_interval(self._timer)
        for watcher in self._watchers:
            watcher.close(reason)

    def _beat(self):
        now = monotonic_ms()
        self.lag = max(0, now - self._due)
        self._due = now + self._period
        for watcher in self._watchers:
            watcher.alive(clients(), self.lag)


class Supervisor:
    """systemd, or another that speaks sd_notify: the datagram socket at `path` ('@name': an abstract one)."""

    def __init__(self, path):
        self._ready = False
        self._sock = socket.socket(AF_UNIX, SOCK_DGRAM)
        self._sock.setblocking(False)
        self._sock.connect(unix_address(path))

    def alive(self, clients, lag):
        """The loop turns. The first call is made before it does, and says nothing."""
        if not self._ready:
            self._ready = True
            self._say('STATUS=starting')
            return
        self._say(
            'READY=1\nWATCHDOG=1\nSTATUS=' + str(clients) + ' clients, loop lag ' + str(lag) + ' ms\n'
            'X_EDGEIO_CLIENTS=' + str(clients) + '\nX_EDGEIO_LAG=' + str(lag)
        )

    def close(self, reason):
        """The app ends."""
        self._say('STOPPING=1\nSTATUS=' + reason)
        self._sock.close()

    def _say(self, text):
        try:
            self._sock.send(text.encode())
        except OSError:
            pass  # a supervisor that is being restarted, or busy: the next beat will tell


class Device:
    """The board's watchdog (Linux: Documentation/watchdog/watchdog-api.rst): not fed in time, it resets the board."""

    def __init__(self, path, seconds=None):
        try:
            self._file = open(path, 'r+b', buffering=0)  # 'wb' would make a file where there is none
            if seconds is not None:
                self._set_timeout(seconds)
        except OSError as exc:
            self._file = None
            print_error('edgeio: no watchdog: ' + path + ': ' + str(exc) + ' (EDGEIO_WATCHDOG)')

    def alive(self, clients, lag):
        """Feeds it."""
        self._write(b'\0')

    def close(self, reason):
        """Switches it off: closed without the letter V, it would go on."""
        self._write(b'V')
        if self._file is not None:
            self._file.close()

    def _set_timeout(self, seconds):
        try:
            from .runtime import devices
        except ImportError:
            return  # MicroPython has no ioctl: the device's own time-out stays
        devices.ioctl(self._file.fileno(), WDIOC_SETTIMEOUT, bytearray(seconds.to_bytes(4, sys.byteorder)))

    def _write(self, data):
        if self._file is not None:
            try:
                self._file.write(data)
            except OSError as exc:
                print_error('edgeio: the watchdog cannot be fed: ' + str(exc))


def clients():
    """How many connections this process has."""
    return sum([isinstance(watcher, Stream) for watcher in pollset.watchers.values()])


def _period(usec):
    return min(BEAT, max(50, int(usec) // 3000)) if is_digits(usec) else BEAT
