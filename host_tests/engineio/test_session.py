"""A session's corners: what clients and apps do that is allowed and rare, or a mistake that must stay small."""

import http.client
from threading import Event

import pytest
from websockets.exceptions import InvalidStatus

from edgeio import iosched, timers
from host_tests.looping import PATIENCE, Answer, Polling, ask, during, open_ws, turn_until


def test_a_callback_of_send_that_fails_is_reported_and_harms_nobody(serve, reports):
    engine = serve()
    client = during(Polling, engine.port)
    session, log = engine.seen[0]
    calls = []
    session.send('one', lambda: 1 // 0)
    session.send('two', lambda: calls.append('two'))
    assert during(client.poll).text == '4one\x1e4two'
    turn_until(lambda: calls)
    assert [type(exc) for exc, where in reports] == [ZeroDivisionError]
    assert (calls, log, session.state) == (['two'], [], 'open')
    reports.clear()


def test_many_probes_of_one_websocket_cost_one_timer(serve):
    engine = serve()
    client = during(Polling, engine.port)

    def probe():
        with open_ws(engine.port, query=f'&sid={client.sid}') as ws:
            for _ in range(50):
                ws.send('2probe')
            answers = [ws.recv() for _ in range(50)]
            return answers, timers.count()

    before = timers.count()
    answers, during_probe = during(probe)
    assert answers == ['3probe'] * 50
    assert during_probe - before < 10


def test_binary_in_base64_over_a_websocket_may_begin_with_any_byte(serve):
    # socket.io-client's option forceBase64: `b`, then base64, which begins with a 4 for the bytes E0 to E3.
    engine = serve()

    def client():
        with open_ws(engine.port) as ws:
            ws.recv()
            ws.send('b4AEC')
            ws.send('4done')
            turn.wait()

    turn = Event()
    engine.on('connection', lambda session: session.on('data', lambda data: data == 'done' and turn.set()))
    during(client)
    assert engine.seen[0][1][:2] == [b'\xe0\x01\x02', 'done']


def test_headers_of_an_upgrade_are_checked_as_those_of_an_answer_are(serve):
    engine = serve()
    engine.on('headers', lambda headers, req: headers.update({'X-Path': req.path, 'X-Number': 7, 'X-List': ['a', 'b']}))

    def client():
        with open_ws(engine.port) as ws:
            return ws.response.headers

    headers = during(client)
    assert (headers['X-Path'], headers['X-Number'], headers.get_all('X-List')) == ('/engine.io/', '7', ['a', 'b'])
    answer = during(Polling, engine.port).opened
    assert (answer.headers['x-path'], answer.headers['x-number']) == ('/engine.io/', '7')


def test_a_second_answer_of_allow_request_changes_nothing(serve):
    def allow(req, callback):
        callback(None, True)
        callback(None, True)
        callback('no', False)

    engine = serve(allow_request=allow)

    def client():
        with open_ws(engine.port) as ws:
            first = ws.recv()
            ws.send('4still here')
            ws.send('1')
            return first

    assert during(client)[:8] == '0{"sid":'
    turn_until(lambda: len(engine.seen[0][1]) > 1)
    assert engine.seen[0][1] == ['still here', ('close', 'transport close')]
    assert len(engine.seen) == 1
    assert during(Polling, engine.port).opened.status == 200
    assert len(engine.seen) == 2


def test_a_middleware_and_allow_request_may_be_coroutines(serve):
    async def allow(req, callback):
        await iosched.sleep(1)
        callback(None, True)

    engine = serve(allow_request=allow)

    async def middleware(req, res, next):
        await iosched.sleep(1)
        next()

    engine.use(middleware)
    assert during(Polling, engine.port).opened.status == 200

    def client():
        with open_ws(engine.port) as ws:
            return ws.recv()

    assert during(client)[:8] == '0{"sid":'


def test_a_coroutine_middleware_that_fails_is_reported_and_refuses(serve, reports):
    engine = serve()

    async def middleware(req, res, next):
        raise ValueError('broken')

    engine.use(middleware)
    answer = during(ask, engine.port, 'GET', '/engine.io/?EIO=4&transport=polling')
    assert answer.status == 400
    assert [str(exc) for exc, where in reports] == ['broken']
    reports.clear()


def test_an_allow_request_that_fails_is_reported_and_refuses(serve, reports):
    engine = serve(allow_request=lambda req, callback: 1 // 0)
    answer = during(ask, engine.port, 'GET', '/engine.io/?EIO=4&transport=polling')
    assert (answer.status, answer.json['code']) == (403, 4)
    assert [where for exc, where in reports] == ['allow_request']
    reports.clear()


def test_a_request_that_was_undecided_when_the_server_closed_begins_no_session(serve):
    asked, refused = [], []
    engine = serve(allow_request=lambda req, callback: asked.append(callback))
    engine.on('connection_error', lambda error: refused.append(error['context']))

    def client():
        with pytest.raises(InvalidStatus) as caught:
            open_ws(engine.port)
        return caught.value.response.status_code

    def close():
        engine.close()
        asked[0](None, True)

    when(lambda: asked, close)
    assert during(client) == 400
    assert (refused, engine.sessions) == ([{'name': 'SERVER_CLOSED'}], {})


def when(happened, act):
    """Calls `act()` in the loop once `happened()` is true."""
    timer = iosched.set_interval(lambda: happened() and (timer.clear(), act()), 1)


HANDSHAKE = {
    'Upgrade': 'websocket',
    'Connection': 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
}


def from_elsewhere(port, method, path, body=None, headers=None):
    """As `ask`, from another address of this machine."""
    client = http.client.HTTPConnection('127.0.0.1', port, PATIENCE / 1000, source_address=('127.0.0.2', 0))
    try:
        client.request(method, path, body, headers or {})
        return Answer(client.getresponse())
    finally:
        client.close()


def test_session_of_an_old_client_is_spoken_for_from_its_own_address_only(serve):
    engine = serve()
    client = during(Polling, engine.port, '/engine.io/', 3)
    upgrade = client.url.replace('=polling', '=websocket')
    for method, url, body, headers in (
        ('GET', client.url, None, {}),
        ('POST', client.url, '6:4hello', {'Content-Type': 'text/plain'}),
        ('GET', upgrade, None, HANDSHAKE),
    ):
        answer = during(from_elsewhere, engine.port, method, url, body, headers)
        assert answer.status == 400 and 'Session ID unknown' in answer.text
    session, log = engine.seen[0]
    assert (log, session.state, session.upgrade) == ([], 'open', None)
    assert during(client.post, '6:4hello').text == 'ok'
    assert log == ['hello']


def test_session_of_todays_client_may_go_on_from_another_address(serve):
    engine = serve()
    client = during(Polling, engine.port)
    headers = {'Content-Type': 'text/plain'}
    assert during(from_elsewhere, engine.port, 'POST', client.url, '4hello', headers).text == 'ok'
    assert engine.seen[0][1] == ['hello']
