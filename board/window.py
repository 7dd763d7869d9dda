"""Sequence numbers, acknowledgement, resending and flow control of a link: fragments arrive whole, once, in order.

Sans-I/O: the caller says what time it is (ms) and carries the frames. The two ends meet in three numbers:
`received` (every sequence number below it has arrived), `limit` (the first one that the receiver has no room for)
and `seen` (a bit for each of the 64 numbers above `received` that has arrived out of order).
"""

from collections import deque

WINDOW = 64
"""Fragments that may be under way or wait to be taken."""

FIRST_RESEND = 1500
"""Milliseconds until a fragment is sent again, while nothing is known about the line."""

MIN_RESEND, MAX_RESEND = 100, 10000
"""Milliseconds: the bounds of what is then learned from the line (RFC 6298)."""

FIRST_FLIGHT = 8
"""Fragments sent before anything is known about the line."""

SOON = 1000
"""Milliseconds: more are sent at once while they arrive within this time, fewer where they take twice as long. What a
slow line has not sent yet only waits in it."""

REORDER = 3
"""A fragment is taken for lost once that many acknowledgements told of later ones."""


class _Flight:
    """A fragment under way. sent: when (ms); turn: its place among all that was sent; tries: how often;
    passed: acknowledgements of what was sent after it."""

    __slots__ = ('data', 'sent', 'turn', 'tries', 'passed')

    def __init__(self, data):
        self.data = data
        self.tries = 0


class Sender:
    """The sending end. resent: how many fragments were sent again."""

    def __init__(self):
        self.resent = 0
        self._waiting = deque()
        self._flights = {}  # by sequence number, in order
        self._next = 0
        self._turn = 0
        self._limit = WINDOW
        self._flight_size = FIRST_FLIGHT
        self._resend_after = FIRST_RESEND
        self._mean = self._deviation = None
        self._backed_off = None

    @property
    def queued(self):
        """Fragments that have not arrived yet, as far as is known."""
        return len(self._waiting) + len(self._flights)

    @property
    def stuck(self):
        """True where fragments wait, none is under way, and the receiver has no room: it must be asked again."""
        return bool(self._waiting) and not self._flights and self._next >= self._limit

    def put(self, data):
        """Queues a fragment (bytes)."""
        self._waiting.append(data)

    def due(self, now):
        """[(sequence number, fragment), ...] that have to go on the line now."""
        out = []
        for seq, flight in self._flights.items():
            if flight.passed >= REORDER:
                out.append(self._launch(seq, flight, now))
            elif now - flight.sent >= self._resend_after:
                self._back_off(now)
                out.append(self._launch(seq, flight, now))
        while self._may_send():
            flight = self._flights[self._next] = _Flight(self._waiting.popleft())
            out.append(self._launch(self._next, flight, now))
            self._next += 1
        return out

    def wait(self, now):
        """Milliseconds until `due` has something again by itself; None: not before an acknowledgement."""
        if self._may_send():
            return 0
        flights = self._flights.values()
        if any(flight.passed >= REORDER for flight in flights):
            return 0
        return max(0, min(flight.sent for flight in flights) + self._resend_after - now) if flights else None

    def on_ack(self, received, limit, seen, now):
        """What the other end says it has. A number that was never sent is ignored: it is not ours."""
        if received > self._next:
            return
        self._limit = max(self._limit, limit)
        arrived = [self._flights.pop(seq) for seq in list(self._flights) if _tells_of(seq, received, seen)]
        if not arrived:
            return
        latest = max(flight.turn for flight in arrived)
        for flight in self._flights.values():
            flight.passed += flight.turn < latest
        for flight in arrived:
            if flight.tries == 1:  # which of several tries arrived cannot be told (Karn's rule, RFC 6298 section 3)
                self._learn(now - flight.sent)
                self._size_up(now - flight.sent)

    def _may_send(self):
        return self._waiting and self._next < self._limit and len(self._flights) < self._flight_size

    def _launch(self, seq, flight, now):
        self.resent += flight.tries > 0
        self._turn += 1
        flight.sent, flight.turn, flight.passed = now, self._turn, 0
        flight.tries += 1
        return seq, flight.data

    def _back_off(self, now):
        """Nothing came back in time: the line is slower than thought, or worse. Once for all that are late."""
        if self._backed_off is None or now - self._backed_off >= self._resend_after / 2:
            self._backed_off = now
            self._flight_size = max(2, self._flight_size // 2)
            self._resend_after = min(MAX_RESEND, self._resend_after * 2)

    def _size_up(self, took):
        if took < SOON:
            self._flight_size = min(WINDOW, self._flight_size + 1)
        elif took > 2 * SOON:
            self._flight_size = max(2, self._flight_size - 1)

    def _learn(self, took):
        if self._mean is None:
            self._mean, self._deviation = took, took / 2
        else:
            self._deviation += (abs(self._mean - took) - self._deviation) / 4
            self._mean += (took - self._mean) / 8
        self._resend_after = min(MAX_RESEND, max(MIN_RESEND, self._mean + 4 * self._deviation))


class Receiver:
    """The receiving end. repeated: how many fragments came again."""

    def __init__(self):
        self.repeated = 0
        self.received = 0
        self.untaken = 0
        self._held = {}
        self._limit = WINDOW

    def put(self, seq, data):
        """The fragments (list of bytes) that are in order now that `data`, number `seq`, has come."""
        if seq >= self._limit:
            return []  # no room was promised for it; it will come again
        if seq < self.received or seq in self._held:
            self.repeated += 1
            return []
        self._held[seq] = data
        ready = []
        while self.received in self._held:
            ready.append(self._held.pop(self.received))
            self.received += 1
        return ready

    @property
    def limit(self):
        """The first number there is no room for; `untaken` (set by the owner) fragments wait to be taken."""
        # What was promised once is kept.
        self._limit = max(self._limit, self.received + WINDOW - self.untaken)
        return self._limit

    @property
    def seen(self):
        """The bits of what has arrived out of order: bit 0 is `received` + 1."""
        return sum(1 << (seq - self.received - 1) for seq in self._held)


def _tells_of(seq, received, seen):
    """True where an acknowledgement says that `seq` has arrived."""
    return seq < received or seq > received and seen >> (seq - received - 1) & 1
