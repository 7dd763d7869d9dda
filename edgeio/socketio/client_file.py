"""The browser's client, served at `<path>/socket.io.js`."""

from ..compat import base64url, gzip, sha1
from ..errors import OptionError


class ClientFile:
    """The file, its ETag and its gzip form. path: a file of your own (such as the official bundle), or None."""

    def __init__(self, path=None):
        self._path = path or __file__.rsplit('/', 2)[0] + '/client/socket.io.js'
        try:
            with open(self._path, 'rb') as file:
                self._data = file.read()
        except OSError as exc:
            text = 'the client file cannot be read'
            raise OptionError('sio.client_file', text, self._path, str(exc), 'client_file') from None
        self._etag = '"' + base64url(sha1(self._data)) + '"'
        self._gzip = None

    def serve(self, name, req, res, cors):
        """Answers a request for `name`, the path below the server's."""
        cors.apply(req, res)
        if name != 'socket.io.js':
            res.status_code = 404
            res.set_header('Content-Type', 'text/plain; charset=utf-8')
            res.end('not found: served here is socket.io.js\n')
            return
        if req.method not in ('GET', 'HEAD'):
            res.status_code = 405
            res.set_header('Allow', 'GET, HEAD')
            res.end()
            return
        res.set_header('ETag', self._etag)
        res.set_header('Cache-Control', 'public, max-age=0')
        res.set_header('Vary', 'Accept-Encoding')
        if self._known(req.headers.get('if-none-match')):
            res.status_code = 304
            res.end()
            return
        res.set_header('Content-Type', 'application/javascript; charset=utf-8')
        res.end(self._encoded(req, res))

    def _known(self, tags):
        return tags is not None and (tags.strip() == '*' or self._etag in [_weak(tag) for tag in tags.split(',')])

    def _encoded(self, req, res):
        if self._gzip is None:
            self._gzip = gzip(self._data) or b''
        if not self._gzip or not _takes_gzip(req.headers.get('accept-encoding')):
            return self._data
        res.set_header('Content-Encoding', 'gzip')
        return self._gzip


def _weak(tag):
    tag = tag.strip()
    return tag[2:] if tag[:2] == 'W/' else tag


def _takes_gzip(header):
    for part in (header or '').lower().split(','):
        coding, _, parameters = part.partition(';')
        if coding.strip() in ('gzip', '*'):
            return parameters.replace(' ', '') not in ('q=0', 'q=0.0', 'q=0.00', 'q=0.000')
    return False
