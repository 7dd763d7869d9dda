"""Timers: set_timeout, set_interval, set_immediate and their clear_ twins, run by `iosched`.

Times are milliseconds. A timer never fires early; timers due at the same time fire in the order they were set.
"""

import heapq

from .compat import is_generator, monotonic_ms
from .errors import OptionError
from .report import report

_heap = []  # (due, serial, timer)
_immediates = []
_serial = 0
_cleared = 0

MAX_CLEARED = 64
"""Cleared timers that may wait in the heap before it is rebuilt without them (if they are also the larger half)."""


on_set = None
"""Called after a timer was set, by a loop that waits in the place of `iosched.poll` (asyncio_bridge); None: nobody."""


class Timer:
    """A timer that was set; `clear()` stops it. `interval`: ms between firings, None for a single one.

    Raises OptionError for a callback that cannot be called.
    """

    __slots__ = ('callback', 'args', 'interval')

    def __init__(self, callback, args, interval=None):
        if not callable(callback):
            raise OptionError('timer.callback', 'a timer calls a function', repr(callback), 'something callable')
        self.callback = callback
        self.args = args
        self.interval = interval

    def clear(self):
        """Stops the timer; a timer that fired or was cleared before is left as it is."""
        global _cleared
        if self.callback is not None:
            self.callback = self.args = None
            _cleared += 1
            if _cleared > MAX_CLEARED and _cleared * 2 > len(_heap):
                _rebuild()

    def fire(self):
        """Calls the callback, a coroutine or generator function as a task; an exception from it is reported."""
        callback, args = self.callback, self.args
        if self.interval is None:
            self.callback = self.args = None
        try:
            result = callback(*args)
            if result is not None and is_generator(result):
                _spawn(result, 'a timer')
        except Exception as exc:
            report(exc, 'a timer')


def set_timeout(callback, ms=0, *args):
    """Calls `callback(*args)` once, `ms` milliseconds from now; returns the Timer. OptionError as from Timer."""
    timer = Timer(callback, args)
    _push(monotonic_ms() + max(0, int(ms)), timer)
    return timer


def set_interval(callback, ms, *args):
    """Calls `callback(*args)` every `ms` milliseconds (1 at least); returns the Timer. OptionError as from Timer."""
    timer = Timer(callback, args, max(1, int(ms)))
    _push(monotonic_ms() + timer.interval, timer)
    return timer


def set_immediate(callback, *args):
    """Calls `callback(*args)` at the end of this turn of the loop, after its I/O; returns the Timer. OptionError as
    from Timer."""
    timer = Timer(callback, args)
    _immediates.append(timer)
    if on_set is not None:
        on_set()
    return timer


def clear_timeout(timer):
    """Stops `timer`; None and a timer that fired already are fine. Also named clear_interval, clear_immediate."""
    if timer is not None:
        timer.clear()


clear_interval = clear_immediate = clear_timeout


def next_wait():
    """Milliseconds until the next timer is due (0: now), None where there is none."""
    if _immediates:
        return 0
    if not _heap:
        return None
    wait = _heap[0][0] - monotonic_ms()
    return wait if wait > 0 else 0


def run_due():
    """Fires what is due. Timers set by a callback fire in a later turn at the earliest."""
    if _immediates:
        _run_immediates()
    if _heap and _heap[0][0] <= monotonic_ms():
        _run_heap(monotonic_ms(), _serial)


def count():
    """How many timers are set and not cleared."""
    return sum(t.callback is not None for t in [entry[2] for entry in _heap] + _immediates)


def _run_immediates():
    # Only what has run, or was cleared, is taken out: an interrupt in one loses none of the others.
    global _immediates
    for timer in _immediates[:]:
        if timer.callback is not None:
            timer.fire()
    _immediates = [timer for timer in _immediates if timer.callback is not None]


def _run_heap(now, newest):
    # A timer set while this runs has a serial above `newest` and waits, so that a callback which sets a timer of
    # 0 ms cannot keep the loop here for ever. It comes behind all that are due: they were due before it was set.
    global _cleared
    while _heap and _heap[0][0] <= now and _heap[0][1] <= newest:
        due, _, timer = heapq.heappop(_heap)
        if timer.callback is None:
            _cleared = max(0, _cleared - 1)
            continue
        if timer.interval is not None:
            # Firings missed while the loop was busy are not made up for.
            _push(max(due + timer.interval, now + 1), timer)
        timer.fire()


def _push(due, timer):
    global _serial
    _serial += 1
    heapq.heappush(_heap, (due, _serial, timer))
    if on_set is not None:
        on_set()


def _rebuild():
    global _cleared
    kept = [entry for entry in _heap if entry[2].callback is not None]
    _heap[:] = kept
    heapq.heapify(_heap)
    _cleared = 0


def _spawn(coro, where):
    from .tasks import spawn  # tasks are made of timers, so they come after them

    spawn(coro, where)
