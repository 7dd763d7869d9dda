"""The layers of edgeio import downwards only, and one file asks which runtime this is."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / 'edgeio'

LAYERS = ('socketio', 'engineio', 'webapp', 'websocket', 'http', 'net', 'iosched', 'foundation')
"""From the top. A module may import its own layer and those below it."""

SCHEDULER = (
    'iosched', 'pollset', 'tasks', 'timers', 'sweep', 'report', 'quota', 'events', 'running', 'permission',
    'asyncio_bridge',
)  # fmt: skip
"""The modules of the layer iosched: the loop, and what it is made of or what runs on it alone."""

FOUNDATION = ('compat', 'errors', 'names', 'options', 'runtime', 'fs', 'socket', 'apphost')

DEVICES = ('uart', 'gpio', 'leds')
"""What an app uses of the board, as streams and events: the layer net."""

WEB = ('eos',)
"""Middleware that both webapp and the servers above it know: the layer webapp."""

ABOVE = ('__init__', '__main__', 'runner', 'appline', 'scaffold', 'manifest', 'watchdog', 'tokens')
"""The package itself and its command stand above every layer."""

FILES = sorted(path for path in ROOT.rglob('*.py') if 'template' not in path.parts)


def layer_of(module):
    """The index in LAYERS of a module's name below edgeio ('http.codec'); None for what stands outside of them."""
    top = module.split('.')[0]
    if top in FOUNDATION:
        return LAYERS.index('foundation')
    if top in SCHEDULER:
        return LAYERS.index('iosched')
    if top in DEVICES:
        return LAYERS.index('net')
    if top in WEB:
        return LAYERS.index('webapp')
    return LAYERS.index(top) if top in LAYERS else None


def module_of(path):
    """'http.codec' for edgeio/http/codec.py, 'http' for edgeio/http/__init__.py."""
    parts = path.relative_to(ROOT).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' and len(parts) > 1 else parts)


def imports_of(path):
    """(line, module below edgeio) of every import of the project in `path`, wherever in the file it stands."""
    package = ('edgeio', *path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            full = '.'.join([*base, *([node.module] if node.module else [])])
            names = [f'{full}.{alias.name}' for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith('edgeio.'):
                yield node.lineno, name[len('edgeio.') :]


@pytest.mark.parametrize('path', FILES, ids=module_of)
def test_module_imports_downwards_only(path):
    module = module_of(path)
    own = layer_of(module)
    if own is None:
        return
    for line, imported in imports_of(path):
        layer = layer_of(imported)
        assert layer is None or layer >= own, f'{module}, line {line}: {LAYERS[own]} imports {imported}, which is above'
        assert imported.split('.')[0] not in ABOVE[1:], f'{module}, line {line}: imports the command, {imported}'


def test_every_module_belongs_to_a_layer():
    known = {*LAYERS[:-1], *SCHEDULER, *FOUNDATION, *DEVICES, *WEB, *ABOVE}
    unknown = sorted({module_of(path).split('.')[0] for path in FILES} - known)
    assert not unknown, f'say in host_tests/test_layers.py which layer these belong to: {unknown}'


@pytest.mark.parametrize('path', FILES, ids=module_of)
def test_only_compat_asks_which_runtime_this_is(path):
    if module_of(path) == 'compat':
        return
    for node in ast.walk(ast.parse(path.read_text())):
        asks = (
            isinstance(node, ast.Attribute) and ast.unparse(node) in ('sys.implementation', '_sys.implementation')
            or 'MICROPYTHON' in (getattr(node, 'id', None), getattr(node, 'attr', None))
        )
        assert not asks, f'line {node.lineno}: what differs between the runtimes belongs into compat.py'
