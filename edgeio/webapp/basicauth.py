"""Middleware that reads the user and password of an Authorization header (RFC 7617): `req.auth`, name and password.

    app.use(basic_auth())                                     req.auth is None where nothing (valid) came
    app.use(basic_auth({'admin': 'secret'}))                  others get 401
    app.use(basic_auth(lambda name, password: ...))
"""

from binascii import a2b_base64
from hashlib import sha256

from ..compat import decode_utf8, is_generator
from ..eos import same_bytes
from ..errors import OptionError
from ..http.question import wait_for
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
    for those who may come in (a coroutine or generator function, too: see http.question); None: everybody.
    options: realm (str, what the browser shows).
    """
    given = read_options('basic_auth', DEFAULTS, options, kwargs)
    if users is not None and not callable(users) and not isinstance(users, dict):
        raise OptionError('basic_auth.users', 'not users', type(users).__name__, '{name: password} or a function')
    challenge = 'Basic realm="' + given['realm'].replace('"', '') + '", charset="UTF-8"'

    def read(req, res, next):
        def decide(error, success):
            if success:
                next()
                return
            req.auth = None
            if not res.closed:
                res.set_header('WWW-Authenticate', challenge)
                res.send_status(401)

        auth = req.auth = parse_basic(req.headers.get('authorization'))
        success = users is None or auth is not None and _may_come_in(users, auth)
        if is_generator(success):
            wait_for(req.connection, success, decide, 'basic_auth')
        else:
            decide(None, success)

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
    # Digests are of one length: an unknown name takes as long as a wrong password, however long that is.
    same = same_bytes(_digest(auth.password), _digest(expected or ''))
    return same and expected is not None


def _digest(password):
    return sha256(password.encode()).digest()
