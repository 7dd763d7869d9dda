"""Sending a file: where it is, whether the client has it already (RFC 9110 section 13), and which part it wants."""

from .. import fs
from ..compat import EMFILE, ENFILE
from ..errors import OptionError, ProtocolError
from ..http.date import http_date
from ..http.mime import content_type
from ..options import read_options, require
from .conditions import is_not_modified, precondition_fails, wanted_range

DEFAULTS = {
    'root': None,  # the folder that no path leads out of; None: paths are absolute
    'max_age': 0,  # ms that a client may use the file without asking again
    'last_modified': True,
    'etag': True,
    'dotfiles': 'ignore',  # names that begin with a dot: ignore (404), allow, deny (403)
    'accept_ranges': True,
    'cache_control': True,
    'immutable': False,
    'headers': None,  # a dict of headers to add
}

_DOTFILES = ('ignore', 'allow', 'deny')


class SendOptions:
    """The options of send_file, checked. root: a real path, or None."""

    __slots__ = tuple(DEFAULTS)

    def __init__(self, where, options=None, kwargs=None):
        given = read_options(where, DEFAULTS, options, kwargs)
        require(where, 'dotfiles', given['dotfiles'], given['dotfiles'] in _DOTFILES, "'ignore', 'allow' or 'deny'")
        age = given['max_age']
        require(where, 'max_age', age, isinstance(age, (int, float)) and age >= 0, 'milliseconds, 0 or more')
        for name in given:
            setattr(self, name, given[name])
        if self.root is not None:
            self.root = fs.real_path(self.root)


def send_file(req, res, path, options, done):
    """Sends the file at `path` (see `Response.send_file`), then calls `done(None)`; `done(error)` where it cannot."""
    told = []

    def tell(error):
        if not told:
            told.append(True)
            done(error)

    res.once('close', lambda reason: tell(None if res.finished else _lost(reason)))
    try:
        full = locate(path, options)
        found = fs.stat(full)
        if found is None or not found.is_file:
            raise not_found(path)
        send_found(req, res, full, found, options)
    except Exception as exc:
        tell(exc)


def locate(path, options):
    """The real path of the file that `path` (str, unescaped) names. ProtocolError 400, 403 or 404."""
    if '\0' in path or '\\' in path:
        raise ProtocolError('file.bad_path', 'the path has a character that no file here has', repr(path))
    names = path.split('/')
    if '..' in names:
        raise ProtocolError('file.forbidden', 'the path leads upwards', repr(path), status=403)
    if options.root is None:
        if not path.startswith('/'):
            raise OptionError('file.relative', 'a path without root must be absolute', repr(path), setting='root=')
        return path
    if options.dotfiles != 'allow' and any(name.startswith('.') and name != '.' for name in names):
        if options.dotfiles == 'deny':
            raise ProtocolError('file.forbidden', 'files with a dot are not served', repr(path), status=403)
        raise not_found(path)
    if '' in names[1:-1] or '.' in names:
        raise not_found(path)  # a second spelling: what is mounted on the first one would not know it
    full = fs.below(options.root, path)
    if full is None:
        raise ProtocolError('file.forbidden', 'the path leads out of the folder served', repr(path), status=403)
    return full


def send_found(req, res, full, found, options):
    """Sends the file `full`, whose FileStat is `found`, or the answer to a condition that it does not meet."""
    etag = '"' + found.version + '"' if options.etag else None
    modified = found.mtime if options.last_modified else None
    _set_headers(res, full, etag, modified, options)
    if precondition_fails(req.headers, etag, modified):
        raise ProtocolError('file.precondition', 'the file has changed', status=412)
    if is_not_modified(req.headers, etag, modified):
        res.remove_header('content-type')
        res.status_code = 304
        res.end()
        return
    start, length = 0, found.size
    if options.accept_ranges and req.method == 'GET':
        part = wanted_range(req.headers, etag, modified, found.size)
        if part == ():
            _refuse_range(res, found.size)
            return
        if part:
            start, length = part
            res.status_code = 206
            last = start + length - 1
            res.set_header('Content-Range', 'bytes %d-%d/%d' % (start, last, found.size))
    file = _open(full)
    if start:
        file.seek(start)
    res.send_source(file, length)


def _open(path):
    try:
        return open(path, 'rb')
    except OSError as exc:
        if exc.errno != EMFILE and exc.errno != ENFILE:
            raise
        text = 'the server has too many files and connections open'
        raise ProtocolError('file.descriptors', text, setting='max_connections', status=503) from None


def not_found(path):
    """The error for a file that is not there."""
    return ProtocolError('file.not_found', 'there is no such file', repr(path), status=404)


def _set_headers(res, full, etag, modified, options):
    for name in options.headers or ():
        res.set_header(name, options.headers[name])
    if not res.has_header('content-type'):
        res.set_header('Content-Type', content_type(full))
    if options.accept_ranges:
        res.set_header('Accept-Ranges', 'bytes')
    if options.cache_control and not res.has_header('cache-control'):
        age = 'public, max-age=' + str(int(options.max_age) // 1000)
        res.set_header('Cache-Control', age + ', immutable' if options.immutable else age)
    if modified is not None and not res.has_header('last-modified'):
        res.set_header('Last-Modified', http_date(modified))
    if etag is not None and not res.has_header('etag'):
        res.set_header('ETag', etag)


def _refuse_range(res, size):
    res.status_code = 416
    res.set_header('Content-Range', 'bytes */' + str(size))
    res.remove_header('content-type')
    res.end()


def _lost(reason):
    return ProtocolError('file.aborted', 'the connection was lost before the file was sent', reason)
