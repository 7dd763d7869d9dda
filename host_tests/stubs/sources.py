"""What the stubs name, and where the code defines it: read with `ast`, nothing is imported.

A class or function is found through imports (`from .server import Server`), second names (`in_ = to`) and base
classes, as Python finds it.
"""

import ast
from functools import cache
from pathlib import Path

from host_tests.processes import ROOT

PACKAGE = ROOT / 'edgeio'
STUBS = sorted(PACKAGE.rglob('*.pyi'))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Definition:
    """A class, function, attribute or constant: its name, and its node in a file."""

    def __init__(self, path, node, name, owner=None):
        self.path = path
        self.node = node
        self.name = name
        self.owner = owner  # the Definition of the class that it stands in
        self.doc = ast.get_docstring(node) or '' if isinstance(node, (ast.ClassDef, *FUNCTIONS)) else ''

    def __str__(self):
        path = self.path.relative_to(ROOT)
        return f'{path}: ' + (f'{self.owner.name}.{self.name}' if self.owner else self.name)


@cache
def parse(path):
    return ast.parse(path.read_text())


def stubbed(path):
    """(name, node, names and nodes inside) of what a stub declares and does not only hand on; overloads once."""
    found = {}
    for node in parse(path).body:
        if isinstance(node, ast.ClassDef):
            inside = {name: part for part in node.body if (name := _name(part)) and name[0] != '_'}
            found[node.name] = node, inside
        elif _name(node):
            found[_name(node)] = node, {}
    return [(name, *parts) for name, parts in found.items() if name[0] != '_']


def module_level(path, name):
    """The Definition of `name` in the .py `path`, however it came there; None where there is none."""
    for node in parse(path).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return module_level(_imported(path, node), alias.name)
        elif getattr(node, 'name', None) == name:
            return Definition(path, node, name)
        elif isinstance(node, ast.Assign) and name in _targets(node):
            if isinstance(node.value, ast.Name):
                return module_level(path, node.value.id)
            return Definition(path, node, name)
    return None


def member(owner, name):
    """The Definition of a method or property of the class `owner`, its own or inherited; None where there is none."""
    for node in owner.node.body:
        if getattr(node, 'name', None) == name:
            return Definition(owner.path, node, name, owner)
        if isinstance(node, ast.Assign) and name in _targets(node) and isinstance(node.value, ast.Name):
            return member(owner, node.value.id)
    for base in bases(owner):
        found = member(base, name)
        if found:
            return found
    return None


def bases(owner):
    """The Definitions of the classes of ours that a class is made of."""
    found = [module_level(owner.path, base.id) for base in owner.node.bases if isinstance(base, ast.Name)]
    return [base for base in found if base]


def family(owner):
    """A class, and those it is made of."""
    return [owner] + [further for base in bases(owner) for further in family(base)]


def described(path, name):
    """True where a string follows a module's constant, or the block of constants that it stands in."""
    body = parse(path).body
    at = next(i for i, node in enumerate(body) if isinstance(node, ast.Assign) and name in _targets(node))
    while at + 1 < len(body) and isinstance(body[at + 1], (ast.Assign, ast.Expr)):
        at += 1
        value = body[at].value
        if isinstance(body[at], ast.Expr) and isinstance(value, ast.Constant):
            return isinstance(value.value, str)
    return False


def raised(definition):
    """The names of the errors that a function raises, itself or by private functions of its own file."""
    return _raised(definition, set())


def _raised(definition, seen):
    names = set()
    for node in ast.walk(definition.node):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            names.add(node.exc.func.id)
        if not isinstance(node, ast.Call):
            continue
        helper = getattr(node.func, 'id', None) or getattr(node.func, 'attr', '')
        if helper in _RAISING:
            names.add('OptionError')
        elif helper[:1] == '_' and helper[:2] != '__' and helper not in seen:
            seen.add(helper)
            is_method = isinstance(node.func, ast.Attribute)
            inner = member(definition.owner, helper) if is_method and definition.owner else None
            if inner is None and not is_method:
                inner = module_level(definition.path, helper)
            if inner is not None and isinstance(inner.node, FUNCTIONS):
                names |= _raised(inner, seen)
    return names


_RAISING = ('require', 'read_options', 'check_name', 'make_handler')
"""Functions of other files that every argument goes through: they raise OptionError."""


def _name(node):
    if isinstance(node, FUNCTIONS):
        return node.name
    if isinstance(node, ast.AnnAssign):
        return node.target.id
    return None


def _targets(node):
    return [part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)]


def _imported(path, node):
    folder = path.parents[node.level - 1] if node.level else ROOT
    base = folder.joinpath(*(node.module or '').split('.'))
    return base.with_suffix('.py') if base.with_suffix('.py').exists() else base / '__init__.py'


def source(stub):
    """The .py that a stub speaks for."""
    return Path(stub).with_suffix('.py')
