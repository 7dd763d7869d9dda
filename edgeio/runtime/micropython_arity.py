"""How many arguments a function takes, on MicroPython."""

import sys as _sys

from micropython import const

ANY_NUMBER = const(255)
"""The upper arity of a function that takes any number of arguments, or cannot be looked into."""

_WORD = 8 if _sys.maxsize > 0xFFFFFFFF else 4


def _word(address, index):
    import uctypes

    return int.from_bytes(uctypes.bytes_at(address + index * _WORD, _WORD), _sys.byteorder)


def _prelude(code):
    """(least, most) out of the signature at the head of a function's bytecode (py/bc.h, MP_BC_PRELUDE_SIG)."""
    import uctypes

    data = uctypes.bytes_at(code, 8)
    z = data[0]
    flags, args, defaults, n = 0, z & 3, 0, 0
    while z & 0x80 and n < 7:
        z = data[n + 1]
        flags |= ((z & 0x40) >> 6) << n
        args |= (z & 4) << n
        defaults |= (z & 1) << n
        n += 1
    return args - defaults, ANY_NUMBER if flags & 4 else args


def _two(a, b):
    return b


def _two_yielding(a, b=None):
    yield b


def _read_arity(fn):
    # A function keeps no count that Python code can read, but its bytecode starts with one. Only objects whose
    # type is known are looked into: the address of anything else is not a function's.
    bound, address = 0, id(fn)
    if type(fn) is _BOUND:
        bound, address = 1, _word(address, 1)
    if _word(address, 0) == _closure_type:
        bound, address = bound + _word(address, 2), _word(address, 1)
    if _word(address, 0) not in _bytecode_types:
        return 0, ANY_NUMBER
    least, most = _prelude(_word(address, 3))
    return max(least - bound, 0), most if most == ANY_NUMBER else most - bound


class _Sample:
    def two(self, a, b):
        return b


def _make_closure(x):
    def closure(a, b):
        return x

    return closure


_BOUND = type(_Sample().two)
_bytecode_types = ()
_closure_type = 0


def _learn_layout():
    """Tries `_read_arity` on functions whose arity is known; False where this build lays them out otherwise."""
    global _bytecode_types, _closure_type
    try:
        _bytecode_types = (_word(id(_two), 0), _word(id(_two_yielding), 0))
        _closure_type = _word(id(_make_closure(1)), 0)
        samples = ((_two, (2, 2)), (_two_yielding, (1, 2)), (_Sample().two, (2, 2)), (_make_closure(1), (2, 2)))
        return all(_read_arity(fn) == expected for fn, expected in samples)
    except (ImportError, AttributeError):
        return False


_layout_known = _learn_layout()


def arity(fn):
    """(least, most) positional arguments that `fn` takes; (0, ANY_NUMBER) where that cannot be told."""
    return _read_arity(fn) if _layout_known else (0, ANY_NUMBER)
