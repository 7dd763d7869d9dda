"""Who may connect: how many at one time, from everywhere and from one address."""

from ..compat import heap_size

RESERVED = 64
"""Descriptors kept for files, timers and connections of the app's own, where the bound is the process's own."""

HEAP_EACH = 32768
"""Bytes of a heap of fixed size for each connection: a client's headers, kept for its `handshake`, are up to 16 KB, and
what it sends needs room beside those of all others."""


class Admission:
    """Counts what is there, by address. most: altogether; most_each: from one address.

    most 0: half as many as the process may have descriptors, less RESERVED: a response from a file takes another one;
    of a heap of fixed size no more than it has `heap_each` bytes for (0: any number).
    most_each 0: a quarter of that, and this machine's own addresses (127.0.0.1, ::1) are not held to it: who comes from
    there is a proxy, or the owner.
    """

    __slots__ = ('most', 'most_each', 'total', 'refused', '_by_address', '_names', '_spare_loopback')

    def __init__(self, most, most_each, names, heap_each=0):
        self.most = most or max(16, (descriptors() - RESERVED) // 2)
        if heap_each and not most:
            self.most = max(16, min(self.most, heap_size() // heap_each))
        self.most_each = most_each or max(1, self.most // 4)
        self.total = 0
        self.refused = 0
        self._by_address = {}
        self._names = names
        self._spare_loopback = not most_each

    def enter(self, address):
        """Takes one more from `address` (str) in: None; or the name of the setting that forbids it."""
        count = self._by_address.get(address, 0)
        crowded = count >= self.most_each and not (self._spare_loopback and is_loopback(address))
        if crowded or self.total >= self.most:
            self.refused += 1
            return self._names[1 if crowded else 0]
        self.stay(address)
        return None

    def stay(self, address):
        """Counts one more from `address` that cannot be turned away: it is there."""
        self._by_address[address] = self._by_address.get(address, 0) + 1
        self.total += 1

    def leave(self, address):
        """One from `address` is gone."""
        count = self._by_address[address] - 1
        if count:
            self._by_address[address] = count
        else:
            del self._by_address[address]
        self.total -= 1


def is_loopback(address):
    """True for an address of this machine's loopback."""
    return address.startswith('127.') or address in ('::1', '')


def descriptors():
    """How many descriptors the process may have (int): what Linux says, or 1024."""
    try:
        with open('/proc/self/limits') as file:
            for line in file:
                if line.startswith('Max open files'):
                    return int(line.split()[3])
    except (OSError, ValueError):
        pass
    return 1024
