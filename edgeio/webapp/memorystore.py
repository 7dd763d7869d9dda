"""Sessions in the memory of this process, and which of them go when there are too many."""

from ..compat import monotonic_ms
from ..net.admission import is_loopback, neighbourhood
from ..options import require

MAX_SESSIONS = 10000
"""Sessions that a MemoryStore keeps, at most."""


class MemoryStore:
    """Sessions in this process, `limit` at most. size: how many there are.

    Who sends no cookie gets a session at each request, so a full store forgets first (after those that are over) the
    sessions whose client never came back with its cookie, the oldest first. Those that came back go only where the
    others have less than a quarter of the places: who is new needs time to come back. The one not visited for the
    longest time goes first. An address (of IPv6: a network of 64 bits) has at most a quarter of the places for those
    that came back; not so this machine's own (127.0.0.1, ::1): who comes from there is a proxy, or the owner.
    OptionError for a limit below 1.
    """

    def __init__(self, limit=MAX_SESSIONS):
        require('MemoryStore', 'limit', limit, limit >= 1, 'a number of sessions')
        self._limit = limit
        self._quarter = max(1, limit // 4)
        self._sessions = {}  # id: _Kept
        self._new = _Line()
        self._known = _Line()  # those that came back
        self._held = {}  # address: how many of them came back from there

    @property
    def size(self):
        """How many sessions there are."""
        return len(self._sessions)

    def get(self, id):
        """The data (dict) of a session; None where there is none, or no longer."""
        kept = self._sessions.get(id)
        if kept is None:
            return None
        if kept.until <= monotonic_ms():
            self._forget(kept)
            return None
        return kept.data

    def set(self, id, data, ms):
        """Keeps `data` for `ms` from now on."""
        kept = self._sessions.get(id)
        if kept is None:
            if len(self._sessions) >= self._limit:
                self._make_room()
            kept = self._sessions[id] = _Kept(id)
        else:
            kept.leave_line()
        kept.data = data
        kept.until = monotonic_ms() + ms
        self._line_of(kept).append(kept)

    def came_back(self, id, address):
        """The client of a session showed its cookie, from `address` (str)."""
        kept = self._sessions.get(id)
        if kept is not None:
            kept.leave_line()
            place = neighbourhood(address)
            if kept.address is None and self._has_place(place):
                kept.address = place
                self._held[place] = self._held.get(place, 0) + 1
            self._line_of(kept).append(kept)

    def destroy(self, id):
        """Forgets a session."""
        kept = self._sessions.get(id)
        if kept is not None:
            self._forget(kept)

    def _has_place(self, address):
        return is_loopback(address) or self._held.get(address, 0) < self._quarter

    def _line_of(self, kept):
        return self._new if kept.address is None else self._known

    def _make_room(self):
        now = monotonic_ms()
        for line in (self._new, self._known):
            while line.count and line.after.until <= now:
                self._forget(line.after)
        if len(self._sessions) >= self._limit:
            enough_new = self._new.count >= self._quarter
            self._forget((self._new if enough_new else self._known).after)

    def _forget(self, kept):
        del self._sessions[kept.id]
        kept.leave_line()
        if kept.address is not None:
            count = self._held[kept.address] - 1
            if count:
                self._held[kept.address] = count
            else:
                del self._held[kept.address]


class _Kept:
    """A session. until: ms, as monotonic_ms; address: where its client came back from (see `neighbourhood`), None
    while it did not."""

    __slots__ = ('id', 'data', 'until', 'address', 'line', 'before', 'after')

    def __init__(self, id):
        self.id = id
        self.address = None

    def leave_line(self):
        self.before.after = self.after
        self.after.before = self.before
        self.line.count -= 1


class _Line:
    """Sessions by their last visit: a ring of neighbours, closed by the line itself. after: the first, visited the
    longest time ago; count: how many.

    A ring, as a dict on MicroPython has no order, and an ordered one there is searched from its beginning.
    """

    __slots__ = ('before', 'after', 'count')

    def __init__(self):
        self.before = self.after = self
        self.count = 0

    def append(self, kept):
        kept.line = self
        kept.before = self.before
        kept.after = self
        self.before.after = kept
        self.before = kept
        self.count += 1
