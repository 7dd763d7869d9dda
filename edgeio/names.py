"""The document's own spelling: `removeAllListeners` is found as `remove_all_listeners`.

A class that says `__getattr__ = camel` answers to both. It costs nothing where it is not used: the runtime asks
`__getattr__` only for names that it did not find.
"""


def snake(name):
    """`pingTimeout` -> `ping_timeout`; a name without capitals is returned as it is."""
    if name == name.lower():
        return name
    return ''.join('_' + c.lower() if 'A' <= c <= 'Z' else c for c in name)


def camel(self, name):
    """`__getattr__` for a class: the attribute of the same name in Python's spelling."""
    plain = snake(name)
    if plain == name:
        if name in _KEYWORDS:
            return getattr(self, name + '_')
        raise AttributeError(type(self).__name__ + ' has no attribute ' + repr(name))
    return getattr(self, plain)


_KEYWORDS = ('in', 'except')


def camel_module(names):
    """The `__getattr__` of a module: `__getattr__ = camel_module(globals())` in it answers to both spellings."""

    def find(name):
        plain = snake(name)
        if plain == name or plain not in names:
            raise AttributeError(names['__name__'] + ' has no ' + name)
        return names[plain]

    return find


def settable(plain):
    """A property in the document's spelling for an attribute that apps set: `generateId = settable('generate_id')`."""

    def read(self):
        return getattr(self, plain)

    def write(self, value):
        setattr(self, plain, value)

    return property(read, write)
