"""JSON on CPython: the C halves of its module `json`, strict, and with placeholders for bytes."""

import _json

from .attachments import found_attachments, placeholder


def _refuse_constant(name):
    raise ValueError(name + ' is not JSON')


class _Strict:
    """What the scanner asks its decoder for."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    parse_constant = staticmethod(_refuse_constant)


_scan = _json.make_scanner(_Strict)


def _default(value):
    if isinstance(value, (bytes, bytearray, memoryview)):
        return placeholder(value)
    raise TypeError(type(value).__name__ + ' cannot be sent; send None, bool, int, float, str, bytes, list or dict')


# Made once: json.dumps with options makes an encoder at every call.
_encode = _json.make_encoder(None, _default, _json.encode_basestring, None, ':', ',', False, False, False)
_join = ''.join


def json_encode(value):
    """`value` as compact JSON (str). Bytes inside it become placeholders: `take_attachments` gives them.

    TypeError for what JSON has no form for, ValueError for NaN, infinities and circular values.
    """
    try:
        return _join(_encode(value, 0))
    except RecursionError:
        found_attachments.clear()
        raise ValueError('the value is circular or nested too deeply') from None
    except BaseException:
        found_attachments.clear()
        raise


json_text = _json.encode_basestring
"""json_text(text): a str as JSON."""


def json_decode(text, start=0):
    """The value that `text` holds from `start` to its end. ValueError for anything that is not JSON."""
    if '\\u' in text:
        text = _replace_lone_surrogates(text)
    try:
        value, end = _scan(text, start)
    except StopIteration:
        value, end = _scan_behind_space(text, start)
    except RecursionError:
        raise ValueError('JSON nested too deeply') from None
    except SystemError:
        # Python 3.11 looks for its JSONDecodeError in `json.decoder`, which is not loaded, and then raises nothing.
        raise ValueError('not JSON') from None
    if end != len(text) and text[end:].strip(_SPACE):
        raise ValueError('something follows the JSON value at ' + str(end))
    return value


_SPACE = ' \t\r\n'


def _scan_behind_space(text, start):
    rest = text[start:].lstrip(_SPACE)
    if not rest or len(rest) == len(text) - start:
        raise ValueError('no JSON value at ' + str(start))
    return json_decode(rest), len(text)


def _replace_lone_surrogates(text):
    # UTF-8 has no form for half a character: whoever sends or stores it would fail, far from where it came in.
    import re

    if not re.search(r'\\u[dD][89a-fA-F]', text):
        return text
    # A run of other escapes is one match: not a call for each of them.
    others = r'(?:\\(?:[^u]|u(?![dD][89a-fA-F]))[^\\]*)+|'
    pair = '\\\\u[dD][89abAB]..\\\\u[dD][c-fC-F]..'
    return re.sub(
        others + pair + '|\\\\(u[dD][89a-fA-F][0-9a-fA-F]{2}|.)',
        lambda found: '\\ufffd' if found[1] and len(found[1]) > 1 else found[0],
        text,
        flags=re.DOTALL,
    )
