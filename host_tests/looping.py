"""A server in this thread and its client in another: tests see both sides, with real sockets between them."""

import http.client
import json
import threading

from websockets.sync.client import connect

from edgeio import http as edge_http
from edgeio import iosched, pollset, socket
from edgeio.net.stream import Stream
from edgeio.webapp import WebApp

PATIENCE = 20000
"""Milliseconds after which a test that waits for something gives up."""


def during(client, *args):
    """Runs `client(*args)` in a thread and the loop here until it is done; its result, or its exception."""
    outcome = []

    def work():
        try:
            outcome.append((client(*args), None))
        except BaseException as exc:
            outcome.append((None, exc))

    thread = threading.Thread(target=work)
    thread.start()
    turn_until(lambda: outcome)
    thread.join()
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def turn_until(done, what='it'):
    """Turns the loop until `done()` is true."""
    deadline = iosched.monotonic_ms() + PATIENCE
    while not done():
        assert iosched.monotonic_ms() < deadline, f'{what} did not happen'
        iosched.poll(5)


def settle(turns=20):
    """Turns the loop until nothing is on its way any more, as far as loopback is concerned."""
    for _ in range(turns):
        iosched.poll(1)


def until_quiet():
    """Turns the loop until no stream is open any more."""
    turn_until(lambda: not any(isinstance(w, Stream) for w in pollset.watchers.values()), 'the end of all streams')


def make_server(handler=None, **options):
    """A started HttpServer on a port of the system's choice."""
    server = edge_http.create_server('test', handler or hello, 0, socket.sockaddr('127.0.0.1', 0), **options)
    return server.start()


def web_app():
    """The body of a fixture: a WebApp on a port of the system's choice, stopped at the end."""
    app = WebApp.create('test', 0, socket.sockaddr('127.0.0.1', 0))
    yield app
    stopped = []
    app.stop(lambda: stopped.append(True))
    turn_until(lambda: stopped)
    settle()


def hello(req, res):
    """The handler of a server that is there for what is mounted on it."""
    res.end('hello')


class Answer:
    """An HTTP answer: status, headers, body (bytes)."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


def ask(port, method, path, body=None, headers=None):
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE / 1000)
    try:
        connection.request(method, path, body, headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Polling:
    """An Engine.IO session by long-polling, as a client has it."""

    def __init__(self, port, path='/engine.io/', eio=4, query='', headers=None):
        self.port = port
        self.base = f'{path}?EIO={eio}&transport=polling{query}'
        self.headers = headers or {}
        self.opened = ask(port, 'GET', self.base, headers=self.headers)
        packet = self.opened.text if eio == 4 else self.opened.text.split(':', 1)[1]
        packet = packet.split('\x1e')[0]
        self.handshake = json.loads(packet[1 : packet.rindex('}') + 1]) if self.opened.status == 200 else None
        self.sid = self.handshake['sid'] if self.handshake else None

    @property
    def url(self):
        return f'{self.base}&sid={self.sid}'

    def poll(self):
        return ask(self.port, 'GET', self.url, headers=self.headers)

    def post(self, body, headers=None):
        return ask(self.port, 'POST', self.url, body, {'Content-Type': 'text/plain', **self.headers, **(headers or {})})


def open_ws(port, path='/engine.io/', eio=4, query='', **options):
    """A WebSocket to an Engine.IO server (websockets' sync client)."""
    url = f'ws://127.0.0.1:{port}{path}?EIO={eio}&transport=websocket{query}'
    options = {'compression': None, **options}
    return connect(url, legacy=True, open_timeout=PATIENCE / 1000, close_timeout=2, **options)
