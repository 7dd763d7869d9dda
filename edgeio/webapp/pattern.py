"""Paths of routes, matched by hand in linear time: no regular expression is made of them, so none can run away.

    /users/:id          a parameter: one or more characters, no slash
    /index.:ext         also inside a segment; of several the first ones are as short as possible
    /users/:id?         optional, together with the slash before it; any character may be: /colou?r
    /file{.:ext}        an optional part
    /files/*            the rest of the path, which may be empty or have slashes; /files/*path names it. An escaped
                        slash in it stays escaped: what is mounted on /files/a is not that of /files/a%2Fb
    /what%3F            an escape is its character, also where that would mean something else here
"""

from ..errors import OptionError
from ..http.grammar import is_hex
from ..http.url import normalise, percent_decode

MAX_OPTIONAL = 5
"""Optional parts of one path: each doubles the ways in which it can be met."""

_LITERAL, _PARAMETER, _WILD = range(3)

_NAME = '_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'


class Pattern:
    """A route's path. `whole`: it must be the whole path of a request, not only its beginning."""

    __slots__ = ('_ways', '_case_sensitive', '_strict', '_whole')

    def __init__(self, path, case_sensitive=False, strict=False, whole=True):
        """Raises OptionError for a path that cannot be understood."""
        if not path.startswith('/') and path != '*':
            raise OptionError('webapp.path', 'a path starts with /', repr(path), "such as '/users/:id'")
        self._case_sensitive = case_sensitive
        self._strict = strict
        self._whole = whole
        # What is mounted on /a/ has all of what is below /a, strict or not: it may be what guards that.
        if not (strict and whole) and len(path) > 1 and path.endswith('/'):
            path = path[:-1]
        self._ways = [_merge(way, case_sensitive) for way in _Reader(path).ways()]

    def match(self, path):
        """(params, matched part of the path) where `path` (str, as `normalise` has it) is met; else None.

        Raises ProtocolError 400 for a parameter whose escapes are broken.
        """
        for way in self._ways:
            subject = path if self._whole else _beginning(path, way)
            if not self._strict and way.wild is None and len(subject) > 1 and subject.endswith('/'):
                subject = subject[:-1]
            values = way.match(subject, subject if self._case_sensitive else subject.lower())
            if values is not None:
                return {name: way.decode(name, value) for name, value in values}, '' if subject == '/' else subject
        return None


class RegularExpression:
    """A compiled regular expression as a route's path. Its groups are the parameters '0', '1', ... or named."""

    __slots__ = ('_expression', '_whole')

    def __init__(self, expression, whole=True):
        self._expression = expression
        self._whole = whole

    def match(self, path):
        """As `Pattern.match`."""
        found = self._expression.search(path)
        if found is None or (not self._whole and not path.startswith(found.group(0))):
            return None
        params = {}
        number = 1
        while True:
            try:
                value = found.group(number)
            except IndexError:
                break
            if value is not None:
                params[str(number - 1)] = percent_decode(value)
            number += 1
        if hasattr(found, 'groupdict'):
            params.update(found.groupdict())
        return params, path if self._whole else found.group(0).rstrip('/')


def make_patterns(path, case_sensitive=False, strict=False, whole=True):
    """A list of patterns for what apps give as a path: a str, a compiled regular expression, or a list of these."""
    if isinstance(path, (list, tuple)):
        return [pattern for item in path for pattern in make_patterns(item, case_sensitive, strict, whole)]
    if isinstance(path, str):
        return [Pattern(path, case_sensitive, strict, whole)]
    if hasattr(path, 'search'):
        return [RegularExpression(path, whole)]
    raise OptionError('webapp.path', 'not usable as a path', repr(path), 'a str, a regular expression, or a list')


class _Way:
    """One way to meet a path, its optional parts decided: literals and parameters, then perhaps a wildcard."""

    __slots__ = ('tokens', 'wild', 'suffix', 'slashes')

    def match(self, path, folded):
        """[(name, value)], or None. folded: `path` in the case that the literals have."""
        end = len(path)
        if self.wild is None:
            return self._match_tokens(path, folded, end)
        if not folded.endswith(self.suffix):
            return None
        return self._match_open(path, folded, end - len(self.suffix))

    def decode(self, name, value):
        """The `value` of the parameter `name`, unescaped; a slash that was escaped stays so in the rest of a path."""
        return percent_decode(value.replace('%2F', '%252F') if name == self.wild else value)

    def _match_tokens(self, path, folded, end):
        # Parameters take as little as they can, so each literal is looked for once, from left to right. Only the
        # last one stands at a known place: the end.
        tokens, values, at = self.tokens, [], 0
        last = len(tokens) - 1
        for i in range(0, last + 1):
            kind, text = tokens[i]
            if kind == _PARAMETER:
                if i == last:
                    stop = end
                elif i == last - 1:
                    stop = end - len(tokens[last][1])
                    if not folded.endswith(tokens[last][1]):
                        return None
                else:
                    stop = folded.find(tokens[i + 1][1], at + 1)
                if stop <= at or path.find('/', at, stop) >= 0:
                    return None
                values.append((text, path[at:stop]))
                at = stop
            elif not folded.startswith(text, at):
                return None
            else:
                at += len(text)
        return values if at == end else None

    def _match_open(self, path, folded, stop):
        values, at, tokens = [], 0, self.tokens
        for i in range(len(tokens)):
            kind, text = tokens[i]
            if kind == _PARAMETER:
                found = folded.find(tokens[i + 1][1], at + 1)
                if found < 0 or path.find('/', at, found) >= 0:
                    return None
                values.append((text, path[at:found]))
                at = found
            elif not folded.startswith(text, at):
                return None
            else:
                at += len(text)
        if at > stop:
            return None
        if at and path[at - 1 : at + 1] == '//':
            return None  # a second spelling, with an empty name, of what another route may guard
        values.append((self.wild, path[at:stop]))
        return values


def _beginning(path, way):
    """As much of `path` as `way` can meet: up to its number of slashes."""
    if way.wild is not None:
        return path
    at = -1
    for _ in range(way.slashes + 1):
        at = path.find('/', at + 1)
        if at < 0:
            return path
    return path[:at] or '/'


def _merge(tokens, case_sensitive):
    way = _Way()
    way.tokens, way.wild, way.suffix = [], None, ''
    for kind, text in tokens:
        if kind == _WILD:
            if way.wild is not None:
                raise OptionError('webapp.path', 'a path has one * at most', text)
            way.wild = text
        elif kind == _PARAMETER:
            if way.wild is not None or (way.tokens and way.tokens[-1][0] == _PARAMETER):
                raise OptionError('webapp.path', 'a parameter stands behind literal text, and before a *', text)
            way.tokens.append((kind, text))
        else:
            text = text if case_sensitive else text.lower()
            if way.wild is not None:
                way.suffix += text
            elif way.tokens and way.tokens[-1][0] == _LITERAL:
                way.tokens[-1] = (kind, way.tokens[-1][1] + text)
            else:
                way.tokens.append((kind, text))
    if way.wild is not None and way.tokens and way.tokens[-1][0] == _PARAMETER:
        raise OptionError('webapp.path', 'literal text stands between a parameter and a *', way.tokens[-1][1])
    if way.wild is None and not way.tokens:
        way.tokens.append((_LITERAL, '/'))  # all that was left out was optional
    way.slashes = sum([text.count('/') for kind, text in way.tokens if kind == _LITERAL])
    return way


class _Reader:
    """Reads a path's notation."""

    def __init__(self, path):
        self._path = path
        self._at = 0
        self._wilds = 0
        self._optional = 0

    def ways(self):
        """Every way to read the path, as lists of tokens; those with more of the optional parts first."""
        return _expand(self._read(False))

    def _read(self, inside):
        items, path = [], self._path
        while self._at < len(path):
            character = path[self._at]
            self._at += 1
            if character == ':':
                items.append((_PARAMETER, self._name()))
            elif character == '*':
                items.append((_WILD, self._name(str(self._wilds))))
                self._wilds += 1
            elif character == '{':
                items.append(self._choice(self._read(True)))
            elif character == '}':
                if not inside:
                    raise self._error('a } without {')
                return items
            elif character == '?':
                self._make_optional(items)
            elif character == '%':
                items.append((_LITERAL, self._escape()))
            else:
                items.append((_LITERAL, normalise(character)))
        if inside:
            raise self._error('a { without }')
        return items

    def _escape(self):
        """What an escape is on the wire, or a % that begins none."""
        digits = self._path[self._at : self._at + 2]
        if len(digits) < 2 or not is_hex(digits.encode()):
            return '%25'
        self._at += 2
        return normalise('%' + digits)

    def _name(self, default=None):
        start = self._at
        while self._at < len(self._path) and self._path[self._at] in _NAME:
            self._at += 1
        name = self._path[start : self._at] or default
        if name is None:
            raise self._error('a : without a name')
        return name

    def _make_optional(self, items):
        if not items or isinstance(items[-1], list):
            raise self._error('a ? that makes nothing optional')
        part = [items.pop()]
        if part[0][0] == _PARAMETER and items and items[-1] == (_LITERAL, '/'):
            part.insert(0, items.pop())
        items.append(self._choice(part))

    def _choice(self, part):
        self._optional += 1
        if self._optional > MAX_OPTIONAL:
            raise self._error('more than ' + str(MAX_OPTIONAL) + ' optional parts')
        return part

    def _error(self, what):
        return OptionError('webapp.path', 'the path has ' + what, self._path)


def _expand(items):
    ways = [[]]
    for item in items:
        if isinstance(item, list):
            inner = _expand(item)
            ways = [way + more for way in ways for more in inner + [[]]]
        else:
            ways = [way + [item] for way in ways]
    return ways
