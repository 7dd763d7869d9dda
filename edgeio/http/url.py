"""Targets of requests: percent-decoding and query strings. Strict UTF-8, bounded."""

from ..compat import decode_utf8
from ..errors import ProtocolError
from .grammar import is_hex

MAX_FIELDS = 1000
"""Fields of one query string or form."""

_UNRESERVED = b'-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'


def percent_decode(text, plus=False):
    """`text` (str) with its %XX escapes decoded; `plus`: a '+' is a space, as in forms.

    Raises ProtocolError `http.bad_escape` for a broken escape and for bytes that are not UTF-8.
    """
    if '%' not in text:
        return text.replace('+', ' ') if plus and '+' in text else text
    data = text.encode()
    if plus:
        data = data.replace(b'+', b' ')
    parts = data.split(b'%')
    pieces = [parts[0]]
    for part in parts[1:]:
        digits = part[:2]
        if len(digits) != 2 or not is_hex(digits):
            raise _bad_escape(text, '%XX, two hexadecimal digits')
        pieces.append(bytes((int(digits, 16),)))
        pieces.append(part[2:])
    try:
        return decode_utf8(b''.join(pieces))
    except UnicodeError:
        raise _bad_escape(text, 'escapes that are UTF-8') from None


def percent_encode(text, safe=b'/'):
    """`text` (str) with every byte of its UTF-8 form escaped but letters, digits, '-._~' and `safe`."""
    out = []
    for byte in text.encode():
        if byte in _UNRESERVED or byte in safe:
            out.append(chr(byte))
        else:
            out.append('%%%02X' % byte)
    return ''.join(out)


def normalise(path):
    """`path` with the escapes decoded that need none (RFC 3986 section 6.2.2.2): /%61 is /a, on every way to it."""
    if '%' not in path:
        return path
    parts = path.split('%')
    pieces = [parts[0]]
    for part in parts[1:]:
        digits = part[:2]
        value = int(digits, 16) if len(digits) == 2 and is_hex(digits.encode()) else 0
        pieces.append(chr(value) + part[2:] if value in _UNRESERVED and value else '%' + part)
    return ''.join(pieces)


def split_target(target):
    """(path, query string) of a target: '/a?b=c' -> ('/a', 'b=c')."""
    mark = target.find('?')
    return (target, '') if mark < 0 else (target[:mark], target[mark + 1 :])


def parse_query(text, max_fields=MAX_FIELDS):
    """A dict of the fields of 'a=1&b=2'. A field that came several times has a list of its values.

    Raises ProtocolError: `http.bad_escape`, or `http.query_fields` above `max_fields`.
    """
    fields = {}
    if not text:
        return fields
    if text.count('&') >= max_fields:
        raise ProtocolError('http.query_fields', 'too many fields', text.count('&') + 1, max_fields)
    plain = '%' not in text and '+' not in text
    for part in text.split('&'):
        if part:
            name, _, value = part.partition('=')
            if not plain:
                name, value = percent_decode(name, True), percent_decode(value, True)
            if name in fields:
                _add(fields, name, value)
            else:
                fields[name] = value
    return fields


def _add(fields, name, value):
    before = fields.get(name)
    if before is None:
        fields[name] = value
    elif isinstance(before, list):
        before.append(value)
    else:
        fields[name] = [before, value]


def _bad_escape(text, expected):
    return ProtocolError('http.bad_escape', 'the URL has a broken escape', text, expected)
