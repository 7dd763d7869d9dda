"""Engines on a server: who gets which request, and how a stream changes its protocol."""

import pytest

from edgeio.errors import OptionError
from host_tests.http.wire import Wire
from host_tests.looping import ask, during

UPGRADE = (
    b'GET /ws/x HTTP/1.1\r\nHost: board\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
)
LAST = b'GET / HTTP/1.1\r\nHost: board\r\nConnection: close\r\n\r\n'


class Engine:
    """Answers with its name; an upgraded stream echoes."""

    def __init__(self, name):
        self.name = name
        self.closed = []

    def handle_request(self, req, res):
        res.end(f'{self.name} {req.url}')

    def handle_upgrade(self, req, stream, head):
        stream.protocol = Echo(self, stream)
        stream.write(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
        if head:
            stream.protocol.feed(head, len(head))


class Echo:
    def __init__(self, engine, stream):
        self.engine = engine
        self.stream = stream

    def feed(self, data, end):
        self.stream.write(bytes(data[:end]))

    def on_eof(self):
        self.stream.finish('eof')

    def on_drain(self):
        pass

    def on_close(self, reason):
        self.engine.closed.append(reason)


def app(req, res):
    res.end('app ' + req.url)


@pytest.mark.parametrize(
    ('path', 'expected'),
    [
        ('/ws', 'outer /ws'),
        ('/ws/', 'outer /ws/'),
        ('/ws/a?b', 'outer /ws/a?b'),
        ('/ws?b', 'outer /ws?b'),
        ('/ws/inner/a', 'inner /ws/inner/a'),
        ('/wsx', 'app /wsx'),
        ('/', 'app /'),
    ],
)
def test_engine_gets_what_is_at_and_below_its_path(serve, path, expected):
    server = serve(app)
    server.mount('/ws', Engine('outer'))
    server.mount('/ws/inner/', Engine('inner'))
    assert during(ask, server.port(), 'GET', path).text == expected


def test_engine_learns_at_once_that_its_client_ended_its_side(serve, monkeypatch):
    monkeypatch.setattr('edgeio.http.connection.HALF_CLOSED', 1 << 30)
    reasons, engine = [], Engine('parks')
    engine.handle_request = lambda req, res: res.on('close', reasons.append)
    server = serve(app)
    server.mount('/ws', engine)

    def client():
        with Wire(server.port()) as wire:
            wire.send(LAST.replace(b'/ ', b'/ws ')).sock.shutdown(1)
            return wire.rest()

    assert during(client) == b''
    assert reasons == ['transport close']


def test_path_is_taken_once_and_given_back(serve):
    server = serve(app)
    server.mount('/ws', Engine('first'))
    with pytest.raises(OptionError, match='http.mounted'):
        server.mount('/ws/', Engine('second'))
    server.unmount('/ws')
    assert during(ask, server.port(), 'GET', '/ws').text == 'app /ws'
    server.mount('/ws', Engine('second'))
    assert during(ask, server.port(), 'GET', '/ws').text == 'second /ws'


def test_path_must_be_one(serve):
    with pytest.raises(OptionError, match='http.mount'):
        serve(app).mount('ws', Engine('x'))


def test_engine_at_the_root_gets_everything(serve):
    server = serve(app)
    server.mount('/', Engine('all'))
    assert during(ask, server.port(), 'GET', '/a/b').text == 'all /a/b'


@pytest.mark.parametrize('pieces', [[UPGRADE + b'early'], [UPGRADE, b'early'], [UPGRADE[:20], UPGRADE[20:] + b'early']])
def test_upgraded_stream_moves_to_the_engine_with_its_unread_bytes(serve, pieces):
    server = serve(app)
    engine = Engine('ws')
    server.mount('/ws', engine)

    def client():
        with Wire(server.port()) as wire:
            for piece in pieces:
                wire.send(piece)
            assert wire.until(b'\r\n\r\n').startswith(b'HTTP/1.1 101 ')
            assert wire.until(b'early') == b'early'
            assert wire.send(LAST).until(b'close\r\n\r\n') == LAST  # no HTTP is spoken here any more
            assert server.connections == 0
            wire.sock.shutdown(1)
            return wire.rest()

    assert during(client) == b''
    assert engine.closed == ['eof']


def test_upgraded_stream_outlives_the_time_outs_of_http(serve, monkeypatch):
    monkeypatch.setattr('edgeio.http.server.TICK', 5)
    limits = {name: 30 for name in ('header_timeout', 'body_timeout', 'keep_alive_timeout', 'write_timeout')}
    server = serve(app, **limits)
    server.mount('/ws', Engine('ws'))

    def client():
        with Wire(server.port()) as wire:
            wire.send(UPGRADE).until(b'\r\n\r\n')
            wire.sock.settimeout(0.2)
            with pytest.raises(TimeoutError):
                wire.sock.recv(1)
            return wire.send(b'alive').until(b'alive')

    assert during(client) == b'alive'


def test_upgrade_where_no_engine_is_is_an_ordinary_request(serve):
    server = serve(app)
    server.mount('/elsewhere', Engine('x'))

    def client():
        with Wire(server.port()) as wire:
            return wire.send(UPGRADE + LAST).rest()

    raw = during(client)
    assert raw.count(b'HTTP/1.1 200') == 2 and b'app /ws/x' in raw


def test_other_upgrades_are_ordinary_requests(serve):
    server = serve(app)
    server.mount('/ws', Engine('ws'))

    def client():
        with Wire(server.port()) as wire:
            return wire.send(UPGRADE.replace(b'websocket', b'h2c', 1)).response()[2]

    assert during(client) == b'ws /ws/x'


def test_engine_that_fails_costs_only_that_stream(serve, reports):
    server = serve(app)
    engine = Engine('ws')
    engine.handle_upgrade = lambda req, stream, head: 1 // 0
    server.mount('/ws', engine)

    def client():
        with Wire(server.port()) as wire:
            return wire.send(UPGRADE).rest()

    assert during(client) == b''
    assert isinstance(reports.pop()[0], ZeroDivisionError)
    assert during(ask, server.port(), 'GET', '/').text == 'app /'


def test_engine_that_does_nothing_with_a_stream_is_reported(serve, reports):
    server = serve(app)
    engine = Engine('ws')
    engine.handle_upgrade = lambda req, stream, head: None
    server.mount('/ws', engine)

    def client():
        with Wire(server.port()) as wire:
            return wire.send(UPGRADE).rest()

    assert during(client) == b''
    assert reports.pop()[0].code == 'http.upgrade'


def test_engine_that_fails_on_a_plain_request_is_a_500(serve, reports):
    server = serve(app)
    engine = Engine('ws')
    engine.handle_request = lambda req, res: 1 // 0
    server.mount('/ws', engine)
    assert during(ask, server.port(), 'GET', '/ws').status == 500
    assert isinstance(reports.pop()[0], ZeroDivisionError)
