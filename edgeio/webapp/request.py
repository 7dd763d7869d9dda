"""The request of a web app: what HTTP's has, and what routing and middleware know of it."""

from ..http.request import Request as HttpRequest
from .types import matches_type
from .walk import Walk


class Request(HttpRequest):
    """params: the parameters of the route's path; body: what a body parser made of the body, else None; base_url:
    the path that the router is mounted on, url: what is left of it; original_url; app; res; eos.
    """

    res = None
    body = None
    body_read = False
    """True once a body parser took the body."""
    eos = None
    base_url = ''
    plan = None  # the Plan of its way through the app's handlers
    _walk = None
    _whole = None  # the url, normalised, where that is not the url as it came
    _params = None
    _cookies = None
    _step_params = None

    @property
    def app(self):
        """The WebApp that serves it."""
        return self.connection.server.app

    @property
    def walk(self):
        """The Walk through the app's handlers. It begins behind the first one, if that was called without it."""
        if self._walk is None:
            self._walk = Walk(self, self.res, self.plan.steps, self.app.nobody)
        return self._walk

    @property
    def original_url(self):
        """The url as it came, whatever the request is routed through (str)."""
        return self.head.url

    @property
    def params(self):
        """The parameters of the path (dict of str)."""
        if self._params is None:
            self._params = {} if self._step_params is None else self._step_params.copy()
        return self._params

    @property
    def cookies(self):
        """The cookies that came (dict of str)."""
        if self._cookies is None:
            from .cookies import parse_cookies

            self._cookies = parse_cookies(self.headers.get('cookie', ''))
        return self._cookies

    @property
    def xhr(self):
        """True where the client says that a script asks (X-Requested-With)."""
        return self.headers.get('x-requested-with', '').lower() == 'xmlhttprequest'

    def get(self, name):
        """Header `name` (str), or None. Also named header."""
        if name.lower() in ('referer', 'referrer'):
            return self.headers.get('referer', self.headers.get('referrer'))
        return self.headers.get(name)

    header = get

    def is_type(self, wanted):
        """True where the body's Content-Type is one of `wanted`: 'json', 'text/*', '*/json' or a list of such."""
        return matches_type(self.headers.get('content-type'), wanted)

    def enter(self, step):
        """The router hands the request to `step`."""
        if step.params is not self._step_params:
            self._step_params = step.params
            self._params = None
        if step.base != self.base_url:
            self.base_url = step.base
            rest = (self._whole or self.head.url)[len(step.base) :]
            self.url = rest if rest.startswith('/') else '/' + rest

    def normalise(self, path):
        """The router has found that `path` is the normal form of the path that came."""
        self.url = self._whole = path + self.head.url[len(self.head.path) :]
