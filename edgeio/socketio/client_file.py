"""The browser's client, served at `<path>/socket.io.js`, and the CBOR parser for it, at `<path>/cbor.js`."""

import os

from ..compat import gzip
from ..errors import OptionError
from ..http.coding import takes_gzip

_FOLDER = __file__.rsplit('/', 2)[0] + '/client/'


class ClientFiles:
    """The files of the browser's side, sent from where they lie: only their gzip form is kept.

    path: a file to serve as socket.io.js (such as the official bundle), its map beside it if there is one; None: our
    own. OptionError where it cannot be read.
    """

    def __init__(self, path=None):
        client = path or _FOLDER + 'socket.io.js'
        self._paths = {
            'socket.io.js': client, 'socket.io.js.map': client + '.map', 'cbor.js': _FOLDER + 'cbor.js',
        }  # fmt: skip
        self._packed = {}  # name -> (ETag, gzip form)
        self._can_pack = gzip(b'') is not None
        if path is not None:
            file = self._open('socket.io.js')
            if file is None:
                raise OptionError('sio.client_file', 'the client file cannot be read', path, setting='client_file')
            file.close()

    def serve(self, name, req, res, cors):
        """Answers a request for `name`, the path below the server's."""
        cors.apply(req, res)
        file = self._open(name)
        if file is None:
            res.status_code = 404
            res.set_header('Content-Type', 'text/plain; charset=utf-8')
            res.end('not found; served here: socket.io.js, cbor.js\n')
        elif req.method in ('GET', 'HEAD'):
            self._send(name, file, req, res)
        else:
            file.close()
            res.status_code = 405
            res.set_header('Allow', 'GET, HEAD')
            res.end()

    def _open(self, name):
        try:
            return open(self._paths[name], 'rb')
        except (KeyError, OSError):
            return None

    def _send(self, name, file, req, res):
        found = os.stat(self._paths[name])
        size = found[6]
        # Weak: the gzip form has the same one (RFC 9110, section 8.8.1).
        etag = 'W/"%x-%x"' % (size, int(found[8]))
        res.set_header('ETag', etag)
        res.set_header('Cache-Control', 'public, max-age=0')
        res.append_header('Vary', 'Accept-Encoding')
        if _knows(req.headers.get('if-none-match'), etag):
            file.close()
            res.status_code = 304
            res.end()
            return
        res.set_header('Content-Type', 'application/json' if name.endswith('.map') else _JAVASCRIPT)
        if self._can_pack and takes_gzip(req.headers.get('accept-encoding')):
            res.set_header('Content-Encoding', 'gzip')
            res.end(self._pack(name, file, etag))
        else:
            res.send_source(file, size)

    def _pack(self, name, file, etag):
        packed = self._packed.get(name)
        if packed is None or packed[0] != etag:
            packed = self._packed[name] = (etag, gzip(file.read()))
        file.close()
        return packed[1]


_JAVASCRIPT = 'application/javascript; charset=utf-8'


def _knows(tags, etag):
    return tags is not None and (tags.strip() == '*' or etag[2:] in [_strong(tag) for tag in tags.split(',')])


def _strong(tag):
    tag = tag.strip()
    return tag[2:] if tag[:2] == 'W/' else tag
