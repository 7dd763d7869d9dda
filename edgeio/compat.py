"""Which runtime this is: the one file that asks.

Everything that differs between CPython and MicroPython has one name and one meaning here; `runtime/cpython.py` and
`runtime/micropython.py` hold the two spellings, so a board loads only its own. What both spell alike stands below.
"""

import select as _select
import sys
import time
from binascii import b2a_base64 as _b2a_base64

MICROPYTHON = sys.implementation.name == 'micropython'

# Linux numbers, the same on every processor edgeio runs on. MicroPython has the calls without the names.
EINTR, EAGAIN, ENOMEM, ENFILE, EMFILE, ENOBUFS, EINPROGRESS = 4, 11, 12, 23, 24, 105, 115
SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT = 1, 2, 15
IPPROTO_TCP, TCP_NODELAY = 6, 1
IPPROTO_IPV6, IPV6_V6ONLY = 41, 26
POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL = 1, 2, 4, 8, 16, 32

if MICROPYTHON:
    from .runtime.micropython import *  # noqa: F403
else:
    from .runtime.cpython import *  # noqa: F403


def runtime_module(package):
    """The module of `package` (its full name) that is written for this runtime: its `cpython` or its `micropython`."""
    name = package + ('.micropython' if MICROPYTHON else '.cpython')
    __import__(name)
    return sys.modules[name]


def is_readable(fd):
    """True where there is something to read from the descriptor `fd`, or to accept, right now."""
    asked = _select.poll()
    asked.register(fd, POLLIN)
    return bool(asked.poll(0))


def unix_ms():
    """Milliseconds since 1970 (int), as good as the board's clock is."""
    return time.time_ns() // 1000000


def print_error(text):
    """Prints one line to stderr. A console that has hung up is no reason to fail: there is nobody to tell."""
    try:
        print(text, file=sys.stderr)
    except OSError:
        pass


def base64url(data):
    """`data` in base64 for URLs and cookies, without padding (str; RFC 4648, section 5)."""
    return _b2a_base64(data)[:-1].decode().replace('+', '-').replace('/', '_').rstrip('=')


def unix_address(path):
    """The address of the local socket `path` ('@name': an abstract one), to connect to."""
    abstract = path[:1] == '@'
    if abstract:
        path = '\0' + path[1:]
    if not MICROPYTHON:
        return path
    # sockaddr_un; all that follows an abstract name would be part of it.
    return b'\1\0' + path.encode() + (b'' if abstract else b'\0')
