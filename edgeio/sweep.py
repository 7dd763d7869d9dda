"""Many deadlines, one timer: a timing wheel for heartbeats, idle connections and the like.

A thousand clients need no thousand timers. Each item sits in the bucket of its deadline; when the bucket is due,
its items are asked, and one whose deadline has moved on goes to a later bucket. Moving a deadline later is
therefore only an assignment in the item: no work at all per message.
"""

from .compat import monotonic_ms
from .report import report
from .timers import set_timeout


class Sweep:
    """Calls `item.on_deadline(now)` once its deadline has come; ms.

    The call returns the item's next deadline, or None to be watched no longer. An item has a slot `bucket`, which
    belongs to the sweep (None while it is not watched). `tick`: how many ms late a call may be; buckets are as
    wide as that.
    """

    def __init__(self, tick):
        self.tick = max(1, int(tick))
        self._buckets = {}
        self._timer = None
        self._next = 0

    def watch(self, item, due):
        """Watches `item` until `due` (ms, as monotonic_ms); an item already watched is moved."""
        if item.bucket is not None:
            self.drop(item)
        number = -(-due // self.tick)
        item.bucket = number
        bucket = self._buckets.get(number)
        if bucket is None:
            bucket = self._buckets[number] = set()
            if self._timer is None or number < self._next:
                self._wake_at(number)
        bucket.add(item)

    def drop(self, item):
        """Stops watching `item`; fine for one that is not watched."""
        bucket = self._buckets.get(item.bucket)
        item.bucket = None
        if bucket is not None:
            bucket.discard(item)

    def close(self):
        """Stops watching everything."""
        for bucket in self._buckets.values():
            for item in bucket:
                item.bucket = None
            bucket.clear()
        self._buckets.clear()
        if self._timer is not None:
            self._timer.clear()
            self._timer = None

    def __len__(self):
        return sum(len(bucket) for bucket in self._buckets.values())

    def _wake_at(self, number):
        if self._timer is not None:
            self._timer.clear()
        self._next = number
        self._timer = set_timeout(self._run, number * self.tick - monotonic_ms())

    def _run(self):
        self._timer = None
        now = monotonic_ms()
        for number in sorted(n for n in self._buckets if n * self.tick <= now):
            # The bucket stays where `drop` and `close` find it, so that an item's call may stop others.
            bucket = self._buckets.get(number)
            while bucket:
                self._ask(bucket.pop(), now)
            self._buckets.pop(number, None)
        if self._buckets:
            self._wake_at(min(self._buckets))

    def _ask(self, item, now):
        item.bucket = None
        try:
            due = item.on_deadline(now)
        except Exception as exc:
            report(exc, 'a deadline of ' + type(item).__name__)
            return
        if due is not None:
            self.watch(item, max(due, now + 1))
