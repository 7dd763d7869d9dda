"""The memory that all clients of a server hold together: each within its own bounds, many of them can fill a board."""

from ..compat import memory_size, memory_used, monotonic_ms
from ..errors import EdgeError
from ..report import report
from .admission import neighbourhood

SHARE = 3
"""One part in so many of the machine's memory is for what clients hold, where nothing else is said."""

LOOK = 250
"""Milliseconds between two looks, while anybody is there."""

REASON = 'out of memory'
"""The reason that those who are ended are closed for."""


class Budget:
    """Bounds what clients hold: queues, bodies, unfinished messages, packets that wait for a poll, headers kept.

    most: bytes; 0: a SHARE of the machine's memory (of MicroPython's heap), in `processes` equal parts. place: who
    serves them, with `busy` (bool) and `holders()`: (address, holder) of each; a holder has `memory` (bytes, int), and
    `shed(reason)`, which ends it. ended: how many were.

    Beyond `most`, those with most are ended, beginning with the address that has most altogether. What several share,
    as a broadcast in their queues, counts for each: so nobody is ended as long as the process itself has not grown by
    more than that since it began to listen. That is also what a look costs where all is well: one question.
    """

    __slots__ = ('most', 'ended', 'bucket', '_place', '_before')

    def __init__(self, most, processes, place):
        self.most = most or memory_size() // SHARE // processes
        self.ended = 0
        self.bucket = None
        self._place = place
        self._before = memory_used() or 0

    def watch(self, sweep):
        """Looks from now on, by `sweep`, as long as anybody is there."""
        sweep.watch(self, monotonic_ms() + LOOK)

    def on_deadline(self, now):
        """The sweep's call: a look."""
        used = memory_used()
        if used is None or used - self._before > self.most:
            self._look()
        return now + LOOK if self._place.busy else None

    def _look(self):
        total, sums, holders = 0, {}, {}
        for address, holder in self._place.holders():
            memory = holder.memory
            if memory:
                address = neighbourhood(address)
                total += memory
                sums[address] = sums.get(address, 0) + memory
                holders.setdefault(address, []).append((memory, holder))
        if total > self.most:
            self._shed(total, sums, holders)

    def _shed(self, total, sums, holders):
        before, held = self.ended, total
        for those in holders.values():
            those.sort(key=_memory)
        while total > self.most:
            address = max(sums, key=sums.get)
            memory, holder = holders[address].pop()
            sums[address] -= memory
            total -= memory
            self.ended += 1
            holder.shed(REASON)
        text = 'clients held more memory than there is for them; %d with most were closed' % (self.ended - before)
        report(EdgeError('net.memory', text, held, self.most, 'max_memory'), 'the memory of clients')


def _memory(pair):
    return pair[0]
