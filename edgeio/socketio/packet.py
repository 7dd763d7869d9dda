"""What every parser speaks of: the packet types (protocol, "Packet types"), reserved names, what is valid."""

from ..errors import OptionError, ProtocolError

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK = range(7)

RESERVED = frozenset(('connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'))
"""Event names that cannot be sent: they are the library's own (document, "Socket")."""

MAX_ATTACHMENTS = 64
"""Attachments of one packet, at most (option max_attachments)."""


MAX_AUTH = 16384
"""Characters of what a client gives to join a namespace, at most (option max_auth): it is kept as long as it stays."""

MAX_DEPTH = 100
"""Lists and objects in one another, at most, in a packet with attachments."""


def check_name(name):
    """Raises OptionError for an event name that cannot be sent."""
    if type(name) is not str:
        raise OptionError('sio.event_name', 'an event name must be str', repr(name))
    if name in RESERVED or name == 'error':
        raise OptionError('sio.reserved', repr(name) + ' is a reserved event name', expected='any other name')


def check_event(data):
    """Raises ProtocolError where `data` is not what an EVENT carries: a list with the event's name first."""
    if type(data) is list and data:
        name = data[0]
        if type(name) is str:
            if name not in RESERVED:
                return
        elif type(name) is int:
            return
    first = data[0] if type(data) is list and data else data
    seen = first if type(first) is str else type(first).__name__
    raise ProtocolError('sio.event', 'an event is a list with its name first, and no reserved one', seen)


def auth_too_long(size, limit):
    """What a client is told (str) whose CONNECT has an object of `size`, above `limit`."""
    text = 'what is given to join a namespace is too long'
    return str(ProtocolError('sio.auth', text, size, limit, 'max_auth'))


def fill(value, attachments):
    """`value` with its placeholders replaced by `attachments`. ProtocolError for a placeholder of nothing, or of what
    another one has: a short packet would stand for any number of bytes, once an app passes on what it got."""
    return _fill(value, attachments, [False] * len(attachments), 0)


def _fill(value, attachments, used, depth):
    kind = type(value)
    if depth > MAX_DEPTH:
        raise ProtocolError('sio.depth', 'a packet with attachments is nested too deeply', expected=MAX_DEPTH)
    if kind is list:
        for i in range(len(value)):
            item = value[i]
            if type(item) is dict or type(item) is list:
                value[i] = _fill(item, attachments, used, depth + 1)
    elif kind is dict:
        if value.get('_placeholder') is True:
            num = value.get('num')
            if type(num) is not int or not 0 <= num < len(attachments) or used[num]:
                raise ProtocolError('sio.placeholder', 'a placeholder without its attachment', repr(num)[:40])
            used[num] = True
            return attachments[num]
        for key in value:
            value[key] = _fill(value[key], attachments, used, depth + 1)
    return value
