"""The header fields of a request: read only, names in lower case, values as str."""

# Fields that are not lists: of several, the first counts (RFC 9110 section 5.3 leaves no list to join).
_SINGLE = (
    'authorization',
    'content-type',
    'from',
    'if-modified-since',
    'if-range',
    'if-unmodified-since',
    'max-forwards',
    'proxy-authorization',
    'range',
    'referer',
    'user-agent',
)


class Headers:
    """An immutable mapping. `headers['content-type']`, `headers.get('Content-Type')`: the case does not matter.

    A field that came several times is joined with ', ' (RFC 9110 section 5.3), cookies with '; ' (RFC 6265
    section 5.4); of fields that are no lists the first counts. `get_all` gives the values as they came.
    """

    __slots__ = ('_values', '_pairs')

    def __init__(self, pairs=()):
        """pairs: (name in lower case, value) in the order they came."""
        self._pairs = pairs
        self._values = dict(pairs)
        if len(self._values) < len(pairs):
            self._values = _joined(pairs)

    def get(self, name, default=None):
        """The value of field `name` (str), or `default`."""
        value = self._values.get(name)
        return self._values.get(name.lower(), default) if value is None else value

    def get_all(self, name):
        """Every value of field `name`, one for each time that it came (list)."""
        name = name.lower()
        if name not in self._values:
            return []
        return [value for key, value in self._pairs if key == name]

    def pairs(self):
        """(name, value) of each field as it came (tuple of tuples)."""
        return tuple(self._pairs)

    def keys(self):
        """The names, in the order in which they first came (list)."""
        names = []
        for name, _ in self._pairs:
            if name not in names:
                names.append(name)
        return names

    def values(self):
        """The joined values, in the order of `keys` (list)."""
        return [self._values[name] for name in self.keys()]

    def items(self):
        """(name, joined value) in the order of `keys` (list)."""
        return [(name, self._values[name]) for name in self.keys()]

    def __getitem__(self, name):
        return self._values[name.lower()]

    def __contains__(self, name):
        return name.lower() in self._values

    def __iter__(self):
        return iter(self.keys())

    def __len__(self):
        return len(self._values)

    def __repr__(self):
        return 'Headers(' + repr(self.items()) + ')'


def _joined(pairs):
    values = {}
    for name, value in pairs:
        if name not in values:
            values[name] = value
        elif name == 'cookie':
            values[name] += '; ' + value
        elif name not in _SINGLE:
            values[name] += ', ' + value
    return values
