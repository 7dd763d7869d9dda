"""The document's own spelling: `removeAllListeners` is found as `remove_all_listeners`.

A class below `@both_spellings`, and whatever is made of it, answers to both.
"""

from .compat import HOOKS_ARE_DEAR


def snake(name):
    """`pingTimeout` -> `ping_timeout`; a name without capitals is returned as it is."""
    if name == name.lower():
        return name
    return ''.join('_' + c.lower() if 'A' <= c <= 'Z' else c for c in name)


def both_spellings(cls):
    """A class decorator: what `cls` and its subclasses have is found under the document's spelling too.

    By `__getattr__`, which is asked only for names that were not found; or, where that slows every attribute down, by
    second names. Those are for what the classes have: what only an instance has gets none.
    """
    if HOOKS_ARE_DEAR:
        _name_twice(cls)
        cls.__init_subclass__ = classmethod(_name_twice)
    else:
        cls.__getattr__ = camel
    return cls


def _name_twice(cls):
    for name, value in list(vars(cls).items()):
        second = _document_name(name)
        if second != name and second not in vars(cls):
            # Methods, properties and slots are as good under another name; a plain value may be another's by now.
            setattr(cls, second, value if hasattr(value, '__get__') else settable(name))


def _document_name(name):
    """`ping_timeout` -> `pingTimeout`; a private name as it is."""
    if name[0] == '_':
        return name
    if name[:-1] in _KEYWORDS:
        return name[:-1]
    first, _, rest = name.partition('_')
    return first + ''.join([word[:1].upper() + word[1:] for word in rest.split('_')])


def camel(self, name):
    """As `__getattr__` of a class: the attribute of the same name in Python's spelling."""
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
