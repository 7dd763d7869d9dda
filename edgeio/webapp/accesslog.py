"""Middleware that writes a line for each response: who asked for what, and how it was answered.

    app.use(access_log())                            127.0.0.1 - - [24/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 30
    app.use(access_log('tiny'))                      GET / 200 30 - 1 ms
    app.use(access_log(':method :url :status :req[user-agent]'))

A stranger decides how many lines there are, and how long; whoever prints them waits for a serial line, which takes
11 KB a second. So both are bounded: a value is cut, and beyond so many characters a second responses are only counted.
"""

from ..compat import monotonic_ms, unix_ms
from ..errors import OptionError
from ..http.date import http_date
from ..options import read_options, require
from ..quota import Quota

FORMATS = {
    'common': ':remote-addr - :remote-user [:date] ":method :url HTTP/:http-version" :status :length',
    'combined': ':remote-addr - :remote-user [:date] ":method :url HTTP/:http-version" :status :length '
    '":req[referer]" ":req[user-agent]"',
    'tiny': ':method :url :status :length - :response-time ms',
}

MAX_VALUE = 256
"""Characters of one value that are shown, and `...` where it is longer, unless the option max_value says otherwise."""

MAX_PER_SECOND = 4000
"""Characters of lines that are written in a second, unless the option max_per_second says otherwise."""

PERIOD = 1000
"""Milliseconds from a line to when those left out since are told."""

DEFAULTS = {
    'format': 'common',  # a name of FORMATS, text with tokens, or a function (req, res, ms) that gives the line
    'write': print,  # write(line): where it goes
    'skip': None,  # skip(req, res): true for what is not to be logged
    'max_value': MAX_VALUE,  # 0: no bound
    'max_per_second': MAX_PER_SECOND,  # 0: no bound
}


def access_log(format=None, options=None, **kwargs):
    """`fn(req, res, next)`. format: see FORMATS and TOKENS; options: format, write(line), skip(req, res), max_value and
    max_per_second (characters; 0: no bound).

    A response that broke off has the status `-`. Those beyond `max_per_second` are counted, and told by a line when the
    second is over. OptionError for a token that there is not, and for a bound that is no number.
    """
    given = read_options('access_log', DEFAULTS, options, kwargs)
    for name in ('max_value', 'max_per_second'):
        bound = given[name]
        require('access_log', name, bound, isinstance(bound, int) and bound >= 0, 'characters (int); 0: no bound')
    wanted = given['format'] if format is None else format
    make_line = wanted if callable(wanted) else _compile(FORMATS.get(wanted, wanted), given['max_value'])
    skip, entries = given['skip'], _Log(make_line, given['write'], given['max_per_second'])

    def log(req, res, next):
        started = monotonic_ms()

        def closed(reason):
            # Everything a line is made of is known now, and not before.
            if skip is None or not skip(req, res):
                entries.add(req, res, monotonic_ms() - started)

        res.not_plain()
        res.on('close', closed)
        next()

    return log


class _Log:
    """Makes lines and writes them, `most` characters in a period (0: no bound); the others are counted."""

    def __init__(self, make_line, write, most):
        self._make_line = make_line
        self._write = write
        self._most = most
        self._quota = Quota(most, PERIOD, self._tell) if most else None
        self._left_out = 0

    def add(self, req, res, ms):
        """A response is over, `ms` after its request."""
        quota, most = self._quota, self._most
        if quota is None:
            self._write(self._make_line(req, res, ms))
            return
        if quota.open:
            line = _cut(self._make_line(req, res, ms), most)
            if quota.take(min(len(line), most)):
                self._write(line)
                return
        self._left_out += 1

    def _tell(self):
        left_out, self._left_out = self._left_out, 0
        more = ' more response (' if left_out == 1 else ' more responses ('
        self._write('access log: ' + str(left_out) + more + 'max_per_second)')


def _cut(text, most):
    return text[:most] + '...' if len(text) > most else text


def _compile(text, most):
    """The function that makes a line of `text`: what stands between the tokens is kept as it is. most: characters of
    one value (0: no bound)."""
    pieces = []
    while text:
        before, colon, rest = text.partition(':')
        pieces.append(before)
        if not colon:
            break
        name = _leading_name(rest)
        rest = rest[len(name) :]
        if name not in TOKENS:
            if name:
                known = ', '.join([':' + token for token in sorted(TOKENS)])
                raise OptionError('access_log.token', 'no such token', ':' + name, known, 'format')
            pieces.append(':')
        elif rest[:1] == '[' and name in _WITH_ARGUMENT:
            argument, _, rest = rest[1:].partition(']')
            pieces.append((TOKENS[name], argument))
        else:
            pieces.append((TOKENS[name], None))
        text = rest
    return lambda req, res, ms: ''.join([p if isinstance(p, str) else _shown(p, req, res, ms, most) for p in pieces])


def _leading_name(text):
    end = 0
    while end < len(text) and ('a' <= text[end] <= 'z' or text[end] == '-'):
        end += 1
    return text[:end]


def _shown(piece, req, res, ms, most):
    value = piece[0](req, res, ms, piece[1])
    if value is None or value == '':
        return '-'
    text = str(value)
    most = most or 6 * len(text)  # an escape is as long as that
    return _cut(''.join([c if ' ' <= c <= '~' and c not in '"\\' else _escaped(c) for c in text[: most + 1]]), most)


def _escaped(character):
    # What a client sends must not look like a line of its own, end the quotes it stands in, command a terminal (C0,
    # C1) or turn the direction of the text around it (Unicode TR9); nor must it look like one of these escapes.
    code = ord(character)
    if code < 0xA0:
        return '\\x%02x' % code
    if 0x2028 <= code <= 0x202E or 0x2066 <= code <= 0x2069 or code in (0x200E, 0x200F):
        return '\\u%04x' % code
    return character


def _remote_user(req, res, ms, argument):
    auth, eos = getattr(req, 'auth', None), getattr(req, 'eos', None)
    return auth.name if auth is not None else eos.user.acoid if eos is not None else None


def _date(req, res, ms, argument):
    # Tue, 24 Nov 2026 10:00:00 GMT -> 24/Nov/2026:10:00:00 +0000
    _, day, month, year, time, _ = http_date(unix_ms() // 1000).split(' ')
    return day + '/' + month + '/' + year + ':' + time + ' +0000'


TOKENS = {
    'method': lambda req, res, ms, argument: req.method,
    'url': lambda req, res, ms, argument: getattr(req, 'original_url', req.url),
    'status': lambda req, res, ms, argument: res.status_code if res.headers_sent else None,
    'length': lambda req, res, ms, argument: res.written,
    'response-time': lambda req, res, ms, argument: ms,
    'remote-addr': lambda req, res, ms, argument: req.ip,
    'remote-user': _remote_user,
    'date': _date,
    'http-version': lambda req, res, ms, argument: req.http_version,
    'req': lambda req, res, ms, argument: req.headers.get(argument),
    'res': lambda req, res, ms, argument: res.get_header(argument),
}
"""What a format may name: token(req, res, ms, argument); None is shown as a dash."""

_WITH_ARGUMENT = ('req', 'res')
