"""Visits to an app: it is started with the first one."""

from host_tests.looping import ask, during


def serve(app):
    """The port of `app`, which listens from now on."""
    if app.port() is None:
        app.start()
    return app.port()


def get(app, path='/', headers=None, method='GET'):
    """The Answer to one request."""
    return during(ask, serve(app), method, path, None, headers or {})
