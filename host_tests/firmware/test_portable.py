"""edgeio is one code base for CPython and MicroPython: what only one of them has is found here, not on a board.

The syntax tree of every file is searched for what MicroPython lacks or does otherwise without a word; every file is
compiled by MicroPython's own compiler; every module is imported there.
"""

import ast
import re
import subprocess

import pytest

from firmware_tests.targets import build, local
from tools.sizing import modules

ROOT = build.ROOT / 'edgeio'

CPYTHON_ONLY = (
    'runtime/cpython.py', 'runtime/cpython_json.py', 'runtime/cpython_tls.py', 'runtime/devices.py',
    'asyncio_bridge/cpython.py',
)  # fmt: skip
"""Files that MicroPython never loads."""

FILES = sorted(path for path in ROOT.rglob('*.py') if str(path.relative_to(ROOT)) not in CPYTHON_ONLY)

MODULES = {
    *('array', 'asyncio', 'binascii', 'builtins', 'collections', 'deflate', 'errno', 'gc', 'hashlib', 'heapq', 'io'),
    *('json', 'math', 'micropython', 'os', 'random', 're', 'select', 'socket', 'ssl', 'struct', 'sys', 'time'),
    *('tls', 'uctypes', '_asyncio', '_thread', 'edgeio'),
}
"""Modules that both runtimes have, and MicroPython's own."""

OPTIONAL = {'cbor2', 'orjson'}
"""Packages that may be there; imported inside a function that says what to do where they are not."""

EXCEPTIONS = {
    *('BlockingIOError', 'BrokenPipeError', 'ChildProcessError', 'ConnectionAbortedError', 'ConnectionError'),
    *('ConnectionRefusedError', 'ConnectionResetError', 'FileExistsError', 'FileNotFoundError', 'FloatingPointError'),
    *('InterruptedError', 'IsADirectoryError', 'ModuleNotFoundError', 'NotADirectoryError', 'PermissionError'),
    *('ProcessLookupError', 'RecursionError', 'ReferenceError', 'TimeoutError', 'UnicodeDecodeError'),
    *('UnicodeEncodeError', 'Warning', 'DeprecationWarning', 'ResourceWarning'),
}
"""Names that MicroPython does not have: catch OSError, ValueError or UnicodeError."""

METHODS = {
    *('bit_count', 'bit_length', 'capitalize', 'casefold', 'expandtabs', 'fullmatch', 'hexdigest', 'isalnum'),
    *('isascii', 'isdecimal', 'isidentifier', 'isnumeric', 'isprintable', 'ljust', 'maketrans', 'removeprefix'),
    *('removesuffix', 'rjust', 'swapcase', 'title', 'translate', 'zfill', 'finditer', 'findall', 'cast', 'getsockname'),
    *('getpeername', 'getsockopt', 'sendmsg', 'recvmsg', 'socketpair', 'is_integer', 'format_map', 'with_traceback'),
}
"""Methods that MicroPython's types lack."""

SIZED_ENCODINGS = ('utf-8', 'utf8')


class Finder(ast.NodeVisitor):
    """Collects (line, why) of what MicroPython lacks."""

    def __init__(self):
        self.found = []
        self._functions = []

    def _add(self, node, why):
        self.found.append((node.lineno, why))

    def visit_Import(self, node):
        for alias in node.names:
            self._check_module(node, alias.name)

    def visit_ImportFrom(self, node):
        if node.level == 0:
            self._check_module(node, node.module)

    def _check_module(self, node, name):
        top = name.split('.')[0]
        optional = OPTIONAL if self._functions else ()
        if top not in MODULES and top not in optional:
            self._add(node, f'there is no module {top}')
        if name == 'os.path':
            self._add(node, 'there is no os.path')

    def visit_List(self, node):
        self._check_stars(node, node.elts)

    visit_Tuple = visit_Set = visit_List

    def _check_stars(self, node, elements):
        loaded = isinstance(getattr(node, 'ctx', ast.Load()), ast.Load)
        if loaded and any(isinstance(element, ast.Starred) for element in elements):
            self._add(node, 'no stars inside a list, tuple or set: add them with +')
        self.generic_visit(node)

    def visit_Dict(self, node):
        if None in node.keys:
            self._add(node, 'no ** inside a dict: use copy and update')
        self.generic_visit(node)

    def visit_Match(self, node):
        self._add(node, 'no match statement')

    def visit_TryStar(self, node):
        self._add(node, 'no except*')

    def visit_TypeAlias(self, node):
        self._add(node, 'no type statement')

    def visit_FunctionDef(self, node):
        if node.args.posonlyargs:
            self._add(node, 'no positional-only parameters')
        if node.name in ('__init_subclass__', '__set_name__', '__class_getitem__', '__del__'):
            self._add(node, f'{node.name} is never called')
        self._functions.append(node)
        self.generic_visit(node)
        self._functions.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        if node.args.posonlyargs:
            self._add(node, 'no positional-only parameters')
        self.generic_visit(node)

    def visit_Yield(self, node):
        if self._functions and isinstance(self._functions[-1], ast.AsyncFunctionDef):
            self._add(node, 'no async generators')
        self.generic_visit(node)

    def visit_ListComp(self, node):
        if any(isinstance(part, ast.Await) for part in ast.walk(node)):
            self._add(node, 'no await in a comprehension')
        self.generic_visit(node)

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def visit_ClassDef(self, node):
        if node.keywords:
            self._add(node, 'no metaclass and no class arguments')
        self.generic_visit(node)

    def visit_Delete(self, node):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
                self._add(node, "no del of a slice: b[:n] = b''")
        self.generic_visit(node)

    def visit_Slice(self, node):
        if node.step is not None:
            self._add(node.step, 'slices have no step')
        self.generic_visit(node)

    def visit_Name(self, node):
        if node.id in EXCEPTIONS:
            self._add(node, f'there is no {node.id}')

    def visit_Attribute(self, node):
        if node.attr in METHODS:
            self._add(node, f'there is no method {node.attr}')
        if node.attr == 'path' and isinstance(node.value, ast.Name) and node.value.id in ('os', '_os'):
            self._add(node, 'there is no os.path')
        if node.attr in ('__code__', '__defaults__', '__wrapped__', '__doc__', '__annotations__'):
            self._add(node, f'functions have no {node.attr}')
        self.generic_visit(node)

    def visit_Call(self, node):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, 'id', '')
        if name in ('from_bytes', 'to_bytes') and node.keywords:
            self._add(node, f'{name} takes no keywords')
        if name in ('decode', 'encode', 'str') and node.args:
            encoding = node.args[0 if name != 'str' else -1]
            if name != 'str' or len(node.args) > 1:
                self._check_encoding(node, encoding)
        if name == 'compile' and node.args and isinstance(node.args[0], ast.Constant):
            self._check_pattern(node, node.args[0].value)
        self.generic_visit(node)

    def _check_encoding(self, node, encoding):
        if isinstance(encoding, ast.Constant) and encoding.value not in SIZED_ENCODINGS:
            self._add(node, f'every decoding is UTF-8, also {encoding.value!r}')

    def _check_pattern(self, node, pattern):
        text = pattern.decode('latin-1') if isinstance(pattern, bytes) else str(pattern)
        if re.search(r'\(\?[P=!<]|[^\\]\{\d', text):
            self._add(node, 'patterns have no named groups, no lookahead and no {n}')


def _find(source):
    finder = Finder()
    finder.visit(ast.parse(source))
    return finder.found


def _name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize('path', FILES, ids=_name)
def test_file_uses_only_what_both_runtimes_have(path):
    assert not _find(path.read_text()), _name(path)


@pytest.mark.parametrize(
    ('source', 'why'),
    [
        ('import functools', 'no module functools'),
        ('from typing import Any', 'no module typing'),
        ('import cbor2', 'no module cbor2'),
        ('x = [*a, 1]', 'no stars'),
        ('x = {**a}', r'no \*\*'),
        ('def f(a, /): pass', 'positional-only'),
        ('match x:\n    case 1: pass', 'no match'),
        ('try:\n    pass\nexcept* OSError:\n    pass', r'no except\*'),
        ('async def f():\n    yield 1', 'async generators'),
        ('async def f():\n    return [await g() for _ in x]', 'no await in a comprehension'),
        ('class A(metaclass=B): pass', 'no metaclass'),
        ('del b[:3]', 'no del of a slice'),
        ('x = a[::2]', 'slices have no step'),
        ('try:\n    pass\nexcept ConnectionError:\n    pass', 'there is no ConnectionError'),
        ("x = a.removeprefix('b')", 'no method removeprefix'),
        ("x = int.from_bytes(b, byteorder='big')", 'takes no keywords'),
        ("x = b.decode('latin-1')", 'every decoding is UTF-8'),
        ("import re\nx = re.compile('a{2}')", 'patterns have no'),
        ("import os\nx = os.path.join('a', 'b')", 'no os.path'),
    ],
)
def test_what_micropython_lacks_is_found(source, why):
    found = _find(source)
    assert found and re.search(why, found[0][1]), found


def test_what_both_runtimes_have_is_left_alone():
    source = 'import os\ndef f(*a, **k):\n    import cbor2\n    a, *b = k\n    return g(*a, **k), x[1:], (yield 1)\n'
    assert _find(source) == []


@pytest.mark.parametrize('path', FILES, ids=_name)
def test_file_compiles_for_micropython(path, tmp_path):
    # -march: one file is for the compiler to machine code.
    command = [*modules.compiler('armv6'), '-o', tmp_path / 'out.mpy', path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


IMPORT_ALL = """
import sys
for name in sys.argv[1:]:
    try:
        __import__(name)
        print('imported', name)
    except Exception as exc:
        print('failed', name)
        sys.print_exception(exc, sys.stdout)
"""


def test_every_module_is_imported_by_micropython(tmp_path):
    program = tmp_path / 'import_all.py'
    program.write_text(IMPORT_ALL)
    names = [_module(path) for path in FILES if path.name != '__main__.py' and 'template' not in path.parts]
    done = subprocess.run(
        [*local.micropython(), '-X', 'heapsize=16M', program, *names],
        capture_output=True,
        text=True,
        check=False,
        env={'MICROPYPATH': f'{build.ROOT}:.frozen'},
    )
    imported = {line.split()[1] for line in done.stdout.splitlines() if line.startswith('imported ')}
    assert imported == set(names), done.stdout + done.stderr


def _module(path):
    parts = path.relative_to(build.ROOT).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)
