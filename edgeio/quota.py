"""So much in a period, and the rest left out: what is printed because of strangers, to a console that is slow."""

from .compat import at_exit, monotonic_ms


class Quota:
    """`most` (lines, characters, ...) in a period of `period` ms, which begins with what is first taken.

    Once there is no room nothing more is taken until the period is over. Then, or when the process ends before that,
    `tell()` is called, to say what was left out. (A signal that nothing handles leaves no moment for it.)
    """

    def __init__(self, most, period, tell):
        self._most = most
        self._period = period
        self._tell = tell
        self._room = 0
        self._end = 0  # of the period (ms)
        self._timer = None  # while something is left out
        self._watched = False  # the end of the process is

    def take(self, count=1):
        """True where there is room for `count` more, and takes it."""
        now = monotonic_ms()
        if now >= self._end:
            self.end_period()
            self._end = now + self._period
            self._room = self._most
        if self._timer is not None:
            return False
        if count > self._room:
            self._begin_to_leave_out()
            return False
        self._room -= count
        return True

    @property
    def ms_left(self):
        """Milliseconds until the period is over (0: it is)."""
        return max(0, self._end - monotonic_ms())

    @property
    def open(self):
        """False while everything is left out."""
        return self._timer is None or monotonic_ms() >= self._end

    def end_period(self):
        """What follows belongs to another period."""
        self._end = 0
        if self._timer is not None:
            self._timer.clear()
            self._timer = None
            self._tell()

    def _begin_to_leave_out(self):
        from .timers import set_timeout  # timers report, and reports have a quota

        self._timer = set_timeout(self.end_period, self.ms_left)
        if not self._watched:
            self._watched = True
            at_exit(self.end_period)
