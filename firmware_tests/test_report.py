"""Reports on stderr: the first of a period whole, of the others how many there were."""

from edgeio import report

from .harness import same, until


def test_reports_beyond_the_bound_are_counted_by_place():
    before = report.print_error, report.print_exception, report.REPORT_PERIOD
    lines, whole = [], []
    report.print_error, report.print_exception, report.REPORT_PERIOD = lines.append, whole.append, 50
    try:
        printer = report._Printer()
        for n in range(report.MAX_REPORTS + report.MAX_PLACES + 5):
            printer(ValueError('on purpose'), 'place %d' % max(0, n - report.MAX_REPORTS))
        same(len(whole), report.MAX_REPORTS)
        until(lambda: 'edgeio: 5 more errors in other places' in lines, 'the end of the period')
        told = [line for line in lines if ' more error in place ' in line]
        same(len(told), report.MAX_PLACES)
        printer(ValueError('on purpose'), 'place 0')
        same(len(whole), report.MAX_REPORTS + 1)
    finally:
        report.print_error, report.print_exception, report.REPORT_PERIOD = before
