"""CPython's spelling of `edgeio.compat`.

The C halves of `json` and `socket` are used by themselves: their Python halves import a fifth of the standard
library (re, enum, ...), which is most of the time and memory that a small app needs to start.
"""

import _socket
import select as _select
import sys as _sys
import time as _time
import types as _types

from .attachments import found_attachments, take_attachments  # noqa: F401
from .cpython_json import json_decode, json_encode, json_text  # noqa: F401

READ_SIZE = 81920
"""Bytes that one read takes at most: a message of 64 KB whole, and so far below 128 KB (glibc's M_TRIM_THRESHOLD and
M_TOP_PAD) that the allocator does not give memory back to the system, and take it again, with each buffer."""


def const(value):
    """MicroPython's compile-time constant; here just the value."""
    return value


HOOKS_ARE_DEAR = True
"""A class with a `__getattr__` takes the long way to each of its attributes, found or not (until 3.12)."""


def size_of(value):
    """Bytes (int) that `value` takes by itself, without what it holds."""
    return _sys.getsizeof(value)


class Finalized:
    """An object whose `on_forgotten()` is called where nobody refers to it any more."""

    __slots__ = ()

    finalizes = True

    def __del__(self):
        self.on_forgotten()


def check_text(text):
    """Raises UnicodeEncodeError for a str that UTF-8 has no form for: one with half of a surrogate pair."""
    if not text.isascii():
        text.encode()


def monotonic_ms():
    """Milliseconds since some moment in the past, never going back (int)."""
    return _time.monotonic_ns() // 1000000


def print_exception(exc, file=None):
    """Prints `exc` with its traceback to `file` (default: stderr)."""
    import traceback

    traceback.print_exception(exc, file=file)


def exception_excerpt(exc, half):
    """(beginning, left out, end) of what print_exception prints: `half` characters each, and what is between in words.

    ('...', '', '') where nothing is.
    """
    import traceback

    text = ''.join(traceback.format_exception(exc))
    left_out = len(text) - 2 * half
    return (text[:half], str(left_out) + ' characters', text[-half:]) if left_out > 0 else (text, '', '')


# -- callables ---------------------------------------------------------------------------------------------------

_VARARGS = 4  # inspect.CO_VARARGS
_FUNCTION, _METHOD = _types.FunctionType, _types.MethodType
_GENERATORS = (_types.GeneratorType, _types.CoroutineType)


ANY_NUMBER = 255
"""The upper arity of a function that takes any number of arguments, or cannot be looked into."""


def arity(fn):
    """(least, most) positional arguments that `fn` takes; (0, ANY_NUMBER) where that cannot be told."""
    function, bound = (fn.__func__, 1) if type(fn) is _METHOD else (fn, 0)
    if type(function) is not _FUNCTION:
        return _signature_arity(fn)
    code = function.__code__
    most = code.co_argcount - bound
    least = most - len(function.__defaults__ or ())
    return least if least > 0 else 0, ANY_NUMBER if code.co_flags & _VARARGS else most


def _signature_arity(fn):
    import inspect

    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return 0, ANY_NUMBER
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    least = sum(p.default is p.empty for p in positional)
    return least, ANY_NUMBER if any(p.kind == p.VAR_POSITIONAL for p in parameters) else len(positional)


def is_generator(value):
    """True for a generator or coroutine object: something that `iosched.spawn` can run."""
    return isinstance(value, _GENERATORS)


def guard_asyncio(refuse, outside):
    """For MicroPython, where an asyncio awaitable in an iosched task ends the process; here it is an error anyway."""


def withdraw_asyncio(refused):
    """Takes back what `refused`, an awaitable of asyncio, has begun: a Future marked so could not be awaited again."""
    if getattr(refused, '_asyncio_future_blocking', False):
        refused._asyncio_future_blocking = False


# -- polling -----------------------------------------------------------------------------------------------------


_epoll = getattr(_select, 'epoll', None)


class Poller:
    """Which descriptors are ready: epoll, or poll where there is no epoll."""

    def __init__(self, epoll=_epoll):
        self._due = []
        if epoll is not None:
            # epoll forgets a closed descriptor by itself: one system call less a connection.
            self.forgets_closed = True
            self._poll = epoll()
            self._unit = 1000
        else:
            self.forgets_closed = False
            self._poll = _select.poll()
            self._unit = 1
        self.register = self._poll.register
        self.modify = self._poll.modify
        self.unregister = self._poll.unregister

    def wait(self, ms):
        """[(fd, mask), ...] of what is ready within `ms` milliseconds; None waits for ever. Empties the list before:
        who goes through that one, and waited again meanwhile, has old news there."""
        self._due.clear()
        self._due = self._poll.poll(-1 if ms is None else ms / self._unit)
        return self._due

    def fileno(self):
        """The descriptor that can be read while one of the set is ready (int); None under poll, which has none."""
        return self._poll.fileno() if self.forgets_closed else None

    def close(self):
        """Gives the poll set back; for a forked worker that must not share its parent's."""
        if self.forgets_closed:
            self._poll.close()


# -- sockets -----------------------------------------------------------------------------------------------------


AF_INET6 = _socket.AF_INET6


def stream_socket(family):
    """A new TCP socket."""
    return _socket.socket(family, _socket.SOCK_STREAM)


def accept(sock):
    """(socket, address) of the next connection; OSError EAGAIN where none waits."""
    fd, address = sock._accept()
    return _socket.socket(sock.family, _socket.SOCK_STREAM, 0, fd), address


def receive(sock):
    """Reads once: bytes, b'' at the end of the stream; OSError EAGAIN where it would block."""
    return sock.recv(READ_SIZE)


_MSG_MORE = getattr(_socket, 'MSG_MORE', 0)


def send_last(sock, data):
    """As `sock.send(data)`, where `shut_down(sock)` follows once all is sent: a socket's last bytes and the end then
    leave in one segment."""
    return sock.send(data, _MSG_MORE) if type(sock) is _socket.socket else sock.send(data)


def resolve(host, port):
    """(family, address) to bind or connect to; `host` is a numeric address or a name."""
    # As bytes: a str goes through the idna codec, whose tables take longer to load than all of edgeio.
    name = host.encode() if host.isascii() else host
    info = _socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM)[0]
    return info[0], info[4]


def peer_of(sock, address):
    """(host, port) of an accepted connection; `address` is what accept returned."""
    return (address[0], address[1]) if isinstance(address, tuple) and len(address) > 1 else ('', 0)


def port_of(sock):
    """The port that a bound socket has (int)."""
    return sock.getsockname()[1]


def shut_down(sock):
    """Ends the sending side of `sock`; False where the runtime cannot."""
    try:
        sock.shutdown(_socket.SHUT_WR)
    except OSError:
        return False
    return True


# -- text --------------------------------------------------------------------------------------------------------


decode_utf8 = bytes.decode
"""decode_utf8(data): `data` (bytes) as str; UnicodeError where it is not UTF-8."""


def is_digits(text):
    """True where `text` is made of the digits 0 to 9 only, one at least."""
    return text.isdigit() and text.isascii()


def sha1(data):
    """The SHA-1 digest of `data`, 20 bytes (for the WebSocket handshake, RFC 6455 section 4.2.2)."""
    import hashlib

    return hashlib.sha1(data, usedforsecurity=False).digest()


def gzip(data, level=9):
    """`data` compressed for `Content-Encoding: gzip`; None where the runtime has no compressor. level: 1 to 9."""
    import zlib

    packer = zlib.compressobj(level, zlib.DEFLATED, 31)  # 31: the gzip container
    return packer.compress(data) + packer.flush()


def tls_module():
    """The module that makes TLS contexts and sockets; loaded only where TLS is used."""
    from . import cpython_tls

    return cpython_tls


def zlib_module():
    """The module zlib, for WebSocket's permessage-deflate; None where the runtime has no compressor."""
    import zlib

    return zlib


# -- the process -------------------------------------------------------------------------------------------------


def env(name, default=None):
    """An environment variable (str), or `default`."""
    import os

    return os.environ.get(name, default)


def heap_size():
    """Bytes of the heap (int): it has no bound of its own."""
    return 1 << 62


def memory_size():
    """Bytes of memory (int) that the process can have: the machine's, or what its control group is given."""
    import os

    size = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    try:
        with open('/proc/self/cgroup') as file:
            group = [line[3:].strip() for line in file if line.startswith('0::')][0]
        with open('/sys/fs/cgroup' + group + '/memory.max') as file:
            return min(size, int(file.read()))
    except (OSError, ValueError, IndexError):
        return size  # no such group, or no bound of its own ('max')


def memory_used():
    """Bytes of memory (int) that the process has now; None where the system does not say."""
    import os

    try:
        with open('/proc/self/statm') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
    except (OSError, ValueError, IndexError):
        return None


def spare_heap():
    """While an app loads: nothing to do here, memory is no heap of a fixed size."""


def tune_gc():
    """Settles the garbage collector after start-up, once: what lives for ever is not looked at again."""
    global _tuned
    if not _tuned:
        import gc

        _tuned = True
        gc.collect()
        gc.freeze()


_tuned = False


def at_exit(fn):
    """Calls `fn()` when the process ends, unless a signal or a crash ends it."""
    import atexit

    atexit.register(fn)


def anchor_imports():
    """Makes imports independent of the current folder, which is about to change."""
    import os

    _sys.path[:] = [os.path.abspath(entry) for entry in _sys.path]


def write_lines_at_once():
    """Makes each printed line leave at once, into a pipe or file too: an app's log must not wait for a full buffer."""
    if hasattr(_sys.stdout, 'reconfigure'):
        _sys.stdout.reconfigure(line_buffering=True)


def on_terminate(fn, loop, later):
    """Calls `fn()` when the process is asked to end (SIGTERM, SIGINT), for `fn` to raise an exception.

    In the middle of the work of `loop` (a function) that would leave something half done, such as an answer that is
    sent but still queued: then it is `later(fn)`. Where the loop waits, in code outside of it, and when asked again,
    it is at once.
    """
    import signal

    asked = []

    def handle(number, frame):
        if asked or frame is None or frame.f_code is Poller.wait.__code__ or not _runs(loop, frame):
            fn()
        asked.append(number)
        later(fn)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)


def _runs(function, frame):
    while frame is not None and frame.f_code is not function.__code__:
        frame = frame.f_back
    return frame is not None
