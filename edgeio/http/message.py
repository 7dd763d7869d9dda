"""The head of a response as bytes: status line, Date, fields. Heads that repeat within a second are made once."""

from ..compat import unix_ms
from ..errors import OptionError
from ..timers import set_timeout
from .date import http_date
from .grammar import encode_latin1, is_field_text, is_token
from .status import reason

MAX_REMEMBERED = 64
"""Response heads that are remembered, for a second at most: the Date in them ends their use."""

MAX_REMEMBERED_BYTES = 512
"""Bytes of a head that is remembered: a longer one is rare, and may have in it what a stranger sent."""

_made = {}
_date = b''


def response_head(status, message, fields):
    """Status line, Date and `fields` as bytes, each line with its CRLF; the framing and the empty line are missing.

    status: int; message: reason phrase or None; fields: {lower-case name: (name, value or tuple of values)} or None.
    """
    if fields is None:
        key = status if message is None else (status, message)
    else:
        key = (status, message) + tuple(fields.values())
    head = _made.get(key)
    if head is None:
        head = _make(status, message, fields or {})
        if len(head) <= MAX_REMEMBERED_BYTES:
            if len(_made) >= MAX_REMEMBERED:
                _made.clear()
            _made[key] = head
    return head


def check_field(name, value):
    """`value` as text for a header line (tuple of texts for a list). OptionError where name or value would not be
    one line of one header (RFC 9110 section 5): a response cannot be split by what an app passes on.
    """
    if not isinstance(name, str) or not name or not is_token(name.encode()):
        raise OptionError('http.header_name', 'a header name is a token', repr(name), 'such as X-Name')
    if isinstance(value, (list, tuple)):
        return tuple([_check_value(name, item) for item in value])
    return _check_value(name, value)


def _check_value(name, value):
    text = value if isinstance(value, str) else str(value)
    try:
        data = encode_latin1(text)
    except UnicodeError:
        raise _bad_value(name, text, 'characters up to U+00FF; encode others, such as with percent_encode') from None
    if not is_field_text(data):
        raise _bad_value(name, text, 'one line without control characters')
    return text


def _bad_value(name, text, expected):
    return OptionError('http.header_value', 'the value of ' + name + ' does not fit in a header', repr(text), expected)


def _check_status(status, message):
    if not isinstance(status, int) or not 200 <= status <= 999:
        raise OptionError('http.status', 'a response has a status code from 200 to 999', repr(status))
    if message is not None and not _is_phrase(message):
        raise OptionError('http.status', 'a reason phrase is one line of characters up to U+00FF', repr(message))


def _is_phrase(message):
    try:
        return is_field_text(encode_latin1(message))
    except UnicodeError:
        return False


def _make(status, message, fields):
    _check_status(status, message)
    lines = ['HTTP/1.1 ' + str(status) + ' ' + (reason(status) if message is None else message)]
    for name, value in fields.values():
        for item in value if isinstance(value, tuple) else (value,):
            lines.append(name + ': ' + item)
    lines.append('')
    head = encode_latin1('\r\n'.join(lines))
    return head if 'date' in fields else head + _date_line()


def _date_line():
    global _date
    if not _date:
        now = unix_ms()
        _date = b'Date: ' + http_date(now // 1000).encode() + b'\r\n'
        # One timer for each second in which something is served; none while nothing is.
        set_timeout(_forget, 1000 - now % 1000)
    return _date


def _forget():
    global _date
    _date = b''
    _made.clear()
