"""The bounds of an HTTP server: their names and defaults. Each is an option of `create_server`."""

from ..compat import READ_SIZE
from ..options import require
from ..running import MAX_RUNNING

DEFAULTS = {
    'max_request_line': 8192,  # bytes of method, target and version; beyond: 414
    'max_header_bytes': 16384,  # bytes of all header fields together; beyond: 431
    'max_headers': 100,  # header fields; beyond: 431. Trailer fields have the same two bounds
    'max_body': 16777216,  # bytes of a request's body; beyond: 413
    'max_requests': 0,  # requests served on one connection, then it is closed (0: any number)
    'max_pipelined': 16,  # requests of one connection served in one turn of the loop; the others wait, unread
    'max_running_handlers': MAX_RUNNING,  # coroutine handlers of one connection that run; the next request waits
    'max_connections': 0,  # at one time, WebSockets included; beyond: 503. 0: half of what descriptors allow
    'max_connections_per_address': 0,  # the same; 0: a quarter of that, connections from this machine not counted
    'max_memory': 0,  # bytes that all clients hold together; beyond, those with most are closed. 0: a third of all
    'high_water': 65536,  # bytes queued for a peer above which `writable` is False, until `drain`
    'max_queued': 16777216,  # bytes queued for a peer; beyond, it is closed: 'write queue overflow'
    'header_timeout': 10000,  # ms from the first byte of a request's head (or the connection's start) to its end: 408
    'body_timeout': 30000,  # ms in which each further 16 KiB of a body, or its end, must come: 408
    'keep_alive_timeout': 30000,  # ms that an idle connection is kept, at least; up to half as long again
    'write_timeout': 60000,  # ms in which a peer must take 16 KiB of the responses that wait for it, or the rest
    'stop_timeout': 10000,  # ms that `stop` leaves to responses under way
}

BODY_PROGRESS = 16384
"""Bytes of a body that must come in each `body_timeout`: a peer that sends a byte a second is not served for ever."""

HALF_CLOSED = 10000
"""Milliseconds in which the response to a whole request must begin once the peer has ended its side: the peer may wait
for it, or be gone, which does not show before something is written."""

MAX_TURN = 16384
"""Bytes of heads and small chunks of one client that are read before the others have their turn; the rest waits. (The
head that it ends in is read whole.)"""

LINE_COST = 32
"""Bytes that a line of a chunked body counts towards MAX_TURN, however short it is: a chunk has two. The data of chunks
is not looked at, and counts nothing."""

MAX_CHUNK_LINE = 1024
"""Bytes of a chunk's size line, its extensions included (RFC 9112 section 7.1.1 asks for a bound)."""

MAX_CHUNK_EXTENSIONS = 8192
"""Bytes of all chunk extensions of one body."""

BODY_BUFFER = 65536
"""Bytes of a body that wait for a reader; beyond, the connection is not read until they are taken."""

PIECE = READ_SIZE // 2
"""Bytes of a longer body that are read and queued at a time: few on a board, whose heap has no room for long pieces."""

MAX_DRAIN = 262144
"""Bytes of a body that are read and dropped after a response that did not want them; beyond, the connection closes."""


def check_limits(options):
    """Raises OptionError where a bound among `options` is not a whole number of at least 1 (0 where it may be)."""
    for name in DEFAULTS:
        least = 1 if DEFAULTS[name] else 0
        value = options[name]
        valid = isinstance(value, int) and value is not True and value >= least
        require('http.create_server', name, value, valid, 'a whole number, ' + str(least) + ' or more')
