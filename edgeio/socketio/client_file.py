"""The browser's client, served at `<path>/socket.io.js`, and the CBOR parser for it, at `<path>/cbor.js`."""

from ..compat import base64url, gzip, sha1
from ..errors import OptionError
from ..http.coding import takes_gzip

_FOLDER = __file__.rsplit('/', 2)[0] + '/client/'


class ClientFiles:
    """The files of the browser's side, read when they are first asked for.

    path: a file to serve as socket.io.js (such as the official bundle), its map beside it if there is one; None: our
    own. OptionError where it cannot be read.
    """

    def __init__(self, path=None):
        client = path or _FOLDER + 'socket.io.js'
        self._paths = {
            'socket.io.js': client, 'socket.io.js.map': client + '.map', 'cbor.js': _FOLDER + 'cbor.js',
        }  # fmt: skip
        self._files = {}
        if path is not None and self._file('socket.io.js') is None:
            raise OptionError('sio.client_file', 'the client file cannot be read', path, setting='client_file')

    def serve(self, name, req, res, cors):
        """Answers a request for `name`, the path below the server's."""
        cors.apply(req, res)
        file = self._file(name)
        if file is None:
            res.status_code = 404
            res.set_header('Content-Type', 'text/plain; charset=utf-8')
            res.end('not found; served here: socket.io.js, cbor.js\n')
        elif req.method not in ('GET', 'HEAD'):
            res.status_code = 405
            res.set_header('Allow', 'GET, HEAD')
            res.end()
        else:
            file.serve(req, res)

    def _file(self, name):
        if name in self._paths and name not in self._files:
            try:
                with open(self._paths[name], 'rb') as file:
                    self._files[name] = _File(file.read(), name.endswith('.map'))
            except OSError:
                return None
        return self._files.get(name)


class _File:
    """One file, its ETag and its gzip form."""

    __slots__ = ('_data', '_type', '_etag', '_gzip')

    def __init__(self, data, is_map):
        self._data = data
        self._type = 'application/json' if is_map else 'application/javascript; charset=utf-8'
        # Weak: the gzip form has the same one (RFC 9110, section 8.8.1).
        self._etag = 'W/"' + base64url(sha1(data)) + '"'
        self._gzip = None

    def serve(self, req, res):
        """Answers a GET or HEAD."""
        res.set_header('ETag', self._etag)
        res.set_header('Cache-Control', 'public, max-age=0')
        res.set_header('Vary', 'Accept-Encoding')
        if self._known(req.headers.get('if-none-match')):
            res.status_code = 304
            res.end()
            return
        res.set_header('Content-Type', self._type)
        res.end(self._encoded(req, res))

    def _known(self, tags):
        return tags is not None and (tags.strip() == '*' or self._etag[2:] in [_strong(tag) for tag in tags.split(',')])

    def _encoded(self, req, res):
        if not takes_gzip(req.headers.get('accept-encoding')):
            return self._data
        if self._gzip is None:
            self._gzip = gzip(self._data) or b''
        if not self._gzip:
            return self._data
        res.set_header('Content-Encoding', 'gzip')
        return self._gzip


def _strong(tag):
    tag = tag.strip()
    return tag[2:] if tag[:2] == 'W/' else tag
