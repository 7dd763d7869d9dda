"""JSON on MicroPython, whose own module accepts `[1 2]`, splits characters and writes what is not JSON."""

import json
import sys

from .attachments import found_attachments, placeholder
from .json_grammar import GRAMMAR, MAX_DEPTH

# The functions that made the table have done their work; a board has better use for their 8 KB.
del sys.modules['edgeio.runtime'].json_grammar, sys.modules['edgeio.runtime.json_grammar']

try:
    from .json_scan_viper import scan
except (SyntaxError, ImportError, ValueError):  # no machine code on this processor, or for another one
    from .json_scan import scan

_stack = bytearray(3 * MAX_DEPTH)
_PLAIN = (str, int, type(None), bool)


def _jsonable(value, depth):
    """`value` with placeholders for bytes; raises for what json.dumps would write as something else."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if depth > MAX_DEPTH:
        raise ValueError('the value is circular or nested too deeply')
    if kind is dict or isinstance(value, dict):
        return {_key(k): _jsonable(v, depth + 1) for k, v in value.items()}
    if kind is list or kind is tuple:
        return [_jsonable(v, depth + 1) for v in value]
    if kind is float:
        if value != value or value - value != 0:
            raise ValueError('NaN and infinities are not JSON')
        return value
    if kind in (bytes, bytearray, memoryview):
        return placeholder(value)
    raise TypeError(kind.__name__ + ' cannot be sent; send None, bool, int, float, str, bytes, list or dict')


def _key(key):
    if type(key) is str:
        return key
    if key is None or key is True or key is False:
        return json.dumps(key)
    if type(key) in (int, float):
        return str(key)
    raise TypeError('a key must be str, not ' + type(key).__name__)


def json_encode(value):
    """`value` as compact JSON (str). Bytes inside it become placeholders: `take_attachments` gives them.

    TypeError for what JSON has no form for, ValueError for NaN, infinities and circular values.
    """
    try:
        return json.dumps(_jsonable(value, 0), separators=(',', ':'))
    except BaseException:
        found_attachments.clear()
        raise


def json_text(text):
    """A str as JSON."""
    return json.dumps(text)


def json_decode(text, start=0):
    """The value that `text` holds from `start` to its end. ValueError for anything that is not JSON, and for what is
    beyond the bounds of `scan`."""
    data = (text[start:] if start else text).encode()
    error = scan(data, len(data), GRAMMAR, _stack, MAX_DEPTH)
    if error:
        bounds = '64 levels, 1024 names, 4300 digits'
        raise ValueError('no JSON, or beyond its bounds (' + bounds + '), at byte ' + str(start + error - 1))
    if data.find(b'\\u') >= 0:
        data = _join_surrogates(data)
    return json.loads(data)


def _join_surrogates(data):
    """`data` with the escapes of a surrogate pair replaced by their character, and a lone one by U+FFFD."""
    pieces = []
    done, i = 0, data.find(b'\\')
    while i >= 0:
        end = i + 2
        if data[i + 1] == 117:  # u
            high, end = int(data[i + 2 : i + 6], 16), i + 6
            if 0xD800 <= high < 0xE000:
                pieces.append(data[done:i])
                low = int(data[end + 2 : end + 6], 16) if data[end : end + 2] == b'\\u' else 0
                code = 0xFFFD
                if high < 0xDC00 <= low < 0xE000:
                    code, end = 0x10000 + ((high & 0x3FF) << 10 | low & 0x3FF), end + 6
                pieces.append(chr(code).encode())
                done = end
        i = data.find(b'\\', end)
    pieces.append(data[done:])
    return b''.join(pieces)
