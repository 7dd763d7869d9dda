"""The type stubs of the public API: held against the code by mypy's stubtest, and used by mypy on an app."""

import re
import subprocess
import sys

import pytest

import edgeio
from host_tests.processes import ROOT

MADE = ROOT / 'host_tests' / 'stubs' / 'made_by_the_library.txt'
STUBS = sorted((ROOT / 'edgeio').rglob('*.pyi'))
MODULES = [path.stem for path in STUBS if path.parent == ROOT / 'edgeio' and path.stem != '__init__']
PACKAGES = [path.parent.name for path in STUBS if path.name == '__init__.pyi' and path.parent != ROOT / 'edgeio']

APP = '''
from edgeio import WebApp, iosched, socket
from edgeio.socketio import Server
from edgeio.socketio.socket import Socket

app = WebApp.create('chat', 0, socket.sockaddr(socket.INADDR_ANY, 0))
io = Server(app.server, allow_upgrades=True)

@io.on('connection')
def connection(client: Socket) -> None:
    async def ask() -> None:
        answer = await client.timeout(500).emit_with_ack('question')
        ids: set[str] = await io.to('room').all_sockets()
    client.join(['a', 'b']).emit('hello', client.handshake.address.upper())
    client.broadcast.except_('a').emit('hi', list(client.rooms))
    iosched.spawn(ask())

io.of('/admin').use(lambda client, next: next())
path: str = io.path()
app.start()
'''

MISTAKES = {
    "client.jion('a')": 'has no attribute "jion"',
    'client.emit(7)': 'incompatible type "int"',
    'client.rooms = {}': 'read-only',
    'io.path(7)': 'No overload variant',
    'client.timeout()': 'Missing positional argument',
    'client.id + 1': 'Unsupported operand',
}


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """mypy's configuration: what has no stub is not typed, and no concern of this test."""
    lines = ['[mypy]', f'cache_dir = {ROOT}/.build/mypy', f'mypy_path = {ROOT}']
    for path in sorted((ROOT / 'edgeio').rglob('*.py')):
        if not path.with_suffix('.pyi').exists():
            name = '.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')
            lines += [f'[mypy-{name}]', 'ignore_errors = True']
    config = tmp_path_factory.mktemp('mypy') / 'mypy.ini'
    config.write_text('\n'.join(lines) + '\n')
    return config


def run(*command):
    """The exit code and the output of a Python module run as a program."""
    done = subprocess.run(
        [sys.executable, '-m', *map(str, command)], cwd=ROOT, text=True, capture_output=True, timeout=300
    )
    return done.returncode, done.stdout + done.stderr


def test_stubs_say_what_the_code_does(config):
    names = ['edgeio.' + name for name in MODULES + PACKAGES]
    code, output = run(
        'mypy.stubtest', '--concise', '--ignore-missing-stub', '--ignore-disjoint-bases', '--ignore-unused-allowlist',
        '--allowlist', MADE, '--mypy-config-file', config, *names,
    )  # fmt: skip
    assert code == 0, output


def test_the_packages_stub_names_what_is_there():
    names = re.findall(r'import (\w+) as \1', (ROOT / 'edgeio' / '__init__.pyi').read_text())
    assert len(names) > 10 and all(getattr(edgeio, name) for name in names)


def test_an_app_is_checked_with_them_and_its_mistakes_are_found(config, tmp_path):
    app = tmp_path / 'app.py'
    app.write_text(APP)
    code, output = run('mypy', '--strict', '--config-file', config, app)
    assert code == 0, output
    body = ''.join(f'    {line}\n' for line in MISTAKES)
    app.write_text(APP + f'\ndef mistakes(client: Socket) -> None:\n{body}')
    code, output = run('mypy', '--strict', '--config-file', config, app)
    found = [line for line in output.splitlines() if 'error:' in line]
    assert len(found) == len(MISTAKES), output
    for line, (mistake, message) in zip(found, MISTAKES.items()):
        assert message in line, f'{mistake}: {line}'


def test_every_python_name_of_the_documents_table_has_its_stub(config, tmp_path):
    page = (ROOT / 'host_tests' / 'document' / 'README.md').read_text()
    names = sorted(set(re.findall(r'^\| `.*?` \| `((?:io|namespace|socket|client|io\.engine)\.\w+)', page, re.M)))
    assert len(names) > 40
    app = tmp_path / 'names.py'
    app.write_text(
        'from edgeio.socketio.server import Server\nfrom edgeio.socketio.socket import Socket\n'
        'def names(io: Server, socket: Socket) -> None:\n    namespace, client = socket.nsp, socket.client\n'
        + ''.join(f'    {name}\n' for name in names)
    )
    code, output = run('mypy', '--strict', '--config-file', config, app)
    assert code == 0, output
