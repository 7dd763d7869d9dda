"""The response of a web app: HTTP's, with the calls that handlers use most."""

from .. import compat
from ..errors import OptionError
from ..http.response import Response as HttpResponse
from ..http.status import reason
from ..http.url import percent_encode
from ..names import snake
from .types import full_type

_HTML = ('Content-Type', 'text/html; charset=utf-8')
_JSON = ('Content-Type', 'application/json; charset=utf-8')
_BINARY = ('Content-Type', 'application/octet-stream')

# What a URL in Location keeps as it is: what RFC 3986 reserves, and escapes that are there already.
_URL_SAFE = b"/:?#[]@!$&'()*+,;=%|"


class Response(HttpResponse):
    """status, set, type, cookie and the like return the response: `res.status(404).send('no such thing')`."""

    _locals = None

    @property
    def app(self):
        """The WebApp that serves the request."""
        return self.connection.server.app

    @property
    def locals(self):
        """Values for templates, for this response only (dict)."""
        if self._locals is None:
            self._locals = {}
        return self._locals

    # -- head ----------------------------------------------------------------------------------------------------

    def status(self, code):
        """Sets the status code (int); returns self."""
        self.status_code = code
        return self

    def set(self, name, value=None):
        """Sets header `name`, or all of a dict; returns self. Also named header."""
        if isinstance(name, dict):
            for key in name:
                self.set_header(key, name[key])
            return self
        return self.set_header(name, value)

    header = set

    def get(self, name):
        """Header `name` as it was set (str, tuple for several lines), or None."""
        return self.get_header(name)

    def type(self, kind):
        """Sets the Content-Type: 'json', '.html', 'image/png'; returns self."""
        return self.set_header('Content-Type', full_type(kind))

    def vary(self, name):
        """Adds a name to the Vary header; returns self."""
        before = self.get_header('vary')
        names = [] if before is None else [part.strip().lower() for part in before.split(',')]
        if name.lower() not in names and '*' not in names:
            self.set_header('Vary', name if before is None else before + ', ' + name)
        return self

    def location(self, url):
        """Sets the Location header; 'back' is where the request came from; returns self."""
        if url == 'back':
            url = self.req.get('referer') or '/'
        return self.set_header('Location', percent_encode(url, _URL_SAFE))

    def cookie(self, name, value, options=None, **kwargs):
        """Sets a cookie; options: path, domain, max_age and expires (ms), secure, http_only, same_site; returns self.

        HttpOnly and SameSite=Lax unless set otherwise. OptionError for what does not fit in a cookie.
        """
        from .cookies import cookie_line

        return self.append_header('Set-Cookie', cookie_line(name, value, options, kwargs))

    def clear_cookie(self, name, options=None, **kwargs):
        """Removes a cookie: path and domain must be those that it was set with; returns self."""
        kept = {'expires': 1000}
        for source in (options or {}, kwargs):
            kept.update({key: source[key] for key in source if snake(key) not in ('max_age', 'expires')})
        return self.cookie(name, '', kept)

    # -- body ----------------------------------------------------------------------------------------------------

    def send(self, body=''):
        """Ends the response with `body`: str as HTML, bytes as they are, anything else as JSON; returns self.

        The Content-Type is one of these only where none is set.
        """
        if type(body) is str:
            self._default_type(_HTML)
        elif isinstance(body, (bytes, bytearray, memoryview)):
            self._default_type(_BINARY)
        elif body is None:
            body = b''
        else:
            return self.json(body)
        return self.end(body)

    def json(self, value):
        """Ends the response with `value` as JSON; returns self. TypeError, ValueError for what JSON has no form for."""
        text = to_json(value)
        self._default_type(_JSON)
        return self.end(text)

    def send_status(self, code):
        """Ends the response with a status and its phrase as text; returns self."""
        self.status_code = code
        return self.type('txt').end(reason(code))

    def redirect(self, status, url=None):
        """`redirect(url)` or `redirect(status, url)`: sends the client elsewhere (302 unless named); returns self.
        OptionError for what is no URL."""
        if url is None:
            status, url = (302, status) if not isinstance(status, int) else (status, None)
        if not isinstance(url, str):
            raise OptionError('webapp.redirect', 'redirect takes a URL', repr(url), "redirect(302, '/login')")
        self.status_code = status
        self.location(url)
        return self.type('txt').end(reason(status) + '. Redirecting to ' + self.get_header('location') + '\n')

    def send_file(self, path, options=None, callback=None, **kwargs):
        """Ends the response with a file, in pieces. `path` lies below `root` where one is named; else it is absolute.

        Options: root, max_age (ms), last_modified, etag, dotfiles ('ignore', 'allow', 'deny'), accept_ranges,
        cache_control, immutable, headers (a dict). Answers conditional and range requests (RFC 9110 sections 13
        and 14). callback(error): once, error None when it is sent; without a callback an error goes to the error
        handlers. Links and names that lead out of `root` are errors.
        """
        from .send import SendOptions, send_file

        send_file(self.req, self, path, SendOptions('send_file', options, kwargs), callback or self._fail)
        return self

    def render(self, view, values=None, callback=None):
        """Renders a template (see `app.engine`) and sends it; with `callback(error, text)` it is given that."""
        merged = self.app.locals.copy()
        merged.update(self._locals or {})
        merged.update(values or {})
        if callback is None:
            return self.send(self.app.render(view, merged))
        self.app.render(view, merged, callback)
        return self

    def _default_type(self, field):
        if self._fields is None:
            self._fields = {'content-type': field}
        elif 'content-type' not in self._fields:
            self._fields['content-type'] = field

    def _fail(self, error):
        if error is not None:
            self.req.walk.fail(error)


def to_json(value):
    """`value` as JSON (bytes). TypeError, ValueError for what JSON has no form for, such as bytes and NaN."""
    text = compat.json_encode(value)
    if compat.take_attachments() is not None:
        raise TypeError('JSON has no form for bytes: send them alone, or as text in base64')
    try:
        return text.encode()
    except UnicodeError:
        # Half a character has no form in UTF-8, but an escape in JSON.
        return ''.join(['\\u%04x' % ord(c) if '\ud800' <= c <= '\udfff' else c for c in text]).encode()
