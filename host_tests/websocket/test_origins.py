"""Whose pages may open a channel: WsServer's option `origins`."""

import socket as plain_socket

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from edgeio import http, iosched
from edgeio.errors import OptionError
from edgeio.http import question
from edgeio.websocket import WsServer
from host_tests.looping import PATIENCE, during, make_server, settle, turn_until, until_quiet

HANDSHAKE = (
    b'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
)
GOOD, BAD = 'https://good.example', 'https://bad.example'


@pytest.fixture
def serve(reports):
    """`serve(**options)` gives a WsServer at /ws that sends back what it gets; `server.seen`: its channels."""
    started = []

    def start(**options):
        http_server = make_server()
        server = WsServer.create_server('/ws', http_server, **options)
        seen = []
        server.on('connection', lambda channel: (seen.append(channel), channel.on('message', channel.send)))
        started.append((http_server, server))
        return server, seen

    yield start
    for http_server, server in started:
        server.stop()
        http_server.stop()
    until_quiet()


def answer_to(server, origin):
    """What a page of `origin` gets: 'echo' from a channel, or the response that refuses it."""

    def client():
        try:
            headers = None if origin is None else {'Origin': origin}
            with connect(f'ws://127.0.0.1:{server.port()}/ws', legacy=True, additional_headers=headers) as ws:
                ws.send('echo')
                return ws.recv()
        except InvalidStatus as exc:
            return exc.response

    return during(client)


def by_callback(origin, callback):
    callback(None, origin == GOOD)


def by_and_by(origin, callback):
    iosched.set_timeout(callback, 20, None, origin == GOOD)


async def by_coroutine(origin, callback):
    await iosched.sleep(20)
    callback(None, origin == GOOD)


@pytest.mark.parametrize(
    'origins',
    [GOOD, GOOD + ':443', 'http://other.example ' + GOOD, ['good.example:*'], 'https://good.example:*',
     by_callback, by_and_by, by_coroutine],
)  # fmt: skip
def test_page_of_an_origin_that_is_named_gets_a_channel_and_another_403(serve, origins):
    server, seen = serve(origins=origins)
    assert answer_to(server, GOOD) == 'echo'
    refusal = answer_to(server, BAD)
    assert refusal.status_code == 403
    said = refusal.body.decode()
    assert BAD in said and 'setting: origins' in said and 'ws.origin' in said
    assert answer_to(server, None).status_code == 403  # no page at all, and not allowed to be none
    assert len(seen) == 1


def test_every_origin_may_connect_unless_it_is_set(serve):
    server, _ = serve()
    assert server.origins == '*'
    assert answer_to(server, BAD) == answer_to(server, None) == 'echo'


def test_refusal_says_what_the_app_says(serve):
    server, _ = serve(origins=lambda origin, callback: callback('not today', False))
    assert 'not today' in answer_to(server, GOOD).body.decode()


def test_function_that_fails_is_reported_once_and_refuses(serve, reports):
    server, _ = serve(origins=lambda origin, callback: 1 / 0)
    assert answer_to(server, GOOD).status_code == 403
    (exc, where), reports[:] = reports[0], reports[1:]
    assert isinstance(exc, ZeroDivisionError) and where == 'origins'


def test_function_that_never_answers_refuses_and_is_reported_once(serve, reports, monkeypatch):
    monkeypatch.setattr(question, 'ANSWER_TIMEOUT', 30)
    asked = []
    server, seen = serve(origins=lambda origin, callback: asked.append(callback))
    assert answer_to(server, GOOD).status_code == 403
    (exc, where), reports[:] = reports[0], reports[1:]
    assert (exc.code, exc.setting, where) == ('app.no_answer', 'origins', 'origins')
    asked[0](None, True)
    settle()
    assert not seen


def test_messages_that_come_before_the_decision_are_not_lost(serve):
    server, _ = serve(origins=lambda origin, callback: iosched.set_timeout(callback, 20, None, True))

    def client():
        with plain_socket.create_connection(('127.0.0.1', server.port()), PATIENCE / 1000) as sock:
            sock.sendall(HANDSHAKE + b'\x81\x82\0\0\0\0hi')
            answer = b''
            while b'\x81\x02hi' not in answer:
                piece = sock.recv(65536)
                assert piece, answer
                answer += piece

    during(client)


def test_server_that_stopped_meanwhile_opens_no_channel(serve):
    asked = []
    server, seen = serve(origins=lambda origin, callback: asked.append(callback))
    with plain_socket.create_connection(('127.0.0.1', server.port()), PATIENCE / 1000) as sock:
        sock.sendall(HANDSHAKE)
        turn_until(lambda: asked, 'the question')
        server.stop()
        asked[0](None, True)
        settle()
        assert sock.recv(65536).startswith(b'HTTP/1.1 503 ')
    assert not seen and not server.channels


def test_handshake_that_fails_after_a_late_answer_is_a_500(serve, reports, monkeypatch):
    monkeypatch.setattr(WsServer, '_open', lambda *args: 1 / 0)
    server, _ = serve(origins=by_and_by)
    assert answer_to(server, GOOD).status_code == 500
    assert [type(exc) for exc, _ in reports] == [ZeroDivisionError]
    reports.clear()


@pytest.mark.parametrize('origins', [None, 7, ['https://a', 7]])
def test_origins_that_cannot_be_are_an_error(origins):
    with pytest.raises(OptionError, match='origins'):
        WsServer.create_server('/ws', http.create_server('test'), origins=origins)
