"""Cases for the codecs: bytes in, events out. Read by the tests on the target and by those on the desktop.

A file NAME.md holds many cases:

    ## a name for the case

    Prose, for whoever wonders why.

        set max_message=125
        hex 81 85 37 fa 21 3d
        in  text, with \\r \\n \\t \\\\ and \\xNN
        fill 126 61
        out text Hello

`set` lines are settings of the codec; `hex`, `in` and `fill` (a byte so many times) lines make the bytes, one after
the other; each `out` line is an event. `check` feeds the bytes whole and in chunks of every size.
"""

import binascii

FOLDER = __file__[: __file__.rfind('/') + 1]


class Case:
    """One case. settings: {name: text}; parts: (keyword, bytes) of each line of input; expected: the events (str)."""

    def __init__(self, name):
        self.name = name
        self.settings = {}
        self.parts = []
        self.expected = []

    @property
    def data(self):
        """All of the input (bytes)."""
        return b''.join([data for _, data in self.parts])

    def add(self, line):
        """Adds one line of the case's block."""
        keyword, _, rest = line.partition(' ')
        if keyword == 'in':
            self.parts.append((keyword, unescape(rest.lstrip())))
        elif keyword == 'hex':
            self.parts.append((keyword, binascii.unhexlify(rest.replace(' ', ''))))
        elif keyword == 'fill':
            count, byte = rest.split()
            self.parts.append((keyword, binascii.unhexlify(byte) * int(count)))
        elif keyword == 'out':
            self.expected.append(rest.strip())
        elif keyword == 'set':
            name, _, value = rest.strip().partition('=')
            self.settings[name] = value
        else:
            raise ValueError('no such keyword: ' + line)


def cases(name):
    """The cases of the file `name`.md, one after the other."""
    case = None
    with open(FOLDER + name + '.md') as lines:
        for line in lines:
            if line.startswith('## '):
                if case:
                    yield case
                case = Case(line[3:].strip())
            elif case and line.startswith('    ') and line.strip():
                case.add(line.rstrip('\n').lstrip())
    yield case


def check(case, decoder):
    """Feeds the case's bytes in chunks of every size; AssertionError where the events are not those expected.

    decoder(settings) -> (feed, events): `feed(data)` appends what it finds to the list `events`.
    """
    data = case.data
    n = len(data)
    for size in range(n, 0, -1):
        feed, events = decoder(case.settings)
        for start in range(0, n, size):
            feed(data[start : start + size])
        if events != case.expected:
            raise AssertionError('%s, in chunks of %d: seen %s, expected %s' % (case.name, size, events, case.expected))


def unescape(text):
    """The bytes of `text`, with its escapes replaced."""
    data = bytearray()
    parts = text.split('\\')
    data.extend(parts[0].encode())
    i = 1
    while i < len(parts):
        part = parts[i]
        if part == '':  # two backslashes in a row
            data.extend(b'\\' + parts[i + 1].encode())
            i += 1
        elif part[0] == 'x':
            data.extend(binascii.unhexlify(part[1:3]) + part[3:].encode())
        else:
            data.extend({'r': b'\r', 'n': b'\n', 't': b'\t', '0': b'\0'}[part[0]] + part[1:].encode())
        i += 1
    return bytes(data)


def show(data):
    """`data` (bytes, or str as UTF-8) as an `out` line has it: printable ASCII, the rest escaped."""
    if isinstance(data, str):
        data = data.encode()
    names = {9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\'}
    return ''.join([chr(b) if 32 <= b < 127 and b != 92 else names.get(b, '\\x%02x' % b) for b in data])
