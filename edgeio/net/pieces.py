"""The pieces of a stream's queue: how they go to the system in few calls, and are not copied more than pays."""

from ..compat import READ_SIZE

JOIN_LIMIT = READ_SIZE
"""Bytes that are copied together for one system call, at most."""


def portion(pieces, i):
    """(the pieces from `i` joined, up to JOIN_LIMIT bytes, the index behind them). A long piece is left as it is."""
    if len(pieces[i]) >= JOIN_LIMIT:
        return pieces[i], i + 1
    size, first = 0, i
    while i < len(pieces) and size + len(pieces[i]) <= JOIN_LIMIT:
        size += len(pieces[i])
        i += 1
    return b''.join(pieces[first:i]), i


def joined(pieces):
    """The same bytes in fewer pieces (list)."""
    portions, i = [], 0
    while i < len(pieces):
        one, i = portion(pieces, i)
        portions.append(one)
    return portions


def rest_of(data, sent):
    """What is left of `data`: long data is not copied. (MicroPython cannot join a memoryview: short data is.)"""
    return memoryview(data)[sent:] if len(data) - sent > JOIN_LIMIT else bytes(memoryview(data)[sent:])
