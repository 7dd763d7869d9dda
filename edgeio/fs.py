"""Files (platform module `fs`). Reading gives None for what is not there; changing raises OSError where it fails."""

import os

from .compat import decode_utf8
from .errors import OptionError
from .names import camel_module

__getattr__ = camel_module(globals())

MAX_LINKS = 40
"""Symbolic links followed on the way to one file."""

_ABSENT = (2, 20, 36)
"""errno of a path with nothing at it, and so nothing below it: ENOENT, ENOTDIR, ENAMETOOLONG."""

_DIRECTORY, _FILE, _KIND = 0x4000, 0x8000, 0xF000

_readlink = getattr(os, 'readlink', None)


class FileStat:
    """size (bytes), mtime (seconds since 1970, int), version (text that changes when the file does), mode (int)."""

    __slots__ = ('size', 'mtime', 'mode', 'version')

    def __init__(self, fields):
        self.mode = fields[0]
        self.size = fields[6]
        self.mtime = int(fields[8])
        # Nanoseconds where there are any: a file may change twice in a second and keep its size.
        self.version = '%x-%x' % (self.size, getattr(fields, 'st_mtime_ns', self.mtime))

    @property
    def is_file(self):
        """True for a regular file."""
        return self.mode & _KIND == _FILE

    @property
    def is_dir(self):
        """True for a folder."""
        return self.mode & _KIND == _DIRECTORY


def read_file(path, encode=None):
    """The content of a file: bytes, or str where `encode` is 'utf-8'; None where it cannot be read. OptionError as
    from `read_string`."""
    if encode is not None:
        return read_string(path, encode)
    try:
        with open(path, 'rb') as file:
            return file.read()
    except (OSError, ValueError):
        return None


def read_string(path, encode='utf-8'):
    """The content of a text file (str); None where it cannot be read or is not UTF-8. OptionError for another
    encoding."""
    if encode.lower().replace('-', '') != 'utf8':
        raise OptionError('fs.encode', 'no such encoding', repr(encode), "'utf-8'", 'encode')
    data = read_file(path)
    try:
        return None if data is None else decode_utf8(data)
    except UnicodeError:
        return None


def write_file(path, data):
    """Makes `data` (bytes or str) the content of a file; the number of bytes. OSError where it cannot be written."""
    return _write(path, data, 'wb')


def append_file(path, data):
    """Adds `data` (bytes or str) to the end of a file, which is made where there is none; the number of bytes.
    OSError where it cannot be written."""
    return _write(path, data, 'ab')


def exists(path):
    """True where there is a file or folder (or a link to one) at `path`."""
    return stat(path) is not None


def stat(path):
    """The FileStat of a file or folder; None where there is none."""
    try:
        return FileStat(os.stat(path))
    except (OSError, ValueError):
        return None


def unlink(path):
    """Removes a file. OSError where that fails."""
    (os.unlink if hasattr(os, 'unlink') else os.remove)(path)


def rename(path, to):
    """Gives a file or folder another name; a file of that name is replaced. OSError where that fails."""
    os.rename(path, to)


def mkdir(path, recursive=False):
    """Makes a folder; `recursive`: also those above it, and one that is there is fine. OSError where that fails."""
    if not recursive:
        os.mkdir(path)
        return
    at = 0
    while at >= 0:
        at = path.find('/', at + 1)
        part = path if at < 0 else path[:at]
        found = stat(part)
        if found is None:
            os.mkdir(part)
        elif not found.is_dir:
            raise OSError(20, 'not a folder: ' + part)


def rmdir(path):
    """Removes an empty folder. OSError where that fails."""
    os.rmdir(path)


def dumpdir(path):
    """The names in a folder, sorted (list); None where it cannot be read."""
    try:
        return sorted(os.listdir(path))
    except (OSError, ValueError):
        return None


def real_path(path):
    """`path` as an absolute path without links and dots; None where links go round in circles.

    MicroPython cannot read links: there only the dots are taken out.
    """
    if not path.startswith('/'):
        path = os.getcwd() + '/' + path
    return _follow('', path.split('/'))


def below(root, path):
    """The path of a file below the folder `root` (a `real_path`), links followed; None where it is not below it.

    path: names with '/' between them, no '..'. MicroPython cannot read links: a path with one in it is None there.
    """
    at = '' if root == '/' else root
    names = _real_names(path.split('/'))
    for i in range(len(names)):
        target = _target(at, names[i])
        if target:
            at = _follow(at, names[i:]) if _readlink else None
            break
        if target == '':
            at = _join(at, names[i:])
            break
        at += '/' + names[i]
    if at is None or not (at == root or at.startswith('/' if root == '/' else root + '/')):
        return None
    return at


def _write(path, data, mode):
    data = data.encode() if isinstance(data, str) else data
    with open(path, mode) as file:
        file.write(data)
    return len(data)


def _real_names(names):
    return [name for name in names if name and name != '.']


def _join(at, names):
    return at + '/' + '/'.join(names) if names else at


def _target(folder, name):
    """Where a link leads (str; MicroPython cannot say, '?'); '' where nothing is there; None for what is no link."""
    if not _readlink:
        return _listed_target(folder or '/', name)
    try:
        return _readlink(folder + '/' + name)
    except OSError as exc:
        return '' if exc.errno in _ABSENT else None
    except ValueError:
        return ''  # no path: it has a NUL in it


def _listed_target(folder, name):
    try:
        for entry in os.ilistdir(folder):
            if entry[0] == name:
                # Where the file system does not tell the kind it is 0: what may be a link is taken for one.
                return None if entry[1] in (_DIRECTORY, _FILE) else '?'
    except OSError as exc:
        return '' if exc.errno in _ABSENT else None
    return ''


def _follow(at, names):
    names, links = list(names), 0
    while names:
        name = names.pop(0)
        if name == '..':
            at = at[: at.rfind('/')] if at else ''
        elif name and name != '.':
            target = _target(at, name) if _readlink else None
            if not target:
                at += '/' + name
                if target == '' and '..' not in names:
                    return _join(at, _real_names(names))
                continue
            links += 1
            if links > MAX_LINKS:
                return None
            names = target.split('/') + names
            if target.startswith('/'):
                at = ''
    return at or '/'
