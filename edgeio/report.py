"""What happens to an exception that nobody catches: it is reported once, with its traceback, and the loop goes on.

A stranger who finds a handler that fails can make it fail as often as he likes, and a serial line takes 11 KB a second:
so only the first reports of a period are printed whole; of the others it is told how many there were, and where.
"""

from .compat import exception_excerpt, print_error
from .quota import Quota

MAX_REPORTS = 10
"""Reports that are printed whole within REPORT_PERIOD; those that follow are counted."""

REPORT_PERIOD = 10000
"""Milliseconds from a period's first report to its end; then the counts are printed, a line for each place. So they are
when the process ends before that."""

MAX_REPORT = 4000
"""Characters of one report's traceback that are printed, from its beginning and its end: an exception may quote what a
stranger sent. (On MicroPython it is bytes of UTF-8.)"""

MAX_PLACES = 16
"""Places that are counted apart; what fails elsewhere is counted together. (A place may be a URL, of a stranger's.)"""

MAX_PLACE = 200
"""Characters of a place that are printed."""


def report(exc, where):
    """Reports `exc`, raised in `where` (words for the reader, such as an event's name)."""
    try:
        on_error(exc, where)
    except Exception as failed:  # the app's own function did, or memory is short: the loop goes on all the same
        _say_that_it_failed(where, failed)


def _say_that_it_failed(where, failed):
    try:
        print_error('edgeio: error in ' + str(where)[:MAX_PLACE] + ', not reported: ' + type(failed).__name__)
    except Exception:
        pass


class _Printer:
    """Prints reports to stderr, a bounded number of them."""

    def __init__(self):
        self._quota = Quota(MAX_REPORTS, REPORT_PERIOD, self._tell)
        self._counts = {}  # place -> how many were not printed
        self._elsewhere = 0  # the same, of places beyond MAX_PLACES

    def __call__(self, exc, where):
        where = str(where)[:MAX_PLACE]
        begins = self._quota.open
        if self._quota.take():
            print_error('edgeio: error in ' + where + ':')
            print_error(_excerpt(exc))
            return
        if begins:
            print_error('edgeio: more errors; only counted for ' + str(self._quota.ms_left) + ' ms')
        self._count(where)

    def end_period(self):
        """Prints what was only counted; what follows is printed whole again."""
        self._quota.end_period()

    def _count(self, where):
        if where in self._counts or len(self._counts) < MAX_PLACES:
            self._counts[where] = self._counts.get(where, 0) + 1
        else:
            self._elsewhere += 1

    def _tell(self):
        counts, self._counts = self._counts, {}
        elsewhere, self._elsewhere = self._elsewhere, 0
        for where in counts:
            print_error(_line(counts[where], where))
        if elsewhere:
            print_error(_line(elsewhere, 'other places'))


def _excerpt(exc):
    beginning, left_out, end = exception_excerpt(exc, MAX_REPORT // 2)
    if left_out:
        beginning += '\n... ' + left_out + ' left out ...\n' + end
    return beginning.rstrip('\n')


def _line(count, where):
    return 'edgeio: ' + str(count) + ' more error' + ('' if count == 1 else 's') + ' in ' + where


print_report = _Printer()
"""Reports to stderr: what `on_error` is unless it is set."""

on_error = print_report
"""Called as on_error(exc, where) for every report; set it to send reports elsewhere."""


def set_on_error(fn=None):
    """Sends reports to `fn(exc, where)` instead of stderr, every one of them: the bound above is that of printing.
    None: to stderr again. Returns what was there before."""
    global on_error
    before, on_error = on_error, fn or print_report
    return before
