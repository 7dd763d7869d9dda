"""The head of a request: request line and header fields, parsed, checked and summed up in a `Head`.

Clients on a kept-alive connection send the same bytes again and again. Heads, and the header blocks under changing
targets, are therefore remembered by their bytes: nothing is parsed or checked twice that was right the first time.
"""

from ..errors import ProtocolError
from .grammar import (
    decode_latin1,
    encode_latin1,
    has_bare_line_end,
    is_digits,
    is_field_lines,
    is_field_text,
    is_host,
    is_target,
    is_token,
)
from .headers import Headers
from .limits import MAX_DRAIN
from .url import split_target

MAX_REMEMBERED = 32
"""Heads, and header blocks, that one server remembers."""

MAX_REMEMBERED_BYTES = 1024
"""Bytes of the longest head, or header block, that is remembered."""

MAX_REMEMBERED_NAME = 64
"""Characters of the longest name of a field that is remembered."""

_VERSIONS = {b'HTTP/1.1': '1.1', b'HTTP/1.0': '1.0'}


class Head:
    """What a request's head says. Shared between requests: never changed once it is made.

    method, url, path, query_string, version ('1.1' or '1.0'), host (str or None), headers;
    length: bytes of body announced (0 for none); chunked; has_body; raw: the bytes it was made of;
    keep_alive: the connection may serve another request; expects_continue;
    upgrade: the protocol asked for ('websocket'; '' for none);
    plain: a response to it needs no other framing than its Content-Length, even if it comes before the body;
    engine, plan: what server and app found for it, kept here so that they look for it once (None: not looked for).
    """

    __slots__ = (
        'method',
        'url',
        'path',
        'query_string',
        'version',
        'host',
        'headers',
        'length',
        'chunked',
        'has_body',
        'keep_alive',
        'expects_continue',
        'upgrade',
        'plain',
        'raw',
        'engine',
        'plan',
    )

    def __init__(self, line, fields):
        self.method, self.url, self.version, authority = line
        self.path, self.query_string = split_target(self.url)
        self.headers = fields.headers
        # The authority of an absolute-form target counts, whatever Host says (RFC 9112 section 3.2.2).
        self.host = fields.host if authority is None else authority
        self.length = fields.length
        self.chunked = fields.chunked
        self.has_body = fields.chunked or fields.length > 0
        current = self.version == '1.1'
        _check_version(current, fields)
        self.keep_alive = not fields.close if current else fields.keep_alive and not fields.close
        self.expects_continue = current and fields.expects_continue
        self.upgrade = fields.upgrade if current and not self.has_body else ''
        self.plain = current and self.keep_alive and self.method != 'HEAD' and not self.expects_continue
        self.plain = self.plain and self.length <= MAX_DRAIN
        self.engine = self.plan = None


class Fields:
    """A header block, parsed. As in `Head`; close, keep_alive: whether Connection names them."""

    __slots__ = ('headers', 'host', 'length', 'chunked', 'close', 'keep_alive', 'expects_continue', 'upgrade')


class Heads:
    """Parses heads for one server, and remembers them. limits: options with the names of `limits.DEFAULTS`."""

    __slots__ = ('seen', '_blocks', '_max_headers')

    def __init__(self, limits):
        self.seen = {}  # the bytes of a whole request without body -> Head
        self._blocks = {}  # the bytes of a header block -> Fields
        self._max_headers = limits['max_headers']

    def forget(self):
        """Forgets the heads of whole requests: what was found for them may be another from now on."""
        self.seen.clear()

    def parse(self, data, start, line_end, end):
        """The Head in `data[start:end]`, whose request line ends at `line_end` and which ends with an empty line.

        Raises ProtocolError for anything that RFC 9112 does not allow.
        """
        if has_bare_line_end(data, start, end):
            raise ProtocolError('http.bare_line_end', 'a line of the head ends with a bare CR or LF', None, 'CR LF')
        block = data[line_end + 2 : end - 2]
        fields = self._blocks.get(block)
        if fields is None:
            fields = parse_block(block, self._max_headers)
            # A handshake's block has its own key: it never comes again.
            if len(block) <= MAX_REMEMBERED_BYTES and not fields.upgrade:
                _remember(self._blocks, block, fields)
        head = Head(parse_line(data[start:line_end]), fields)
        head.raw = data[start:end]
        if start == 0 and end == len(data) and end <= MAX_REMEMBERED_BYTES and _repeats(head):
            _remember(self.seen, data, head)
        return head


def parse_again(raw):
    """The Head of bytes that were a valid head before."""
    line_end = raw.find(b'\r\n')
    head = Head(parse_line(raw[:line_end]), parse_block(raw[line_end + 2 : -2], len(raw)))
    head.raw = raw
    return head


def parse_line(line):
    """(method, url, version, authority or None) of a request line without its CRLF (RFC 9112 section 3)."""
    parts = line.split(b' ')
    if len(parts) != 3:
        raise _bad_line('http.bad_request_line', line, 'METHOD TARGET VERSION, one space between them')
    method, target, version = parts
    if not method or not is_token(method):
        raise _bad_line('http.bad_method', method, 'a token such as GET')
    if version not in _VERSIONS:
        raise _bad_version(version)
    if not target or not is_target(target):
        raise _bad_line('http.bad_target', target, 'visible ASCII characters without #')
    url, authority = _take_apart(method, target)
    return decode_latin1(method), decode_latin1(url), _VERSIONS[version], authority


def parse_block(block, max_headers):
    """The Fields of a header block: lines that end with CRLF each, or nothing (RFC 9112 section 5)."""
    fields = Fields()
    pairs = parse_fields(block, max_headers)
    headers = fields.headers = Headers(tuple(pairs))
    fields.length, fields.chunked = _framing(headers)
    fields.host = _host(headers)
    connection = _words(headers.get('connection', ''))
    fields.close = 'close' in connection
    fields.keep_alive = 'keep-alive' in connection
    fields.expects_continue = _expects_continue(headers)
    fields.upgrade = headers.get('upgrade', '').lower() if 'upgrade' in connection else ''
    return fields


def parse_fields(block, max_headers):
    """[(name in lower case, value)] of field lines. ProtocolError where one is not to the letter."""
    if not block:
        return []
    lines = decode_latin1(block[:-2]).split('\r\n')
    if len(lines) > max_headers:
        raise ProtocolError(
            'http.too_many_headers', 'too many header fields', len(lines), max_headers, 'max_headers', status=431
        )
    if not is_field_lines(block):
        for line in block[:-2].split(b'\r\n'):
            _check_value(line)
    pairs = []
    for line in lines:
        name, colon, value = line.partition(':')
        pairs.append((colon and _names.get(name) or _learn_name(name, line), value.strip(' \t')))
    return pairs


_names = {}  # names as they were spelled -> in lower case


def _learn_name(name, line):
    """`name` in lower case, where it is a token that a colon follows: not so in a folded line, or with a space before
    the colon (sections 5.1 and 5.2). Both are read differently by different servers, which is how requests are
    smuggled."""
    if not name or len(name) == len(line) or not is_token(name.encode()):
        expected = 'NAME: VALUE, no space in or after the name, no folded lines'
        raise _bad_line('http.bad_header', encode_latin1(line), expected)
    lower = name.lower()
    if len(name) <= MAX_REMEMBERED_NAME:
        _remember(_names, name, lower)
    return lower


def _check_value(line):
    colon = line.find(b':')
    if colon > 0 and is_token(line[:colon]) and not is_field_text(line[colon + 1 :]):
        raise _bad_line('http.bad_header_value', line, 'no control characters')


def _take_apart(method, target):
    """(path and query, authority) of a target in any of its four forms (RFC 9112 section 3.2)."""
    if method == b'CONNECT':
        raise ProtocolError('http.connect', 'this server is no proxy', 'CONNECT', status=501)
    if target[:1] == b'/':
        return target, None
    if target == b'*' and method == b'OPTIONS':
        return target, None
    scheme, separator, rest = target.partition(b'://')
    if separator and scheme.lower() in (b'http', b'https'):
        slash = _first(rest, b'/?')
        authority = rest[:slash]
        if is_host(authority):
            path = rest[slash:]
            return path if path[:1] == b'/' else b'/' + path, decode_latin1(authority)
    raise _bad_line('http.bad_target', target, '/path, http://host/path, or * with OPTIONS')


def _first(data, wanted):
    """Where the first of the bytes `wanted` stands in `data`; its length where none does."""
    found = [at for at in (data.find(wanted[i : i + 1]) for i in range(len(wanted))) if at >= 0]
    return min(found) if found else len(data)


def _framing(headers):
    """(length, chunked) of the body (RFC 9112 section 6). Whatever two servers could read differently is refused."""
    lengths = headers.get_all('content-length')
    codings = headers.get_all('transfer-encoding')
    if codings:
        if lengths:
            raise ProtocolError('http.two_lengths', 'Content-Length and Transfer-Encoding exclude each other')
        if len(codings) > 1 or codings[0].lower() != 'chunked':
            raise ProtocolError('http.bad_coding', 'unknown transfer coding', ', '.join(codings), 'chunked')
        return 0, True
    if not lengths:
        return 0, False
    value = lengths[0]
    if len(lengths) > 1 or not value or len(value) > 15 or not is_digits(value.encode()):
        raise ProtocolError('http.bad_length', 'Content-Length is not usable', ', '.join(lengths), 'one number')
    return int(value), False


def _host(headers):
    host = headers.get('host')  # several are joined by commas, which no host has
    if host is not None and not is_host(host.encode()):
        raise ProtocolError('http.bad_host', 'the Host field is not usable', host, 'one host[:port]')
    return host


def _check_version(current, fields):
    if current and fields.host is None:
        raise ProtocolError('http.no_host', 'an HTTP/1.1 request has a Host field', 'none', 'Host: name')
    if fields.chunked and not current:
        # RFC 9112 section 6.1: the framing of such a message is faulty.
        raise ProtocolError('http.bad_coding', 'HTTP/1.0 has no transfer codings', 'Transfer-Encoding: chunked')


def _expects_continue(headers):
    expected = headers.get('expect')
    if expected is None:
        return False
    if expected.lower() != '100-continue':
        raise ProtocolError('http.expectation', 'unknown expectation', expected, '100-continue', status=417)
    return True


def _repeats(head):
    """True for a request that may well come again byte for byte."""
    return not (head.has_body or head.query_string or head.upgrade)


def _remember(table, key, value):
    if len(table) >= MAX_REMEMBERED:
        table.clear()
    table[key] = value


def _words(value):
    return [word.strip(' \t') for word in value.lower().split(',')]


def _bad_version(version):
    digits = version[5:]
    well_formed = version[:5] == b'HTTP/' and len(digits) == 3 and digits[1:2] == b'.'
    if well_formed and is_digits(digits[:1]) and is_digits(digits[2:]):
        return ProtocolError(
            'http.version', 'this version of HTTP is not served', decode_latin1(version), 'HTTP/1.1 or 1.0', status=505
        )
    return _bad_line('http.bad_version', version, 'HTTP/1.1')


def _bad_line(code, seen, expected):
    return ProtocolError(code, 'the request is malformed', repr(seen), expected)
