"""Sets the desktop up: a venv with the pip packages, the npm packages, curl and a Chromium.

Each step is stamped with the hash of what it is made from, so that the second run starts at once.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
from pathlib import Path

from .paths import BUILD, NODE, PYTHON, ROOT, VENV
from .process import run, say


class SetupError(Exception):
    """Something the tests need is not there; the text says what was seen and which command helps."""

    def __init__(self, what, seen, helps):
        super().__init__(f'cannot set up {what}\n  seen: {seen}\n  what helps: {helps}')


def python():
    """The venv with the test extra's packages, and edgeio itself, editable."""
    recipe = [sys.version, *map(_content, (ROOT / 'setup.cfg', ROOT / 'pyproject.toml'))]
    if _stamped(VENV, recipe) and PYTHON.exists():
        return
    if not PYTHON.exists():
        _step('python: a venv in .venv', [sys.executable, '-m', 'venv', str(VENV)], 120,
              'on Debian: apt-get install python3-venv')
    install = [str(PYTHON), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--editable', '.[test]']
    _step('python: pip packages of the test extra', install, 600, ' '.join(['cd', str(ROOT), '&&', *install]))
    _stamp(VENV, recipe)


def node():
    """The npm packages: the official clients and server."""
    modules = NODE / 'node_modules'
    recipe = [_content(NODE / 'package-lock.json'), _content(NODE / 'package.json')]
    if _stamped(modules, recipe):
        return
    for tool in ('node', 'npm'):
        if not shutil.which(tool):
            _apt(['nodejs', 'npm'], f'Node.js ({tool} is not on PATH)')
    install = ['npm', 'ci', '--no-progress']
    _step('node: npm packages of host_tests/node', install, 600, f'cd {NODE} && npm ci', cwd=NODE)
    _stamp(modules, recipe)


def chromium():
    """A Chromium on PATH, from the distribution's packages."""
    if not browser():
        _apt(['chromium'], 'Chromium')


def curl():
    """The curl that the tests fetch pages with."""
    if not shutil.which('curl'):
        _apt(['curl'], 'curl')


def browser():
    """The path of the Chromium that is there: EDGEIO_CHROMIUM, or the first one on PATH; None where there is none."""
    names = [os.environ.get('EDGEIO_CHROMIUM') or 'chromium', 'chromium-browser', 'google-chrome']
    return next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def locked():
    """Holds the set-up for this process: two runs at once would install over each other."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / 'setup.lock', 'w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say('setup: waiting for another run that is setting up')
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _apt(packages, what):
    """Installs Debian packages where this may and can be done."""
    command = ['apt-get', 'install', '--yes', '--no-install-recommends', *packages]
    if not shutil.which('apt-get'):
        raise SetupError(what, 'no apt-get here', f'install {" and ".join(packages)} with your system\'s tool')
    if os.geteuid() != 0:
        raise SetupError(what, 'it is missing, and this run is not root', 'sudo ' + ' '.join(command))
    quiet = {'DEBIAN_FRONTEND': 'noninteractive'}
    _step('apt: the list of packages', ['apt-get', 'update', '-qq'], 300, 'apt-get update')
    _step('apt: ' + ' '.join(packages), command, 900, ' '.join(command), env=quiet)


def _step(what, command, limit, helps, **options):
    say(f'setup: {what} ...')
    try:
        ended = run(command, limit, **options)
    except OSError as exc:
        raise SetupError(what, str(exc), helps) from None
    if ended.code is None:
        raise SetupError(what, f'no end after {limit} s; its last lines:\n{ended.tail}', helps)
    if ended.code != 0:
        raise SetupError(what, f'exit code {ended.code} of {" ".join(command)}; its last lines:\n{ended.tail}', helps)


def _content(path):
    return Path(path).read_bytes()


def _digest(recipe):
    return hashlib.sha256(repr(recipe).encode()).hexdigest()


def _stamped(folder, recipe):
    stamp = folder / '.edgeio-stamp'
    return stamp.is_file() and stamp.read_text() == _digest(recipe)


def _stamp(folder, recipe):
    (folder / '.edgeio-stamp').write_text(_digest(recipe))
