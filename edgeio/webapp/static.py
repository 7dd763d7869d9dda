"""Middleware that serves the files of a folder."""

from .. import fs
from ..errors import ProtocolError
from ..http.url import percent_decode, split_target
from ..options import read_options, require
from .send import DEFAULTS as SEND_DEFAULTS
from .send import SendOptions, locate, not_found, send_found

DEFAULTS = {
    'index': 'index.html',  # the file for a folder (str, a list to try, or False for none)
    'redirect': True,  # a folder's name without a slash at the end is redirected to that with one
    'extensions': (),  # tried in turn where there is no such file: ('html',)
    'fallthrough': True,  # what is not here goes to the next handler; False: it is an error
    'set_headers': None,  # set_headers(res, path, stat) for each file
}


def static(root, options=None, **kwargs):
    """Serves the files below `root` for GET and HEAD. Options: index, redirect, extensions, fallthrough,
    set_headers(res, path, stat) and those of `Response.send_file`: max_age (ms), etag, last_modified, dotfiles,
    accept_ranges, cache_control, immutable, headers.

    No request leaves `root`: not by dots, escaped or not, not by backslashes or NUL, not by links. A file has one path:
    what stands before this for a folder (a password, say) is not walked around by empty names, dots or escaped slashes.
    """
    return _Static(root, options, kwargs).handle


class _Static:
    def __init__(self, root, options, kwargs):
        require('static', 'root', root, isinstance(root, str) and bool(root), 'the path of a folder')
        defaults = SEND_DEFAULTS.copy()
        del defaults['root']
        defaults.update(DEFAULTS)
        given = read_options('static', defaults, options, kwargs)
        index = given['index']
        self._index = (index,) if isinstance(index, str) else tuple(index or ())
        self._redirect = given['redirect']
        self._extensions = [name.lstrip('.') for name in given['extensions'] or ()]
        self._fallthrough = given['fallthrough']
        self._set_headers = given['set_headers']
        sending = {name: given[name] for name in SEND_DEFAULTS if name != 'root'}
        sending['root'] = root
        self._options = SendOptions('static', sending)

    def handle(self, req, res, next):
        if req.method not in ('GET', 'HEAD'):
            if self._fallthrough:
                next()
            else:
                res.status_code = 405
                res.set_header('Allow', 'GET, HEAD').end()
            return
        try:
            self._serve(req, res, _path_of(req.url))
        except ProtocolError as error:
            if not self._fallthrough or error.status in (412, 503):
                raise
        except OSError:
            # Between looking and opening the file may have gone, or it may not be read.
            if not self._fallthrough:
                raise not_found(req.url)
        else:
            return
        res.clear()
        next()

    def _serve(self, req, res, path):
        names = path.split('/')
        full = locate(path, self._options)
        found = fs.stat(full)
        if found is not None and found.is_dir:
            self._serve_folder(req, res, path)
            return
        if found is None and names[-1]:
            full, found = self._with_extension(path)
        if found is None or not found.is_file or not names[-1]:
            raise not_found(path)
        self._send(req, res, full, found)

    def _serve_folder(self, req, res, path):
        original = split_target(req.original_url)
        if not original[0].endswith('/') and self._redirect:
            # One slash: //host/ would be another server.
            target = '/' + original[0].lstrip('/') + '/'
            res.redirect(301, target + '?' + original[1] if original[1] else target)
            return
        if original[0].endswith('/'):
            for name in self._index:
                full = locate(path.rstrip('/') + '/' + name, self._options)
                found = fs.stat(full)
                if found is not None and found.is_file:
                    self._send(req, res, full, found)
                    return
        raise not_found(path)

    def _with_extension(self, path):
        for name in self._extensions:
            full = locate(path + '.' + name, self._options)
            found = fs.stat(full)
            if found is not None and found.is_file:
                return full, found
        raise not_found(path)

    def _send(self, req, res, full, found):
        if self._set_headers is not None:
            self._set_headers(res, full, found)
        send_found(req, res, full, found, self._options)


def _path_of(url):
    """The path of a request, unescaped. ProtocolError 404 where a slash is escaped: the router, to which it is none,
    would not know it."""
    escaped = split_target(url)[0]
    path = percent_decode(escaped)
    if '%2f' in escaped.lower():
        raise not_found(path)
    return path
