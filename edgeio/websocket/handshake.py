"""The opening handshake (RFC 6455, section 4)."""

from binascii import a2b_base64, b2a_base64

from ..compat import sha1
from ..errors import ProtocolError
from ..http.grammar import encode_latin1
from ..http.message import check_field
from ..http.refusal import refuse_stream
from ..http.response import make_fields

_GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

# What a client of another version may try instead (section 4.4).
_SERVED = make_fields({'Sec-WebSocket-Version': '13'})


def accept_key(key):
    """The Sec-WebSocket-Accept value (str) for a Sec-WebSocket-Key (section 4.2.2)."""
    return b2a_base64(sha1(key.encode() + _GUID)).strip().decode()


def check_request(req):
    """The Sec-WebSocket-Key of an upgrade request. ProtocolError, with the HTTP status, where it is not valid."""
    headers = req.headers
    if req.method != 'GET':
        raise ProtocolError('ws.method', 'a WebSocket handshake is a GET', req.method, status=405)
    if headers.get('sec-websocket-version') != '13':
        seen = headers.get('sec-websocket-version')
        raise ProtocolError('ws.version', 'the WebSocket version is not served', seen, '13', status=426)
    key = headers.get('sec-websocket-key') or ''
    if len(key) != 24 or key[22:] != '==' or not _is_nonce(key):
        raise ProtocolError('ws.key', 'Sec-WebSocket-Key is not 16 bytes in base64', key or None)
    return key


def _is_nonce(key):
    try:
        return len(a2b_base64(key)) == 16
    except ValueError:
        return False


def response(key, headers=()):
    """The 101 response (bytes) that opens the connection; headers: (name, value) pairs to add, as `set_header` takes
    them. OptionError where they would not fit in a header."""
    lines = [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Accept: ' + accept_key(key),
    ]
    for name, value in headers:
        text = check_field(name, value)
        lines.extend([name + ': ' + item for item in (text if isinstance(text, tuple) else (text,))])
    return encode_latin1('\r\n'.join(lines) + '\r\n\r\n')


def read_deflate(value):
    """The option `per_message_deflate` as a dict of all settings; None where it is off. See deflate.py."""
    if not value:
        return None
    from .deflate import read_deflate

    return read_deflate(value)


def negotiate(req, settings):
    """(Deflate, headers of the response) for an upgrade request; (None, ()) where nothing is compressed.

    settings: of `read_deflate`, or None.
    """
    if settings is None:
        return None, ()
    from .deflate import negotiate

    deflate, extension = negotiate(req.headers.get('sec-websocket-extensions'), settings)
    return deflate, () if extension is None else (('Sec-WebSocket-Extensions', extension),)


def refuse(stream, error):
    """Answers a handshake that failed with `error` (a ProtocolError), and closes the stream."""
    refuse_stream(stream, error, _SERVED if error.status == 426 else None)
