"""Which bytes may stand where (RFC 9110 section 5.6, RFC 9112, RFC 3986), and text that is Latin-1 on the wire."""

_ALNUM = b'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
_VISIBLE = bytes(range(0x21, 0x7F))


def byte_class(allowed):
    """A function that tells whether its argument (bytes) consists of `allowed` only; true for no bytes at all."""
    return lambda data: not data.lstrip(allowed)


TOKEN = b"!#$%&'*+-.^_`|~" + _ALNUM
"""tchar (RFC 9110 section 5.6.2)."""

is_token = byte_class(TOKEN)

# Wider than RFC 3986, since browsers leave some of these unescaped; a fragment never belongs on the wire.
is_target = byte_class(_VISIBLE.replace(b'#', b''))

# Host = uri-host [ ":" port ] without the colon and the brackets of an IPv6 address (RFC 3986 section 3.2.2).
is_reg_name = byte_class(b"-._~!$&'()*+;=%" + _ALNUM)
_is_ipv6 = byte_class(b'0123456789abcdefABCDEF:.')

is_digits = byte_class(b'0123456789')
is_hex = byte_class(b'0123456789abcdefABCDEF')

# field-value = VCHAR, obs-text, SP and HTAB (RFC 9110 section 5.5).
_FIELD_TEXT = b'\t ' + _VISIBLE + bytes(range(0x80, 0x100))
is_field_text = byte_class(_FIELD_TEXT)
is_field_lines = byte_class(_FIELD_TEXT + b'\r\n')


def is_host(value):
    """True for a usable Host value: a name or address, and perhaps a port. No user, list or space passes."""
    host, colon, port = value, b'', b''
    if value[:1] == b'[':
        end = value.find(b']')
        if end < 3 or not _is_ipv6(value[1:end]) or b':' not in value[1:end]:
            return False
        rest = value[end + 1 :]
        return not rest or (rest[:1] == b':' and is_digits(rest[1:]) and len(rest) <= 6)
    if b':' in value:
        host, colon, port = value.partition(b':')
    return bool(host) and is_reg_name(host) and _escapes_are_whole(host) and is_digits(port) and len(port) <= 5


def _escapes_are_whole(host):
    at = host.find(b'%')
    while at >= 0:
        digits = host[at + 1 : at + 3]
        if len(digits) != 2 or not is_hex(digits):
            return False
        at = host.find(b'%', at + 3)
    return True


def has_bare_line_end(data, start, end):
    """True where a CR or LF in `data[start:end]` is not part of a CRLF.

    A CR at the very end may still become one; an LF at `start` is joined with the byte before it.
    """
    before = max(0, start - 1)
    pairs = data.count(b'\r\n', before, end)
    newlines = data.count(b'\n', before, end)
    returns = data.count(b'\r', before, end)
    if end > before and data[end - 1] == 13:
        returns -= 1
    if before < start and data[before] == 10:
        newlines -= 1  # it was judged with the bytes before
    return newlines != pairs or returns != pairs


def decode_latin1(data):
    """`data` (bytes) as str, byte for character: what a field value is. MicroPython decodes UTF-8 only."""
    try:
        text = str(data, 'utf-8')
    except UnicodeError:
        text = ''
    return text if len(text) == len(data) else ''.join([chr(byte) for byte in data])


def encode_latin1(text):
    """`text` as bytes, character for byte; UnicodeError beyond U+00FF."""
    data = text.encode()
    if len(data) == len(text):
        return data
    values = [ord(character) for character in text]
    if max(values) > 0xFF:
        raise UnicodeError('beyond Latin-1')
    return bytes(values)
