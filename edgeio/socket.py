"""Addresses to listen on (platform module `socket`). The system's own sockets are Python's module of that name."""

from .errors import OptionError
from .options import require

INADDR_ANY = '0.0.0.0'
INADDR_LOOPBACK = '127.0.0.1'
INADDR_BROADCAST = '255.255.255.255'
INADDR_NONE = '255.255.255.255'
IN6ADDR_ANY = '::'
IN6ADDR_LOOPBACK = '::1'

AF_INET = 2
AF_INET6 = 10
"""The addresses (str) and domains (int) of the platform's module."""


class Address:
    """Where a server listens. domain: AF_INET or AF_INET6; addr (str); port (int, 0: the system picks); scope (int).

    Raises OptionError for what is no address or port.
    """

    __slots__ = ('domain', 'addr', 'port', 'scope')

    def __init__(self, domain, addr, port, scope=0):
        require('socket', 'port', port, isinstance(port, int) and 0 <= port <= 65535, 'a number from 0 to 65535')
        if not isinstance(addr, str) or not addr:
            raise OptionError('socket.addr', 'an address is text', repr(addr), "such as '127.0.0.1' or INADDR_ANY")
        self.domain = domain
        self.addr = addr
        self.port = port
        self.scope = scope

    def __eq__(self, other):
        return isinstance(other, Address) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __repr__(self):
        kind = 'sockaddr6' if self.domain == AF_INET6 else 'sockaddr'
        return kind + '(' + repr(self.addr) + ', ' + str(self.port) + ')'

    def _key(self):
        return self.addr, self.port, self.scope


def sockaddr(addr=None, port=0):
    """An IPv4 Address; None: any address of this machine. OptionError for what is no address or port."""
    return Address(AF_INET, INADDR_ANY if addr is None else addr, port)


def sockaddr6(addr=None, port=0, scope=0):
    """An IPv6 Address; None: any address of this machine. scope: the interface of a link-local address (int).
    OptionError for what is no address or port."""
    return Address(AF_INET6, IN6ADDR_ANY if addr is None else addr, port, scope)
