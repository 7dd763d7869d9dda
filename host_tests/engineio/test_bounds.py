"""What a stranger can make an Engine.IO server keep: sessions, packets that nobody fetches, handshakes undecided."""

import socket as plain_socket

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from edgeio import iosched
from edgeio.engineio import Server
from edgeio.errors import OptionError
from host_tests.looping import PATIENCE, Polling, during, open_ws, settle, turn_until


@pytest.mark.parametrize('name', ['max_sessions', 'max_sessions_per_address'])
def test_one_session_too_many_is_refused_over_either_transport(serve, name):
    engine = serve(**{name: 2})

    def client():
        Polling(engine.port)
        with open_ws(engine.port):
            refused = Polling(engine.port).opened
            with pytest.raises(InvalidStatus) as caught:
                open_ws(engine.port)
        return refused, caught.value.response

    refused, over_ws = during(client)
    assert (refused.status, over_ws.status_code) == (403, 403)
    assert (refused.json['code'], refused.json['message']) == (4, 'Too many sessions')
    assert f'({name})' in refused.json['detail']
    assert f'({name})' in over_ws.body.decode()
    # A place becomes free when a session ends.
    turn_until(lambda: engine.ends, 'the end of the WebSocket')
    assert during(Polling, engine.port).opened.status == 200
    assert engine.admission.total == len(engine.sessions) == 2


def test_unfetched_packets_are_bounded(serve):
    engine = serve(max_buffered=10_000)
    sessions = []
    engine.on('connection', sessions.append)
    during(Polling, engine.port)
    session = sessions[0]
    for _ in range(1000):
        session.send('x' * 100)
    assert session._buffered < 10_300
    assert engine.ends == []  # whoever sends to many does not lose one under its hands
    settle()
    assert engine.ends == ['write queue overflow']
    assert not engine.sessions


def test_fetched_packets_do_not_count(serve):
    engine = serve(max_buffered=10_000)
    engine.on('connection', lambda session: session.on('data', lambda data: session.send('y' * 6_000)))

    def client():
        polling = Polling(engine.port)
        for _ in range(5):
            polling.post('4go')
            assert len(polling.poll().body) == 6_001

    during(client)
    assert engine.ends == []


def later(answer):
    """An allow_request that answers after 30 ms."""
    return lambda req, callback: iosched.set_timeout(callback, 30, None, answer)


def test_app_may_decide_about_a_websocket_later(serve):
    engine = serve(allow_request=later(True))
    engine.on('connection', lambda session: session.on('data', session.send))

    def client():
        with open_ws(engine.port) as ws:
            assert ws.recv().startswith('0{')
            ws.send('4hello')
            return ws.recv()

    assert during(client) == '4hello'


def test_refusal_that_comes_later_is_a_refusal(serve):
    engine = serve(allow_request=later(False))

    def client():
        with pytest.raises(InvalidStatus) as caught:
            open_ws(engine.port)
        return caught.value.response.status_code

    assert during(client) == 403
    assert not engine.sessions


HANDSHAKE = (
    b'GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
)


def test_frames_that_come_before_the_decision_are_not_lost(serve):
    engine = serve(allow_request=later(True))
    engine.on('connection', lambda session: session.on('data', session.send))

    def client():
        with plain_socket.create_connection(('127.0.0.1', engine.port), PATIENCE / 1000) as sock:
            sock.sendall(HANDSHAKE)
            sock.sendall(b'\x81\x82\0\0\0\x004a')
            answer = b''
            while b'\x81\x024a' not in answer:
                answer += sock.recv(65536)
            return True

    assert during(client)


@pytest.mark.parametrize('answer', [True, False])
def test_peer_that_leaves_before_the_decision_leaves_no_session(serve, answer):
    decisions = []
    engine = serve(allow_request=lambda req, callback: decisions.append(callback))

    def client():
        with plain_socket.create_connection(('127.0.0.1', engine.port), PATIENCE / 1000) as sock:
            sock.sendall(HANDSHAKE)

    during(client)
    turn_until(lambda: decisions, 'the question')
    settle()
    decisions[0](None, answer)
    assert not engine.sessions


@pytest.mark.parametrize(
    'options', [{'max_sessions': -1}, {'max_buffered': 0}, {'per_message_deflate': {'threshold': -1}}]
)
def test_bound_that_cannot_be_is_an_error(options):
    with pytest.raises(OptionError):
        Server(None, **options)


def refused_code(engine, query, *packets):
    """The close code that a WebSocket gets which says `packets`."""
    with pytest.raises(ConnectionClosedError) as caught, open_ws(engine.port, query=query) as ws:
        for packet in packets:
            ws.send(packet)
        ws.recv()
    return caught.value.rcvd.code


def test_websocket_that_was_refused_has_no_say_in_the_upgrade_of_another(serve):
    engine = serve()
    engine.on('connection', lambda session: session.on('data', session.send))

    def client():
        polling = Polling(engine.port)
        query = f'&sid={polling.sid}'
        with open_ws(engine.port, query=query) as first:
            first.send('2probe')
            assert first.recv() == '3probe'
            assert refused_code(engine, query, '2probe', '5', '4stolen', b'stolen') == 1008
            polling.post('4by polling')
            first.send('5')
            return first.recv()

    assert during(client) == '4by polling'


def test_second_websocket_after_the_upgrade_is_refused_and_ignored(serve):
    engine = serve()
    engine.on('connection', lambda session: session.on('data', session.send))

    def client():
        polling = Polling(engine.port)
        query = f'&sid={polling.sid}'
        with open_ws(engine.port, query=query) as first:
            first.send('2probe')
            first.recv()
            first.send('5')
            assert refused_code(engine, query, '2probe', '4stolen') == 1008
            first.send('4mine')
            return first.recv()

    assert during(client) == '4mine'


def test_broken_escape_in_the_url_of_a_websocket_is_a_400(serve):
    engine = serve()

    def client():
        with pytest.raises(InvalidStatus) as caught:
            open_ws(engine.port, query='&a=%zz')
        return caught.value.response

    response = during(client)
    assert response.status_code == 400
    assert 'http.bad_escape' in response.body.decode()
    assert not engine.sessions


def test_origin_guards_the_upgrade_of_a_session_too(serve):
    engine = serve(origins='https://good.example')
    good, bad = ({'Origin': f'https://{name}.example'} for name in ('good', 'bad'))

    def client():
        polling = Polling(engine.port, headers=good)
        with pytest.raises(InvalidStatus) as caught:
            open_ws(engine.port, query=f'&sid={polling.sid}', additional_headers=bad)
        with open_ws(engine.port, query=f'&sid={polling.sid}', additional_headers=good) as ws:
            ws.send('2probe')
            return ws.recv(), caught.value.response

    answer, refusal = during(client)
    assert answer == '3probe'
    assert refusal.status_code == 403
    assert 'https://bad.example' in refusal.body.decode() and 'setting: origins' in refusal.body.decode()
