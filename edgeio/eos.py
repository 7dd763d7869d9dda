"""Who is asking (platform module `eos`): signed tokens, and the middleware that reads them.

    app.use(eos.middleware())                   req.eos         for a web app
    io.use(eos.socket_middleware())             handshake.eos   for Socket.IO
    if req.eos: print(req.eos.user.nickname, req.eos.channel)

A token is a JSON Web Token signed with HS256 (RFC 7519, RFC 7515). It comes in the Authorization header (`Bearer`), in
the cookie `eos-token`, or in a Socket.IO client's `auth: { token }`. The key is the board's own: `python3 -m edgeio
token --new-key FILE` makes one, the setting `token_key` of the board names it to the app.
"""

import hashlib
from binascii import a2b_base64

from . import apphost
from .compat import base64url, decode_utf8, json_decode, json_encode, take_attachments, unix_ms
from .errors import OptionError, ProtocolError
from .options import read_options, require

COOKIE = 'eos-token'
CHANNELS = ('local', 'cloud')

LIFETIME = 86400000
"""Milliseconds that a token is valid, unless it is made for longer."""

MIN_KEY = 32
"""Bytes of a key at least: as long as the hash (RFC 7518 section 3.2)."""

MAX_TOKEN = 4096
"""Characters of a token at most."""

_BLOCK = 64
_HEADER = {'alg': 'HS256', 'typ': 'JWT'}


class TokenError(ProtocolError):
    """A token that is not valid: eos.form, eos.algorithm, eos.signature, eos.expired, eos.claims. Status 401."""

    def __init__(self, code, text, seen=None, expected=None, setting=None):
        super().__init__(code, text, seen, expected, setting, 401)


class User:
    """acoid: the user's unique id (str); nickname (str)."""

    __slots__ = ('acoid', 'nickname')

    def __init__(self, acoid, nickname):
        self.acoid = acoid
        self.nickname = nickname


class Eos:
    """Who is asking. user: a User; token: as it came (str); channel: 'local' or 'cloud'; expires: ms since 1970."""

    __slots__ = ('user', 'token', 'channel', 'expires')

    def __init__(self, token, claims):
        self.user = User(claims['acoid'], claims['nickname'])
        self.token = token
        self.channel = claims['channel']
        self.expires = claims['exp'] * 1000


def make_token(key, acoid, nickname='', channel='local', lifetime=LIFETIME, now=None):
    """A token (str) for the user `acoid`. key: bytes; lifetime: ms; now: ms since 1970, None: the clock's."""
    _check_key(key)
    require('eos.make_token', 'acoid', acoid, isinstance(acoid, str) and bool(acoid), 'text')
    require('eos.make_token', 'channel', channel, channel in CHANNELS, "'local' or 'cloud'")
    now = (unix_ms() if now is None else now) // 1000
    claims = {'acoid': acoid, 'nickname': nickname, 'channel': channel, 'iat': now, 'exp': now + int(lifetime) // 1000}
    signed = _part(_HEADER) + '.' + _part(claims)
    return signed + '.' + base64url(hmac_sha256(key, signed.encode()))


def read_token(key, token, now=None):
    """The Eos of a valid token; TokenError says what is wrong with another."""
    _check_key(key)
    parts = token.split('.') if isinstance(token, str) and len(token) <= MAX_TOKEN else ()
    if len(parts) != 3:
        raise TokenError('eos.form', 'not a token', repr(token)[:20], 'three parts with dots between')
    header, claims = _unpart(parts[0]), None
    # The algorithm is ours to choose, not the token's: 'none' and the like must not pass (RFC 8725 section 3.1).
    if header.get('alg') != 'HS256' or 'crit' in header:
        raise TokenError('eos.algorithm', 'signed in another way', header.get('alg'), 'HS256')
    signature = _bytes(parts[2])
    if not same_bytes(signature, hmac_sha256(key, (parts[0] + '.' + parts[1]).encode())):
        raise TokenError('eos.signature', 'the signature does not fit', setting='the key of the board')
    claims = _check_claims(_unpart(parts[1]))
    if claims['exp'] * 1000 <= (unix_ms() if now is None else now):
        raise TokenError('eos.expired', 'the token is no longer valid', claims['exp'], setting='edgeio token')
    return Eos(token, claims)


def board_key():
    """The key (bytes) that the board's settings name, `token_key` (hexadecimal). OptionError where there is none."""
    text = apphost.setting('token_key')
    if not text:
        raise OptionError('eos.no_key', 'the board has no key for tokens', setting='token_key, or key=')
    return key_from_text(text)


def key_from_text(text):
    """A key (bytes) from its hexadecimal form. OptionError where it is none."""
    from binascii import unhexlify

    try:
        key = unhexlify(text.strip())
    except ValueError:
        raise OptionError('eos.key', 'not a key', str(len(text)) + ' characters', 'hexadecimal digits') from None
    return _check_key(key)


_DEFAULTS = {
    'key': None,  # bytes; None: the board's
    'cookie': COOKIE,  # None: cookies are not looked at
    'required': False,  # requests without a valid token are refused: 401
}


def middleware(options=None, **kwargs):
    """`fn(req, res, next)` that sets `req.eos`: for a web app, or an engine. Options: key (bytes), cookie, required."""
    given = read_options('eos.middleware', _DEFAULTS, options, kwargs)
    key = _check_key(given['key']) if given['key'] is not None else board_key()

    def read(req, res, next):
        error = _set(req, key, _token_of(req.headers, given['cookie']))
        if req.eos is None and given['required']:
            error = error or TokenError('eos.missing', 'no token came', expected='Authorization: Bearer TOKEN')
            if res is None:
                next(error)  # an upgrade: the engine refuses it
            else:
                res.write_head(401, {'WWW-Authenticate': 'Bearer', 'Content-Type': 'text/plain; charset=utf-8'})
                res.end(str(error))
        else:
            next()

    return read


def socket_middleware(options=None, **kwargs):
    """`fn(socket, next)` that sets `socket.handshake.eos`: for `io.use`. Options as for `middleware`."""
    given = read_options('eos.socket_middleware', _DEFAULTS, options, kwargs)
    key = _check_key(given['key']) if given['key'] is not None else board_key()

    def read(socket, next):
        # Of this socket alone: the request is that of all namespaces.
        handshake = socket.handshake
        auth = handshake.auth
        token = auth.get('token') if isinstance(auth, dict) else None
        error = _set(handshake, key, token or _token_of(handshake.headers, given['cookie']))
        if handshake.eos is None and given['required']:
            next(error or TokenError('eos.missing', 'no token came', expected='auth: { token }'))
        else:
            next()

    return read


def _set(holder, key, token):
    """Sets `holder.eos`, of a request or handshake; returns what is wrong with the token that came, if anything."""
    holder.eos = None
    if not token:
        return None
    try:
        holder.eos = read_token(key, token)
    except TokenError as exc:
        return exc
    return None


def _token_of(headers, cookie):
    scheme, _, token = (headers.get('authorization') or '').strip().partition(' ')
    if scheme.lower() == 'bearer':
        return token.strip()
    if cookie:
        from .webapp.cookies import parse_cookies

        return parse_cookies(headers.get('cookie') or '').get(cookie)
    return None


def _check_key(key):
    require('eos', 'key', '(not shown)', isinstance(key, bytes) and len(key) >= MIN_KEY, '32 bytes or more')
    return key


def _check_claims(claims):
    for name, kind in (('acoid', str), ('nickname', str), ('channel', str), ('exp', int)):
        if not isinstance(claims.get(name), kind) or isinstance(claims.get(name), bool):
            raise TokenError('eos.claims', 'the token lacks ' + name, repr(claims.get(name))[:40], kind.__name__)
    if claims['channel'] not in CHANNELS:
        raise TokenError('eos.claims', 'no such channel', claims['channel'], "'local' or 'cloud'")
    return claims


def _part(value):
    text = json_encode(value)
    take_attachments()
    return base64url(text.encode())


def _unpart(text):
    try:
        value = json_decode(decode_utf8(_bytes(text)))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise TokenError('eos.form', 'a part of the token is not an object')
    return value


def _bytes(text):
    """What base64url `text` holds. Only its one right form: two tokens that differ are never the same (RFC 4648)."""
    try:
        data = a2b_base64(text.replace('-', '+').replace('_', '/') + '=' * (-len(text) % 4))
    except ValueError:
        data = None
    if data is None or base64url(data) != text:
        raise TokenError('eos.form', 'a part of the token is not base64url')
    return data


def hmac_sha256(key, message):
    """HMAC with SHA-256 (RFC 2104), 32 bytes: one of the runtimes has no module hmac."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    key = key + bytes(_BLOCK - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]) + message).digest()
    return hashlib.sha256(bytes([byte ^ 0x5C for byte in key]) + inner).digest()


def same_bytes(a, b):
    """Whether `a` and `b` are equal, in a time that does not tell where they differ."""
    difference = len(a) ^ len(b)
    for x, y in zip(a, b):
        difference |= x ^ y
    return difference == 0
