"""Cookies: reading what came, writing what is set (RFC 6265). HttpOnly and SameSite=Lax unless set otherwise."""

from ..compat import unix_ms
from ..errors import OptionError, ProtocolError
from ..http.date import http_date
from ..http.grammar import is_token
from ..http.url import percent_decode, percent_encode
from ..options import read_options, require

DEFAULTS = {
    'path': '/',
    'domain': None,
    'max_age': None,  # ms; None: until the browser is closed
    'expires': None,  # ms since 1970
    'secure': False,
    'http_only': True,
    'same_site': 'Lax',  # Strict, Lax, None (as text) or False for no such attribute
    'encode': True,  # percent-encode the value
}

_SAME_SITE = {'strict': 'Strict', 'lax': 'Lax', 'none': 'None'}

# cookie-octet without the characters that percent-encoding escapes anyway (RFC 6265 section 4.1.1).
_SAFE = b"!#$&'()*+/:<=>?@[]^`{|}"


def parse_cookies(header):
    """The cookies of a Cookie field (dict of str). Of several with one name the first counts."""
    cookies = {}
    for part in header.split(';'):
        name, equals, value = part.partition('=')
        name, value = name.strip(), value.strip()
        if equals and name and name not in cookies:
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            cookies[name] = _decode(value)
    return cookies


def cookie_line(name, value, options=None, kwargs=None):
    """The Set-Cookie value (str) that sets cookie `name`. Raises OptionError for what would not be one cookie."""
    given = read_options('cookie', DEFAULTS, options, kwargs)
    if not isinstance(name, str) or not name or not is_token(name.encode()):
        raise OptionError('cookie.name', 'a cookie name is a token', repr(name), 'such as sid')
    text = value if isinstance(value, str) else str(value)
    if given['encode']:
        text = percent_encode(text, _SAFE)
    parts = [name + '=' + _checked('value', text)]
    _add_lifetime(parts, given)
    for key, label in (('domain', 'Domain'), ('path', 'Path')):
        if given[key]:
            parts.append(label + '=' + _checked(key, given[key]))
    _add_flags(parts, given)
    return '; '.join(parts)


def _add_lifetime(parts, given):
    max_age, expires = given['max_age'], given['expires']
    if max_age is not None:
        require('cookie', 'max_age', max_age, isinstance(max_age, (int, float)), 'milliseconds')
        parts.append('Max-Age=' + str(int(max_age) // 1000))
        if expires is None:
            expires = unix_ms() + max_age
    if expires is not None:
        require('cookie', 'expires', expires, isinstance(expires, (int, float)), 'milliseconds since 1970')
        parts.append('Expires=' + http_date(int(expires) // 1000))


def _add_flags(parts, given):
    if given['http_only']:
        parts.append('HttpOnly')
    if given['secure']:
        parts.append('Secure')
    same_site = given['same_site']
    if same_site is True:
        same_site = 'Strict'
    if same_site:
        require('cookie', 'same_site', same_site, str(same_site).lower() in _SAME_SITE, "'Strict', 'Lax' or 'None'")
        # Browsers drop a SameSite=None cookie that is not Secure.
        wants_secure = same_site.lower() == 'none' and not given['secure']
        require('cookie', 'same_site', same_site, not wants_secure, "secure=True beside same_site='None'")
        parts.append('SameSite=' + _SAME_SITE[same_site.lower()])


def _checked(what, text):
    for character in text:
        if not ' ' < character < '\x7f' or character in ';,"\\':
            expected = 'visible ASCII without ; , " \\'
            raise OptionError('cookie.' + what, 'does not fit in a cookie', repr(text), expected)
    return text


def _decode(value):
    try:
        return percent_decode(value)
    except ProtocolError:
        return value  # not ours; whoever set it knows what it means
