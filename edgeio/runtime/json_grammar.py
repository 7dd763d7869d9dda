"""JSON's grammar (RFC 8259) as a table, for the runtime whose own parser takes almost anything.

`GRAMMAR` is read by `scan` (json_scan.py, and the same in machine code: json_scan_viper.py). It holds the class of
each byte, then for each state a row with the state that follows each class, or an action.
"""

MAX_DEPTH = 64
"""Lists and objects in one another, at most."""

# States. A text may end in the first five.
AFTER, ZERO, INT, FRACTION, EXPONENT = 0, 1, 2, 3, 4
VALUE, FIRST_ITEM, KEY, FIRST_KEY, COLON = 5, 6, 7, 8, 9
MINUS, POINT, E, E_SIGN = 10, 11, 12, 13
KEY_TEXT, TEXT, LITERALS = 14, 20, 26

# Actions: what follows depends on the list or object that is open.
OPEN_OBJECT, OPEN_LIST, CLOSE_OBJECT, CLOSE_LIST, COMMA, ERROR = 128, 129, 130, 131, 132, 255

ROW = 32
_CLASSES = ('\t\n\r', ' ', '{', '}', '[', ']', ':', ',', '"', '\\', '/', '+', '-', '.', '0', '123456789')
_CLASSES += ('cdABCDF', 'E', 'a', 'b', 'e', 'f', 'l', 'n', 'r', 's', 't', 'u')
_CONTROL, _OTHER = 30, 31
_DIGITS, _HEX = '0123456789', '0123456789abcdefABCDEF'
_SPACE = ' \t\n\r'


def _make():
    grammar = bytearray([_OTHER] * 256 + [ERROR] * (ROW * (LITERALS + 10)))
    for byte in range(32):
        grammar[byte] = _CONTROL
    for number, characters in enumerate(_CLASSES):
        for c in characters:
            grammar[ord(c)] = number
    for state in (VALUE, FIRST_ITEM, KEY, FIRST_KEY, COLON, AFTER):
        _rule(grammar, state, _SPACE, state)
    _structure(grammar)
    _numbers(grammar)
    _texts(grammar, KEY_TEXT, COLON)
    _texts(grammar, TEXT, AFTER)
    return bytes(grammar)


def _rule(grammar, state, characters, following):
    for c in characters:
        grammar[256 + state * ROW + grammar[ord(c)]] = following


def _structure(grammar):
    for state in (VALUE, FIRST_ITEM):
        for c, following in (('{', OPEN_OBJECT), ('[', OPEN_LIST), ('"', TEXT), ('-', MINUS), ('0', ZERO)):
            _rule(grammar, state, c, following)
        _rule(grammar, state, '123456789', INT)
        _literals(grammar, state)
    _rule(grammar, FIRST_ITEM, ']', CLOSE_LIST)
    _rule(grammar, KEY, '"', KEY_TEXT)
    _rule(grammar, FIRST_KEY, '"', KEY_TEXT)
    _rule(grammar, FIRST_KEY, '}', CLOSE_OBJECT)
    _rule(grammar, COLON, ':', VALUE)
    for state in (AFTER, ZERO, INT, FRACTION, EXPONENT):
        for c, following in ((_SPACE, AFTER), ('}', CLOSE_OBJECT), (']', CLOSE_LIST), (',', COMMA)):
            _rule(grammar, state, c, following)


def _literals(grammar, state):
    free = LITERALS
    for word in ('true', 'false', 'null'):
        before = state
        for c in word[:-1]:
            _rule(grammar, before, c, free)
            before, free = free, free + 1
        _rule(grammar, before, word[-1], AFTER)


def _numbers(grammar):
    _rule(grammar, MINUS, '0', ZERO)
    _rule(grammar, MINUS, '123456789', INT)
    _rule(grammar, INT, _DIGITS, INT)
    for state in (ZERO, INT):
        _rule(grammar, state, '.', POINT)
    for state in (POINT, FRACTION):
        _rule(grammar, state, _DIGITS, FRACTION)
    for state in (ZERO, INT, FRACTION):
        _rule(grammar, state, 'eE', E)
    _rule(grammar, E, '+-', E_SIGN)
    for state in (E, E_SIGN, EXPONENT):
        _rule(grammar, state, _DIGITS, EXPONENT)


def _texts(grammar, text, following):
    escape = text + 1
    for number in range(ROW):
        if number != _CONTROL:
            grammar[256 + text * ROW + number] = text
    _rule(grammar, text, '\t', ERROR)
    _rule(grammar, text, '\\', escape)
    _rule(grammar, text, '"', following)
    _rule(grammar, escape, '"\\/bfnrt', text)
    _rule(grammar, escape, 'u', escape + 1)
    for digit in range(escape + 1, escape + 5):
        _rule(grammar, digit, _HEX, digit + 1 if digit < escape + 4 else text)


GRAMMAR = _make()
