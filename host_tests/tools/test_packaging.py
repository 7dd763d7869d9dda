"""What `pip install .` installs: all of the library, its browser client and templates, and no other package."""

import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser

import pytest

from host_tests.processes import ROOT


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """The project's wheel, built from a copy: the build leaves files behind."""
    folder = tmp_path_factory.mktemp('packaging')
    source = folder / 'source'
    shutil.copytree(ROOT / 'edgeio', source / 'edgeio', ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('setup.cfg', 'pyproject.toml', 'README.md'):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps', '--no-build-isolation', str(source)]
    done = subprocess.run([*command, '--wheel-dir', str(folder)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    [path] = folder.glob('*.whl')
    return zipfile.ZipFile(path)


def test_the_wheel_has_every_file_of_the_library(wheel):
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'edgeio').rglob('*')
             if path.is_file() and '__pycache__' not in path.parts}
    assert there - set(wheel.namelist()) == set()


def test_the_wheel_has_nothing_but_the_library(wheel):
    tops = {name.partition('/')[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith('.dist-info')} == {'edgeio'}


def test_the_library_needs_no_other_package(wheel):
    [name] = [name for name in wheel.namelist() if name.endswith('.dist-info/METADATA')]
    metadata = Parser().parsestr(wheel.read(name).decode())
    needed = [line for line in metadata.get_all('Requires-Dist', []) if 'extra ==' not in line]
    assert needed == []
    assert set(metadata.get_all('Provides-Extra')) == {'cbor', 'serial', 'test'}
    assert metadata['Requires-Python'] == '>=3.11'


def test_the_wheel_brings_the_edgeio_command(wheel):
    [name] = [name for name in wheel.namelist() if name.endswith('.dist-info/entry_points.txt')]
    assert 'edgeio = edgeio.__main__:main' in wheel.read(name).decode()
