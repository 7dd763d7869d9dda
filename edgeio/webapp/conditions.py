"""Conditional and range requests (RFC 9110 sections 13 and 14). ETags here are strong."""

from ..http.date import parse_http_date
from ..http.grammar import is_digits

MAX_DIGITS = 15
"""Digits of a position in a Range."""


def precondition_fails(headers, etag, modified):
    """True where If-Match or If-Unmodified-Since says that the client wants another version: 412.

    etag: the current one (str) or None; modified: seconds since 1970 or None.
    """
    wanted = headers.get('if-match')
    if wanted is not None:
        return etag is None or not _lists(wanted, etag, False)
    since = _date(headers, 'if-unmodified-since')
    return since is not None and modified is not None and modified > since


def is_not_modified(headers, etag, modified):
    """True where the client has the current version: 304. If-None-Match counts before If-Modified-Since."""
    known = headers.get('if-none-match')
    if known is not None:
        return etag is not None and _lists(known, etag, True)
    since = _date(headers, 'if-modified-since')
    return since is not None and modified is not None and modified <= since


def wanted_range(headers, etag, modified, size):
    """(start, length) of the one part that is asked for; None: all of it; (): a part that is not there, 416.

    Several parts are answered with all of it, as RFC 9110 section 14.2 allows: nobody gets many small parts of a
    large file for one short request.
    """
    value = headers.get('range')
    if value is None or not value.startswith('bytes=') or ',' in value:
        return None
    if not _is_current(headers.get('if-range'), etag, modified):
        return None
    first, dash, last = value[6:].strip().partition('-')
    first, last = first.strip(), last.strip()
    if not dash or not _is_number(first or '0') or not _is_number(last or '0') or not (first or last):
        return None  # malformed: as if it were not there
    if not first:
        length = min(int(last), size)
        return (size - length, length) if length else ()
    start = int(first)
    stop = min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    return (start, stop - start + 1) if start < size else ()


def _is_current(condition, etag, modified):
    """Whether If-Range names the current version: by its strong ETag, or by the very date (section 13.1.5)."""
    if condition is None:
        return True
    if condition.startswith('"'):
        return condition == etag
    date = parse_http_date(condition)
    return date is not None and date == modified


def _lists(value, etag, weak):
    """Whether a list of entity tags has `etag`; `weak`: W/"x" is the same as "x"."""
    if value.strip() == '*':
        return True
    for item in value.split(','):
        item = item.strip()
        if item == etag or (weak and item == 'W/' + etag):
            return True
    return False


def _date(headers, name):
    value = headers.get(name)
    return None if value is None else parse_http_date(value)


def _is_number(text):
    return len(text) <= MAX_DIGITS and is_digits(text.encode())
