"""The option `origins`: whose pages may connect (document, "server.origins")."""

from ..options import require
from .grammar import is_digits


def check_origins(where, origins):
    """Raises OptionError for what cannot be the option `origins`."""
    listed = isinstance(origins, (list, tuple)) and all(isinstance(origin, str) for origin in origins)
    valid = listed or isinstance(origins, str) or callable(origins)
    require(where, 'origins', origins, valid, "'*', text, a list of texts, or a function (origin, callback)")


def origin_of(req):
    """Where a request says that it comes from (str); '*' where it says nothing, as what is no browser does."""
    return req.headers.get('origin') or req.headers.get('referer') or '*'


def ask_origin(origins, req, origin, answered):
    """Calls `answered(error, success)`, at once or later: whether the option `origins` allows `origin`, where `req`
    comes from."""
    if callable(origins):
        from .question import ask

        ask(req.connection, origins, (origin,), answered, 'origins')
    else:
        answered(None, is_allowed(origins, origin))


def is_allowed(origins, origin):
    """Whether one of `origins` (a str, several with spaces between them; or a list) covers `origin`."""
    if origins == '*':
        return True
    return any(_covers(pattern, origin) for pattern in (origins.split() if isinstance(origins, str) else origins))


def _covers(pattern, origin):
    """The document's form of an origin: `*`, `https://foo.example.com:443`, with `*` for host or port."""
    if pattern in ('*', '*:*', origin):
        return True
    scheme, host, port = _parts(origin)
    if '@' in origin or not (port == '*' or is_digits(port.encode())):
        return False  # no origin that a browser names
    want_scheme, want_host, want_port = _parts(pattern)
    if want_scheme and want_scheme != scheme:
        return False
    return want_host in ('*', host) and want_port in ('*', port)


def _parts(origin):
    scheme, sep, rest = origin.partition('://')
    if not sep:
        scheme, rest = '', origin
    rest = rest.split('/')[0]
    host, sep, port = rest.rpartition(':')
    if not sep or rest.endswith(']'):
        host, port = rest, {'http': '80', 'https': '443'}.get(scheme, '*')
    return scheme, host, port
