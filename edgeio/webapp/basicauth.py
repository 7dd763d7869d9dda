"""Middleware that reads the user and password of an Authorization header (RFC 7617): `req.auth`, name and password.

    app.use(basic_auth())                                     req.auth is None where nothing (valid) came
    app.use(basic_auth({'admin': 'secret'}))                  others get 401
    app.use(basic_auth(lambda name, password: ...))
"""

from binascii import a2b_base64

from ..compat import decode_utf8
from ..eos import same_bytes
from ..errors import OptionError
from ..options import read_options

DEFAULTS = {'realm': 'edgeio'}


class Credentials:
    """What a client gave. name, password: str."""

    __slots__ = ('name', 'password')

    def __init__(self, name, password):
        self.name = name
        self.password = password


def basic_auth(users=None, options=None, **kwargs):
    """`fn(req, res, next)` that sets `req.auth`. users: {name: password}, or a function (name, password) that is true
    for those who may come in; None: everybody. options: realm (str, what the browser shows).
    """
    given = read_options('basic_auth', DEFAULTS, options, kwargs)
    if users is not None and not callable(users) and not isinstance(users, dict):
        raise OptionError('basic_auth.users', 'not users', type(users).__name__, '{name: password} or a function')
    challenge = 'Basic realm="' + given['realm'].replace('"', '') + '", charset="UTF-8"'

    def read(req, res, next):
        req.auth = parse_basic(req.headers.get('authorization'))
        if users is None or req.auth is not None and _may_come_in(users, req.auth):
            next()
            return
        req.auth = None
        res.set_header('WWW-Authenticate', challenge)
        res.send_status(401)

    return read


def parse_basic(field):
    """The Credentials of an Authorization field (str or None); None where it has none."""
    scheme, _, encoded = (field or '').strip().partition(' ')
    if scheme.lower() != 'basic':
        return None
    try:
        text = decode_utf8(a2b_base64(encoded.strip()))
    except ValueError:
        return None
    name, colon, password = text.partition(':')
    return Credentials(name, password) if colon else None


def _may_come_in(users, auth):
    if callable(users):
        return users(auth.name, auth.password)
    expected = users.get(auth.name)
    # An unknown name takes as long as a wrong password.
    same = same_bytes(auth.password.encode(), (expected or '').encode())
    return same and expected is not None
