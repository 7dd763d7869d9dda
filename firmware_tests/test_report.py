"""Reports on stderr: the first of a period whole, of the others how many there were; of a long one its two ends."""

from edgeio import report

from .harness import same, until


class _Printed:
    """The lines that a printer of the test's own prints; its period is `period` ms."""

    def __init__(self, period):
        self.lines = []
        self._before = report.print_error, report.REPORT_PERIOD
        report.print_error, report.REPORT_PERIOD = self.lines.append, period
        self.printer = report._Printer()

    def whole(self):
        """How many reports were printed whole."""
        return len([line for line in self.lines if line.endswith('ValueError: on purpose')])

    def stop(self):
        self.printer.end_period()
        report.print_error, report.REPORT_PERIOD = self._before


def test_reports_beyond_the_bound_are_counted_by_place():
    printed = _Printed(50)
    try:
        for n in range(report.MAX_REPORTS + report.MAX_PLACES + 5):
            printed.printer(ValueError('on purpose'), 'place %d' % max(0, n - report.MAX_REPORTS))
        same(printed.whole(), report.MAX_REPORTS)
        until(lambda: 'edgeio: 5 more errors in other places' in printed.lines, 'the end of the period')
        told = [line for line in printed.lines if ' more error in place ' in line]
        same(len(told), report.MAX_PLACES)
        printed.printer(ValueError('on purpose'), 'place 0')
        same(printed.whole(), report.MAX_REPORTS + 1)
    finally:
        printed.stop()


def test_of_a_long_report_the_beginning_and_the_end_are_printed():
    printed = _Printed(50000)
    try:
        for long in ('x' * 100000, '\xe4' * 50000, '\U0001f600' * 30000):
            try:
                raise KeyError(long + 'the end')
            except KeyError as exc:
                printed.printer(exc, 'here')
            text = printed.lines.pop()
            beginning, _, rest = text.partition('\n... ')
            count, _, end = rest.partition(' characters left out ...\n')
            assert beginning.startswith('Traceback') and 'KeyError: ' in beginning and long[0] in beginning, beginning
            assert end.strip("'").endswith('the end'), end
            assert len(text) < report.MAX_REPORT + 60 and 20000 < int(count) < 200000, (len(text), count)
    finally:
        printed.stop()


def test_values_inside_of_others_are_cut_too():
    printed = _Printed(50000)
    try:
        printed.printer(ValueError(['x' * 100000], 1), 'here')
        text = printed.lines[-1]
        assert 'ValueError: ' in text and ' characters left out ...' in text and len(text) < report.MAX_REPORT + 60
    finally:
        printed.stop()
