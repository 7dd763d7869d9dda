"""Middleware that reads and parses bodies: json, urlencoded, raw, text. The result is `req.body`."""

from ..compat import decode_utf8, json_decode
from ..errors import ProtocolError
from ..http.grammar import decode_latin1, is_digits
from ..http.url import MAX_FIELDS, parse_query
from ..options import read_options, require
from .types import matches_type, split_type

LIMIT = 102400
"""Bytes of a body, unless `limit` says otherwise."""

_UNITS = {'b': 1, 'kb': 1024, 'mb': 1048576, 'gb': 1073741824}


def json(options=None, **kwargs):
    """Parses bodies of JSON. Options: limit (bytes, or text such as '100kb'), type ('json'), strict (True: only
    objects and arrays). ProtocolError 400 for what is not JSON, 413 above the limit, 415 for a charset that is
    not UTF-8. Raises OptionError.
    """
    given = _options('json', {'type': ('json', '+json'), 'strict': True}, options, kwargs)
    return _reader(given, lambda data, charset: _parse_json(data, charset, given['strict']))


def urlencoded(options=None, **kwargs):
    """Parses forms to a dict of str (a list where a field came several times). `extended` is taken for apps that are
    ported, and changes nothing: `a[b]=1` is the field 'a[b]'. Options: limit, type, max_fields.
    ProtocolError and OptionError as from `json`."""
    defaults = {'type': 'application/x-www-form-urlencoded', 'max_fields': MAX_FIELDS, 'extended': False}
    given = _options('urlencoded', defaults, options, kwargs)
    return _reader(given, lambda data, charset: parse_query(_as_text(data, charset), given['max_fields']))


def raw(options=None, **kwargs):
    """Gives bodies as bytes. Options: limit, type ('application/octet-stream'). ProtocolError 413 above the limit, 415
    for a compressed one. Raises OptionError."""
    given = _options('raw', {'type': 'application/octet-stream'}, options, kwargs)
    return _reader(given, lambda data, charset: data)


def text(options=None, **kwargs):
    """Gives bodies as str. Options: limit, type ('text/plain'), default_charset ('utf-8'). ProtocolError and
    OptionError as from `json`."""
    given = _options('text', {'type': 'text/plain', 'default_charset': 'utf-8'}, options, kwargs)
    return _reader(given, lambda data, charset: _as_text(data, charset or given['default_charset']))


def _options(where, defaults, options, kwargs):
    defaults['limit'] = LIMIT
    given = read_options(where, defaults, options, kwargs)
    limit = given['limit'] = _bytes(given['limit'])
    require(where, 'limit', limit, limit is not None and limit > 0, "a number of bytes, or text such as '100kb'")
    wanted = given['type']
    require(where, 'type', wanted, callable(wanted) or isinstance(wanted, (str, list, tuple)), 'a media type')
    return given


def _bytes(limit):
    if isinstance(limit, int):
        return limit
    number = limit.lower().rstrip('kmgb').strip()
    unit = limit.lower()[len(number) :].strip() or 'b'
    return int(number) * _UNITS[unit] if number and is_digits(number.encode()) and unit in _UNITS else None


def _reader(given, parse):
    wanted, limit = given['type'], given['limit']

    def read(req, res, next):
        if req.body_read or not req.head.has_body or not _is_wanted(req, wanted):
            next()
            return
        req.body_read = True
        charset = split_type(req.headers.get('content-type'))[1].get('charset')
        coding = req.headers.get('content-encoding', 'identity').lower()
        if coding != 'identity':
            raise ProtocolError(
                'body.coding', 'bodies are not taken compressed', 'Content-Encoding: ' + coding, 'identity', status=415
            )

        def done(error, data):
            if error is None:
                try:
                    req.body = parse(data, charset)
                except Exception as exc:
                    error = exc
            next(error)

        req.read_body(limit, done)

    return read


def _is_wanted(req, wanted):
    return wanted(req) if callable(wanted) else matches_type(req.headers.get('content-type'), wanted)


def _as_text(data, charset):
    charset = (charset or 'utf-8').lower()
    if charset in ('iso-8859-1', 'latin1'):
        return decode_latin1(data)
    if charset not in ('utf-8', 'utf8', 'us-ascii', 'ascii'):
        raise ProtocolError('body.charset', 'the charset is not served', charset, 'utf-8', status=415)
    try:
        return decode_utf8(data)
    except UnicodeError:
        raise ProtocolError('body.malformed', 'the body is not UTF-8') from None


def _parse_json(data, charset, strict):
    if charset not in (None, 'utf-8', 'utf8', 'us-ascii', 'ascii'):
        raise ProtocolError('body.charset', 'JSON is UTF-8', charset, 'utf-8', status=415)
    document = _as_text(data, None)
    start = document.lstrip(' \t\r\n')[:1]
    if strict and start not in ('{', '['):
        raise ProtocolError('body.malformed', 'the body is no JSON object or array', start, '{ or [', 'strict=False')
    try:
        return json_decode(document)
    except ValueError as exc:
        raise ProtocolError('body.malformed', 'the body is not JSON', str(exc)) from None
