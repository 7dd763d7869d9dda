"""MicroPython's spelling of `edgeio.compat`: the same names as `runtime/cpython.py`, the same meaning."""

import os as _os
import select as _select
import socket as _socket
import sys as _sys
import time as _time

from micropython import const

from .attachments import found_attachments, take_attachments  # noqa: F401
from .micropython_arity import ANY_NUMBER, arity  # noqa: F401
from .micropython_excerpt import exception_excerpt  # noqa: F401
from .micropython_json import json_decode, json_encode, json_text  # noqa: F401

READ_SIZE = const(8192)
"""Bytes that one read takes at most."""

HOOKS_ARE_DEAR = const(False)
"""`__getattr__` costs nothing where it is not asked; second names would take memory."""

_ticks = 0
_last_tick = _time.ticks_ms()


def size_of(value):
    """Bytes (int), about, that `value` takes by itself, without what it holds: blocks of 32 bytes, words of 8."""
    kind = type(value)
    if kind is str or kind is bytes:
        return 48 + len(value)
    if kind is list or kind is tuple:
        return 64 + 8 * len(value)
    return 64 + 24 * len(value) if kind is dict else 32


class Finalized:
    """An object whose `on_forgotten()` would be called where nobody refers to it any more; here nobody can tell."""

    finalizes = False


def check_text(text):
    """Nothing: every str has a form in UTF-8 here."""


def monotonic_ms():
    """Milliseconds since some moment in the past, never going back (int).

    ticks_ms wraps (after 12 days on a 32-bit board), so its differences are added up.
    """
    global _ticks, _last_tick
    tick = _time.ticks_ms()
    _ticks += _time.ticks_diff(tick, _last_tick)
    _last_tick = tick
    return _ticks


def print_exception(exc, file=None):
    """Prints `exc` with its traceback to `file` (default: stderr)."""
    _sys.print_exception(exc, file or _sys.stderr)


# -- callables ---------------------------------------------------------------------------------------------------

_GENERATOR = type((lambda: (yield))())


def is_generator(value):
    """True for a generator or coroutine object: something that `iosched.spawn` can run."""
    return type(value) is _GENERATOR and hasattr(value, 'send')


# -- asyncio -----------------------------------------------------------------------------------------------------


def guard_asyncio(refuse, outside):
    """Has asyncio's awaitables raise `refuse()` in an iosched task, once asyncio is there: see asyncio_guard."""
    try:
        import _asyncio
    except ImportError:
        return  # then asyncio is written in Python, and raises by itself

    from . import asyncio_guard

    def install():
        asyncio_guard.install(refuse, outside)

    if 'asyncio.core' in _sys.modules:
        install()
    else:
        _sys.modules['_asyncio'] = asyncio_guard.AsyncioToCome(_asyncio, install)


def withdraw_asyncio(refused):
    """Takes back what an awaitable of asyncio has begun: it would take what others wait for."""
    from .asyncio_guard import withdraw

    withdraw()


# -- polling -----------------------------------------------------------------------------------------------------


class Poller:
    """Which descriptors are ready."""

    forgets_closed = False

    def __init__(self):
        self._poll = _select.poll()
        self._ipoll = self._poll.ipoll  # gives its results without allocating
        self.register = self._poll.register
        self.modify = self._poll.modify
        self.unregister = self._poll.unregister

    def wait(self, ms):
        """(fd, mask) of each ready descriptor within `ms` milliseconds; None waits for ever."""
        return self._ipoll(-1 if ms is None else ms)

    def close(self):
        """Gives the poll set back."""


# -- sockets -----------------------------------------------------------------------------------------------------

_buffer = bytearray(READ_SIZE)
_view = memoryview(_buffer)


AF_INET6 = _socket.AF_INET6


def stream_socket(family):
    """A new TCP socket."""
    return _socket.socket(family, _socket.SOCK_STREAM)


def accept(sock):
    """(socket, address) of the next connection; OSError EAGAIN where none waits."""
    return sock.accept()


def receive(sock):
    """Reads once: bytes, b'' at the end of the stream; OSError EAGAIN where it would block.

    All streams read into one buffer; only what came is allocated.
    """
    n = sock.readinto(_buffer)
    if n is None:
        raise OSError(11)
    return bytes(_view[:n])


def send_last(sock, data):
    """As `sock.send(data)`, for the last bytes. (Without `shut_down` they could be lost if they waited for the end.)"""
    return sock.send(data)


def resolve(host, port):
    """(family, address) to bind or connect to; `host` is a numeric address or a name."""
    info = _socket.getaddrinfo(host, port, 0, _socket.SOCK_STREAM)[0]
    return info[0], info[4]


def peer_of(sock, address):
    """(host, port) of an accepted connection; `address` is what accept returned."""
    try:
        fields = _socket.sockaddr(address)
        return _socket.inet_ntop(fields[0], fields[1]), fields[2]
    except (OSError, ValueError, TypeError, IndexError):
        return '', 0


def port_of(sock):
    """The port that a bound socket has (int).

    There is no getsockname: the kernel's table of sockets has the port beside the inode, and the inode is in stat.
    """
    inode = str(_os.stat('/proc/self/fd/' + str(sock.fileno()))[1])
    for table in ('/proc/self/net/tcp', '/proc/self/net/tcp6'):
        try:
            lines = open(table)
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 9 and fields[9] == inode:
                lines.close()
                return int(fields[1].split(':')[1], 16)
        lines.close()
    raise OSError(22, 'the port of a bound socket is not in /proc/self/net')


def shut_down(sock):
    """Ends the sending side of `sock`; False where the runtime cannot, as here."""
    return False


# -- text --------------------------------------------------------------------------------------------------------


def decode_utf8(data):
    """`data` as str; UnicodeError where it is not UTF-8.

    MicroPython's decoder lets overlong forms, surrogates and values beyond U+10FFFF pass: they are looked for here.
    """
    try:
        text = str(data, 'utf-8')
    except UnicodeError:
        raise UnicodeError('not UTF-8') from None
    if len(text) != len(data):
        _check_utf8(data)
    return text


def _check_utf8(data):
    i, n = 0, len(data)
    while i < n:
        lead = data[i]
        if lead < 0x80:
            i += 1
        elif lead < 0xE0:
            _require(lead >= 0xC2)
            i += 2
        elif lead < 0xF0:
            second = data[i + 1]
            _require(second >= 0xA0 if lead == 0xE0 else second < 0xA0 if lead == 0xED else True)
            i += 3
        else:
            second = data[i + 1]
            _require(lead < 0xF5 and (second >= 0x90 if lead == 0xF0 else second < 0x90 if lead == 0xF4 else True))
            i += 4


def _require(valid):
    if not valid:
        raise UnicodeError('not UTF-8')


def is_digits(text):
    """True where `text` is made of the digits 0 to 9 only, one at least."""
    return text.isdigit()


def sha1(data):
    """The SHA-1 digest of `data`, 20 bytes (for the WebSocket handshake, RFC 6455 section 4.2.2)."""
    import hashlib

    return hashlib.sha1(data).digest()


def gzip(data, level=9):
    """`data` compressed for `Content-Encoding: gzip`; None where the runtime has no compressor. level: 1 to 9."""
    return None


def tls_module():
    """The module that makes TLS contexts and sockets; loaded only where TLS is used."""
    from . import micropython_tls

    return micropython_tls


def zlib_module():
    """The module zlib, for WebSocket's permessage-deflate; None where the runtime has no compressor, as here."""
    return None


# -- the process -------------------------------------------------------------------------------------------------


def env(name, default=None):
    """An environment variable (str), or `default`."""
    value = _os.getenv(name)
    return default if value is None else value


def heap_size():
    """Bytes of the heap (int), used or free."""
    import gc

    return gc.mem_alloc() + gc.mem_free()


def memory_size():
    """Bytes of memory (int) that there is: the heap."""
    return heap_size()


def memory_used():
    """Bytes of the heap (int) in use, garbage included."""
    import gc

    return gc.mem_alloc()


def spare_heap():
    """While an app loads: the garbage of compiling is collected often, or what stays would stand scattered between it,
    and a heap that is large enough has no room in one piece. `tune_gc` ends it."""
    import gc

    gc.threshold(65536)


def tune_gc():
    """Settles the garbage collector after start-up: collect early, so that the heap stays small and in one piece."""
    import gc

    gc.collect()
    gc.threshold(131072)


def at_exit(fn):
    """Calls `fn()` when the process ends, unless a signal or a crash ends it."""
    if hasattr(_sys, 'atexit'):  # it calls one function

        def call():
            fn()
            if before is not None:
                before()

        before = _sys.atexit(call)


def anchor_imports():
    """Makes imports independent of the current folder, which is about to change.

    Here a package keeps the path that it was found by, however short, and looks for its modules there.
    """
    here = _os.getcwd() + '/'
    _sys.path[:] = [entry if entry[:1] in ('/', '.') else (here + entry).rstrip('/') for entry in _sys.path]
    for module in _sys.modules.values():
        path = getattr(module, '__path__', '/')
        if path[:1] != '/':
            module.__path__ = here + path


def write_lines_at_once():
    """Makes each printed line leave at once; here it always does."""


def on_terminate(fn, loop, later):
    """Calls `fn()` when the process is asked to end; MicroPython has no signals: it just ends."""
