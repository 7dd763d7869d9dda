"""Files: reading gives None for what is not there, changing raises."""

import os

import pytest

from edgeio import fs
from edgeio.errors import OptionError


def test_content_is_written_added_and_read(tmp_path):
    path = str(tmp_path / 'a')
    assert fs.write_file(path, b'\xff\0') == 2 and fs.read_file(path) == b'\xff\0'
    assert fs.read_string(path) is None and fs.read_file(path, 'utf-8') is None
    assert fs.write_file(path, '\xe9') == 2 and fs.append_file(path, 'x') == 1
    assert fs.read_file(path, 'utf-8') == fs.read_string(path) == '\xe9x'


def test_what_is_not_there_is_none(tmp_path):
    path = str(tmp_path / 'none')
    assert fs.read_file(path) is fs.read_string(path) is fs.stat(path) is fs.dumpdir(path) is None
    assert fs.read_file('a\0b') is fs.stat('a\0b') is None
    assert not fs.exists(path)
    for change in (fs.unlink, fs.rmdir, lambda path: fs.rename(path, path + '2')):
        with pytest.raises(OSError):
            change(path)
    with pytest.raises(OSError):
        fs.write_file(str(tmp_path / 'none' / 'a'), b'')


def test_unknown_encoding_is_refused(tmp_path):
    with pytest.raises(OptionError, match='fs.encode'):
        fs.read_file(str(tmp_path), 'latin-1')


def test_folders_are_made_listed_and_removed(tmp_path):
    path = str(tmp_path / 'a')
    fs.mkdir(path)
    with pytest.raises(OSError):
        fs.mkdir(path)
    fs.mkdir(path + '/b/c', recursive=True)
    fs.mkdir(path + '/b/c', recursive=True)
    fs.write_file(path + '/z', b'')
    assert fs.dumpdir(path) == ['b', 'z'] and fs.stat(path).is_dir and not fs.stat(path).is_file
    fs.rename(path + '/z', path + '/y')
    fs.unlink(path + '/y')
    fs.rmdir(path + '/b/c')
    assert fs.dumpdir(path) == ['b'] and fs.exists(path + '/b')
    fs.write_file(path + '/f', b'')
    with pytest.raises(OSError):
        fs.mkdir(path + '/f/g', recursive=True)


def test_stat_tells_size_time_and_version(tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(b'12345')
    os.utime(path, ns=(0, 1500000000123456789))
    found = fs.stat(str(path))
    assert (found.size, found.mtime, found.is_file, found.is_dir) == (5, 1500000000, True, False)
    os.utime(path, ns=(0, 1500000000123456790))
    assert fs.stat(str(path)).version != found.version


def test_real_path_is_that_of_the_system(tmp_path, monkeypatch):
    (tmp_path / 'a' / 'b').mkdir(parents=True)
    os.symlink('a/b', tmp_path / 'l')
    os.symlink(tmp_path / 'a', tmp_path / 'a' / 'b' / 'up')
    os.symlink('round', tmp_path / 'round')
    monkeypatch.chdir(tmp_path)
    for path in ('a', './a//b/', 'l', 'l/..', 'l/up/b', 'a/../l', 'none/x', '/', '/..'):
        assert fs.real_path(path) == os.path.realpath(path)
    assert fs.real_path('round') is None


def test_below_never_leads_out(tmp_path):
    root = tmp_path / 'root'
    (root / 'in').mkdir(parents=True)
    (tmp_path / 'root2').mkdir()
    links = {'ok': 'in', 'up': '..', 'side': '../root2', 'abs': '/etc', 'chain': 'up/root2', 'r': 'r'}
    for name, target in links.items():
        os.symlink(target, root / name)
    base = fs.real_path(str(root))
    assert fs.below(base, 'in/x') == base + '/in/x'
    assert fs.below(base, 'ok/x') == base + '/in/x'
    assert fs.below(base, '/./in//x') == base + '/in/x'
    assert fs.below(base, '') == base
    for path in ('up', 'up/root/in', 'side', 'side/x', 'abs/passwd', 'chain', 'r'):
        assert fs.below(base, path) in (None, base + '/in'), path
    assert fs.below(base, 'up/x') is None and fs.below(base, 'side/x') is None
    assert fs.below('/', 'etc') == '/etc'


@pytest.mark.parametrize(
    ('path', 'most'),
    [('a' + '/a' * 4000, 1), ('in/a' + '/a' * 4000, 2), ('file/a' + '/a' * 4000, 2), ('x' * 300 + '/a' * 4000, 1),
     ('ok/a' + '/a' * 4000, 4), ('a\0b' + '/a' * 4000, 1)],
)  # fmt: skip
def test_below_looks_no_further_than_there_is_something(tmp_path, monkeypatch, path, most):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'file').write_text('')
    os.symlink('in', tmp_path / 'ok')
    calls = []
    monkeypatch.setattr(fs, '_readlink', lambda path: (calls.append(path), os.readlink(path))[1])
    base = fs.real_path(str(tmp_path))
    del calls[:]
    found = fs.below(base, path)
    assert len(calls) <= most
    assert found == base + '/' + path.replace('ok', 'in')
