"""Who may connect: how many at one time, from everywhere and from one address."""

from ..compat import heap_size

RESERVED = 64
"""Descriptors kept for files, timers and connections of the app's own, where the bound is the process's own."""

HEAP_EACH = 32768
"""Bytes of a heap of fixed size for each connection: a client's headers, kept for its `handshake`, are up to 16 KB, and
what it sends needs room beside those of all others."""


class Admission:
    """Counts what is there, by address. most: altogether; most_each: from one address, of IPv6 from one network of 64
    bits (see `neighbourhood`).

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
        place = neighbourhood(address)
        count = self._by_address.get(place, 0)
        crowded = count >= self.most_each and not (self._spare_loopback and is_loopback(place))
        if crowded or self.total >= self.most:
            self.refused += 1
            return self._names[1 if crowded else 0]
        self._add(place)
        return None

    def stay(self, address):
        """Counts one more from `address` that cannot be turned away: it is there."""
        self._add(neighbourhood(address))

    def leave(self, address):
        """One from `address` is gone."""
        place = neighbourhood(address)
        count = self._by_address[place] - 1
        if count:
            self._by_address[place] = count
        else:
            del self._by_address[place]
        self.total -= 1

    def _add(self, place):
        self._by_address[place] = self._by_address.get(place, 0) + 1
        self.total += 1


def neighbourhood(address):
    """What one host has for itself of an `address` (str): an IPv4 address; of IPv6 the first 64 bits and the zone, as
    a host chooses the others (RFC 4291 section 2.5.1). This machine's own stay what they are.
    """
    if ':' not in address:
        return address
    number, percent, zone = address.partition('%')
    if '.' in number:
        return number[number.rfind(':') + 1 :]  # IPv4, mapped (section 2.5.5.2)
    groups = _groups(number)
    if groups is None:
        return address
    first = groups[:4]
    if first == ['0', '0', '0', '0']:
        if groups[4:] == ['0', '0', '0', '1']:
            return '::1'
        if groups[4:6] == ['0', 'ffff']:
            return _dotted(int(groups[6], 16) << 16 | int(groups[7], 16))
    return ':'.join(first) + percent + zone


def _groups(number):
    """The eight groups of an IPv6 address, in lower case without leading zeros; None for what is none."""
    head, gap, tail = number.lower().partition('::')
    before, after = (part.split(':') if part else [] for part in (head, tail))
    missing = 8 - len(before) - len(after)
    groups = before + ['0'] * missing + after
    if len(groups) != 8 or bool(gap) != (missing > 0) or not all([_is_group(group) for group in groups]):
        return None
    return [group.lstrip('0') or '0' for group in groups]


def _is_group(text):
    return 0 < len(text) <= 4 and not text.lstrip('0123456789abcdef')


def _dotted(value):
    return '.'.join([str(value >> shift & 255) for shift in (24, 16, 8, 0)])


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
