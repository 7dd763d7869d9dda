"""The options of an Engine.IO server, and what they may be."""

from ..http.origin import check_origins
from ..options import read_options, require
from ..running import MAX_RUNNING

OPTIONS = {
    'path': '/engine.io',
    'ping_timeout': 60000,
    'ping_interval': 25000,
    'upgrade_timeout': 10000,
    'max_http_buffer_size': 1000000,
    'max_buffered': 16777216,
    'max_running_handlers': MAX_RUNNING,
    'max_sessions': 0,
    'max_sessions_per_address': 0,
    'per_message_deflate': False,
    'http_compression': True,
    'transports': ('polling', 'websocket'),
    'allow_upgrades': True,
    'allow_eio3': True,
    'allow_request': None,
    'initial_packet': None,
    'cookie': False,
    'origins': '*',
    'cors': None,
}
"""Options and their defaults; times in ms, sizes in bytes. See `Server`."""


COMPRESSION_THRESHOLD = 1024
"""Bytes from which the answer to a poll is compressed (option http_compression)."""


def read_threshold(value):
    """The option http_compression (False, True or {threshold}) as a number of bytes; None where it is off."""
    if not value:
        return None
    given = value if isinstance(value, dict) else None
    threshold = read_options('http_compression', {'threshold': COMPRESSION_THRESHOLD}, given)['threshold']
    valid = isinstance(threshold, int) and threshold >= 0
    require('http_compression', 'threshold', threshold, valid, 'a number of bytes')
    return threshold


_BOUNDS = (
    'ping_timeout', 'ping_interval', 'upgrade_timeout', 'max_http_buffer_size', 'max_buffered', 'max_running_handlers',
)  # fmt: skip


def check_options(where, options):
    """Raises OptionError for a value that cannot be used."""
    for name in _BOUNDS:
        value = options[name]
        require(where, name, value, isinstance(value, int) and value > 0, 'a number above 0')
    for name in ('max_sessions', 'max_sessions_per_address'):
        value = options[name]
        require(where, name, value, isinstance(value, int) and value >= 0, 'a number, 0 or more')
    path = options['path']
    require(where, 'path', path, isinstance(path, str) and path[:1] == '/', "a path that begins with '/'")
    allow, packet, origins = options['allow_request'], options['initial_packet'], options['origins']
    require(where, 'allow_request', allow, allow is None or callable(allow), 'a function (req, callback)')
    require(where, 'initial_packet', packet, packet is None or isinstance(packet, str), 'text')
    check_origins(where, origins)
    known = all(name in ('polling', 'websocket') for name in options['transports'])
    require(where, 'transports', options['transports'], known and options['transports'], "'polling', 'websocket'")
