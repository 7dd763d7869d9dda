"""WebApp: a router with a server, settings and templates."""

from ..apphost import read_port
from ..compat import env, heap_size
from ..http.server import HttpServer
from ..http.url import normalise
from ..socket import sockaddr
from .request import Request
from .response import Response
from .router import MAX_REMEMBERED_PATH, Router, changes, most_plans


class WebApp(Router):
    """An app and its server. server: the HttpServer, what engines such as Socket.IO attach to; locals: values for
    every template (dict); settings: {name: value}, those with a meaning are 'views', 'view engine', 'case sensitive
    routing' and 'strict routing'.
    """

    Router = Router

    def __init__(self, server):
        Router.__init__(self)
        self.server = server
        self.locals = {}
        self.settings = {}
        self._views = None
        self._plans = {}
        self._most_plans = most_plans(heap_size())
        self._stamp = -1
        server.handler = self.handle
        server.app = self
        server.request_class = Request
        server.response_class = Response

    @staticmethod
    def create(group, subs=0, saddr=None, tls=None, **options):
        """An app on `saddr` (a socket.sockaddr). group: its name; subs: worker processes besides this one; options:
        the bounds of the server (`http.limits`). It serves once it is started.
        """
        return WebApp(HttpServer(group, None, subs, saddr, tls, **options))

    @staticmethod
    def create_app(subs=0, **options):
        """An app on the address that its host gives it: environment variables EDGEIO_HOST and EDGEIO_PORT.
        OptionError for a port that is none."""
        port = read_port(env('EDGEIO_PORT', '8000'), 'EDGEIO_PORT')
        return WebApp.create('app', subs, sockaddr(env('EDGEIO_HOST'), port), **options)

    createApp = create_app

    @staticmethod
    def static(root, options=None, **kwargs):
        """Middleware that serves the files below the folder `root`; see static.py."""
        from .static import static

        return static(root, options, **kwargs)

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self):
        """Serves from now on, while the loop runs; returns self. See `HttpServer.start`."""
        self.server.start()
        return self

    def stop(self, callback=None):
        """Stops serving; `callback()` when everything is closed. See `HttpServer.stop`."""
        self.server.stop(callback)

    def port(self):
        """The port it listens on (int); None while it does not."""
        return self.server.port()

    def mount(self, path, engine):
        """As `HttpServer.mount`: an app is accepted wherever its server is."""
        self.server.mount(path, engine)

    def unmount(self, path):
        """As `HttpServer.unmount`."""
        self.server.unmount(path)

    # -- settings ------------------------------------------------------------------------------------------------

    @property
    def views(self):
        """The template engines (Views)."""
        if self._views is None:
            from .views import Views

            self._views = Views(self.settings)
        return self._views

    def set(self, name, *value):
        """`set(name, value)` changes a setting and returns self; `set(name)` returns its value, or None."""
        if not value:
            return self.settings.get(name)
        self.settings[name] = value[0]
        if name in _ROUTING:
            self._options[_ROUTING[name]] = bool(value[0])
        return self

    def enable(self, name):
        """Sets `name` to True; returns self."""
        return self.set(name, True)

    def disable(self, name):
        """Sets `name` to False; returns self."""
        return self.set(name, False)

    def enabled(self, name):
        """True where setting `name` is on."""
        return bool(self.settings.get(name))

    def disabled(self, name):
        """True where setting `name` is off, or not set."""
        return not self.settings.get(name)

    def engine(self, ext, fn):
        """Renders templates with extension `ext` by `fn(path, values)` (see `Views.add`); returns self."""
        self.views.add(ext, fn)
        return self

    def render(self, name, values=None, callback=None):
        """The text (str) of a template; with `callback(error, text)` it is given that. OptionError
        where there is no such template or no engine for it."""
        merged = self.locals.copy()
        merged.update(values or {})
        return self.views.render(name, merged, callback)

    # -- requests ------------------------------------------------------------------------------------------------

    def handle(self, req, res):
        """Takes a request through the handlers that its method and path meet. The server calls it."""
        head = req.head
        plan = head.plan
        if plan is None or plan.stamp != changes[0]:
            plan = head.plan = self._find_plan(head)
        req.plan, req.res = plan, res
        if plan.path != head.path:
            req.normalise(plan.path)
        if plan.handler is None:
            req.walk.go(0, None)
            return
        # The usual case, a handler that answers: no way through the steps needs to be kept.
        try:
            result = plan.handler(req, res)
        except Exception as exc:
            req.walk.go(1, exc)
            return
        if result is not None and result is not res:
            req.walk.take_result(result, 1)

    def fail(self, error, req, res):
        """What happens to an error that no error handler took: see `HttpServer.fail`."""
        self.server.fail(error, req, res)

    def _find_plan(self, head):
        if self._stamp != changes[0]:
            self._plans = {}
            self._stamp = changes[0]
        key = (head.method, head.path)  # as it came: its normal form is looked for once
        plan = self._plans.get(key)
        if plan is None:
            plan = self.plan(head.method, normalise(head.path))
            if len(head.method) + max(len(head.path), len(plan.path)) <= MAX_REMEMBERED_PATH:
                if len(self._plans) >= self._most_plans:
                    self._plans.clear()
                self._plans[key] = plan
        return plan

    def nobody(self, req, res, error):
        """The end of a walk: nobody has answered."""
        if error is not None:
            self.fail(error, req, res)
            return
        if res.closed or res.headers_sent:
            return
        allowed = req.plan.allowed
        if req.method == 'OPTIONS' and (allowed or req.head.path == '*'):
            res.status(204).set('Allow', _listed(allowed)).end()
        elif allowed and req.method not in allowed:
            res.status(405).set('Allow', _listed(allowed)).type('txt').end('Method Not Allowed\n')
        else:
            res.status(404).type('txt').end('Not Found\n')


_ROUTING = {'case sensitive routing': 'case_sensitive', 'strict routing': 'strict'}


def _listed(methods):
    names = set(methods)
    if 'GET' in names:
        names.add('HEAD')
    return ', '.join(sorted(names | {'OPTIONS'}))
