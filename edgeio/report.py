"""What happens to an exception that nobody catches: it is reported once, with its traceback, and the loop goes on."""

from .compat import print_error, print_exception


def report(exc, where):
    """Reports `exc`, raised in `where` (words for the reader, such as an event's name)."""
    on_error(exc, where)


def _print(exc, where):
    print_error('edgeio: error in ' + str(where) + ':')
    print_exception(exc)


on_error = _print
"""Called as on_error(exc, where) for every report; set it to send reports elsewhere."""


def set_on_error(fn=None):
    """Sends reports to `fn(exc, where)` instead of stderr; None: to stderr again. Returns what was there before."""
    global on_error
    before, on_error = on_error, fn or _print
    return before
