"""Targets of requests: percent-decoding and query strings. Strict UTF-8, bounded."""

from ..compat import decode_utf8
from ..errors import ProtocolError
from .grammar import is_hex

MAX_FIELDS = 1000
"""Fields of one query string or form."""

_UNRESERVED = b'-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

# What stands for itself in a path, beside the slash (RFC 3986 section 3.3, and what browsers leave alone).
_ITSELF = _UNRESERVED + b"!$&'()*+,;=:@|^[]"
_PLAIN = '/' + _ITSELF.decode()


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
    """The one spelling (str) of `path` that routes are compared with; of its own it is the same again.

    What stands for itself is not escaped, all else is, in upper case (RFC 3986 section 6.2.2): /%61%40%c3 is /a@%C3.
    An escaped slash stays one, and what is no escape stays as it is.
    """
    if not path.lstrip(_PLAIN):
        return path
    parts = path.split('%')
    pieces = [_escape_odd(parts[0])]
    open_escape = False  # before this part stands a broken escape that a digit would complete
    for part in parts[1:]:
        digits = part[:2]
        whole = len(digits) == 2 and is_hex(digits.encode())
        pieces.append(_one_spelling(digits, open_escape) + _escape_odd(part[2:]) if whole else '%' + _escape_odd(part))
        open_escape = not whole and is_hex(part.encode())
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


def _one_spelling(digits, open_escape):
    # %%34%31 must not become %41: whoever decodes it would see another path than the routes did.
    byte = int(digits, 16)
    if byte in _ITSELF and not (open_escape and is_hex(bytes((byte,)))):
        return chr(byte)
    return '%' + digits.upper()


def _escape_odd(text):
    # Character for character a long path would take a board 60 ms; there are few different ones.
    odd = text.lstrip(_PLAIN)
    while odd:
        text = text.replace(odd[0], percent_encode(odd[0]))
        odd = text.lstrip(_PLAIN + '%')
    return text
