"""An app per test, its reports, and one way to ask it."""

import pytest

from edgeio import socket
from edgeio.webapp import WebApp
from host_tests import looping


class Tester:
    """An app that is started when it is first asked."""

    def __init__(self, app):
        self.app = app

    def ask(self, method, path, body=None, headers=None):
        """One request to the app; a looping.Answer."""
        return looping.during(looping.ask, self.port(), method, path, body, headers)

    def get(self, path, **headers):
        """The answer to a GET; `headers`: with underscores for hyphens."""
        return self.ask('GET', path, None, {name.replace('_', '-'): value for name, value in headers.items()})

    def port(self):
        """Its port; it listens from now on."""
        if not self.app.server.listening:
            self.app.start()
        return self.app.port()


@pytest.fixture
def tester():
    """A Tester, its app stopped at the end."""
    app = WebApp.create('test', 0, socket.sockaddr('127.0.0.1', 0), stop_timeout=1)
    yield Tester(app)
    closed = []
    app.stop(lambda: closed.append(True))
    looping.turn_until(lambda: closed, 'the close of the app')


@pytest.fixture
def app(tester):
    """The app of `tester`."""
    return tester.app


@pytest.fixture(autouse=True)
def nothing_is_reported(reports):
    """Every test here fails on a report that it does not take away."""
