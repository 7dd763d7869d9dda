"""The Engine.IO server over real sockets: handshake, polling, WebSocket, the upgrade, errors, heartbeats, the end."""

import gzip
import socket as plain_socket
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from edgeio import iosched
from edgeio.engineio import Server
from edgeio.errors import OptionError
from host_tests.looping import PATIENCE, Polling, ask, during, open_ws, settle, turn_until

OK = 200


def echo(engine):
    """Makes the engine's sessions send back what they get."""
    engine.on('connection', lambda session: session.on('data', lambda data: session.send(data)))
    return engine


# -- the handshake ---------------------------------------------------------------------------------------------------


def test_polling_handshake_tells_sid_upgrades_and_times(serve):
    engine = serve(ping_interval=300, ping_timeout=200)
    client = during(Polling, engine.port)
    assert client.opened.status == OK
    assert client.opened.headers['content-type'] == 'text/plain; charset=UTF-8'
    assert client.opened.headers['cache-control'] == 'no-store'
    assert len(client.handshake.pop('sid')) == 20
    assert client.handshake == {
        'upgrades': ['websocket'],
        'pingInterval': 300,
        'pingTimeout': 200,
        'maxPayload': 1000000,
    }


def test_websocket_handshake_offers_no_upgrade(serve):
    engine = serve()

    def client():
        with open_ws(engine.port) as ws:
            return ws.recv()

    packet = during(client)
    assert packet.startswith('0{"sid":"') and '"upgrades":[]' in packet


def test_revision_3_handshake_has_a_length_and_no_max_payload(serve):
    engine = serve()
    client = during(lambda: Polling(engine.port, eio=3))
    length, rest = client.opened.text.split(':', 1)
    assert int(length) == len(rest)
    assert 'maxPayload' not in client.handshake
    assert engine.seen[0][0].protocol == 3


@pytest.mark.parametrize('options', [{'allow_upgrades': False}, {'transports': ['polling']}])
def test_no_upgrade_is_offered_where_there_is_none(serve, options):
    engine = serve(**options)
    assert during(Polling, engine.port).handshake['upgrades'] == []


@pytest.mark.parametrize('options', [{'allow_upgrades': False}, {'transports': ['polling']}])
def test_no_upgrade_is_served_where_there_is_none(serve, options):
    engine = serve(**options)
    sid = during(Polling, engine.port).sid
    with pytest.raises(InvalidStatus) as refused:
        during(lambda: open_ws(engine.port, query='&sid=' + sid))
    assert refused.value.response.status_code == 400
    assert list(engine.sessions) == [sid]


def test_websocket_that_says_it_polls_is_refused(serve):
    engine = serve()
    query = 'GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n'
    head = query + 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
    request = head + 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

    def client():
        with plain_socket.create_connection(('127.0.0.1', engine.port), 20) as sock:
            sock.sendall(request.encode())
            return b''.join(iter(lambda: sock.recv(65536), b''))

    assert during(client).startswith(b'HTTP/1.1 400 ')
    assert not engine.sessions


def test_initial_packet_comes_with_the_handshake(serve):
    engine = serve(initial_packet='welcome')
    client = during(Polling, engine.port)
    rest = client.opened.text.split('\x1e')[1:] or [during(client.poll).text]
    assert rest == ['4welcome']


def test_path_works_with_and_without_the_trailing_slash(serve):
    engine = serve(path='/io')
    for path in ('/io', '/io/'):
        assert during(lambda path=path: Polling(engine.port, path)).opened.status == OK
    assert during(ask, engine.port, 'GET', '/iou?EIO=4&transport=polling').text == 'hello'


def test_cookie_is_off_unless_asked_for(serve):
    assert 'set-cookie' not in during(Polling, serve().port).opened.headers
    client = during(Polling, serve(cookie=True).port)
    assert client.opened.headers['set-cookie'] == f'io={client.sid}; Path=/; HttpOnly; SameSite=Lax'
    client = during(Polling, serve(cookie={'name': 'sid', 'path': None, 'httpOnly': False, 'sameSite': 'strict'}).port)
    assert client.opened.headers['set-cookie'] == f'sid={client.sid}; SameSite=Strict'


def test_generate_id_makes_the_sid(serve):
    engine = serve()
    engine.generateId = lambda req: 'id:' + req.headers['x-who']
    client = during(lambda: Polling(engine.port, headers={'X-Who': 'me'}))
    assert client.sid == 'id:me'


@pytest.mark.parametrize('wrong', [lambda req: 1 / 0, lambda req: '', lambda req: None])
def test_an_id_that_cannot_be_made_is_a_bad_request(serve, wrong, reports):
    engine = serve()
    engine.generate_id = wrong
    errors = []
    engine.on('connection_error', lambda error: errors.append((error['code'], error['context'])))
    answer = during(ask, engine.port, 'GET', '/engine.io/?EIO=4&transport=polling')
    assert (answer.status, answer.json) == (400, {'code': 3, 'message': 'Bad request'})
    assert errors == [(3, {'name': 'ID_GENERATION_ERROR'})]
    assert [where for exc, where in reports] == ['generate_id']
    reports.clear()


@pytest.mark.parametrize('transport', ['polling', 'websocket'])
def test_an_id_may_be_made_by_a_coroutine(serve, transport):
    engine = serve()

    async def make(req):
        await iosched.sleep(5)
        return 'later'

    engine.generate_id = make
    if transport == 'polling':
        assert during(Polling, engine.port).sid == 'later'
    else:
        assert '"sid":"later"' in during(lambda: open_ws(engine.port).recv())


def test_a_coroutine_that_makes_no_id_is_a_bad_request(serve, reports):
    engine = serve()

    async def make(req):
        await iosched.sleep(1)
        raise ValueError('no id today')

    engine.generate_id = make
    answer = during(ask, engine.port, 'GET', '/engine.io/?EIO=4&transport=polling')
    assert (answer.status, answer.json) == (400, {'code': 3, 'message': 'Bad request'})
    assert [str(exc) for exc, where in reports] == ['no id today']
    reports.clear()


def test_a_plain_request_with_a_websockets_sid_is_refused(serve):
    engine = serve()

    def client():
        with open_ws(engine.port) as ws:
            sid = ws.recv().split('"sid":"')[1].split('"')[0]
            return ask(engine.port, 'GET', f'/engine.io/?EIO=4&transport=websocket&sid={sid}')

    answer = during(client)
    assert (answer.status, answer.json['code']) == (400, 3)
    assert len(engine.seen) == 1


def test_headers_events_add_to_answers(serve):
    engine = serve()
    engine.on('initial_headers', lambda headers, req: headers.update({'X-First': '1'}))
    engine.on('headers', lambda headers, req: headers.update({'X-Each': '2'}))
    client = during(Polling, engine.port)
    assert (client.opened.headers['x-first'], client.opened.headers['x-each']) == ('1', '2')
    answer = during(client.post, '4x')
    assert (answer.headers['x-first'], answer.headers['x-each']) == (None, '2')


# -- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('method', 'query', 'status', 'code', 'message'),
    [
        ('GET', 'EIO=4&transport=pigeon', 400, 0, 'Transport unknown'),
        ('GET', 'EIO=4', 400, 0, 'Transport unknown'),
        ('GET', 'EIO=4&transport=__proto__', 400, 0, 'Transport unknown'),
        ('GET', 'EIO=4&transport=polling&sid=zzz', 400, 1, 'Session ID unknown'),
        ('POST', 'EIO=4&transport=polling&sid=zzz', 400, 1, 'Session ID unknown'),
        ('GET', 'EIO=4&transport=polling&sid=a&sid=b', 400, 1, 'Session ID unknown'),
        ('POST', 'EIO=4&transport=polling', 400, 2, 'Bad handshake method'),
        ('PUT', 'EIO=4&transport=polling', 400, 2, 'Bad handshake method'),
        ('GET', 'EIO=4&transport=websocket', 400, 3, 'Bad request'),
        ('GET', 'EIO=2&transport=polling', 400, 5, 'Unsupported protocol version'),
        ('GET', 'transport=polling', 400, 5, 'Unsupported protocol version'),
        ('GET', 'EIO=abc&transport=polling', 400, 5, 'Unsupported protocol version'),
    ],
)
def test_refusals_are_json_with_the_protocols_codes(serve, method, query, status, code, message):
    engine = serve()
    errors = []
    engine.on('connection_error', lambda error: errors.append((error['code'], error['message'])))
    answer = during(ask, engine.port, method, '/engine.io/?' + query)
    assert answer.status == status
    assert answer.headers['content-type'] == 'application/json'
    assert (answer.json['code'], answer.json['message']) == (code, message)
    assert errors == [(code, message)]
    assert engine.clients_count == 0


def test_a_revision_that_is_not_served_is_told_which_are(serve):
    engine = serve(allow_eio3=False)
    detail = during(ask, engine.port, 'GET', '/engine.io/?EIO=3&transport=polling').json['detail']
    assert "revision '3'" in detail and 'served here: 4' in detail and 'socket.io-client 3.x and 4.x' in detail


def test_allow_request_refuses_with_its_own_message(serve):
    engine = serve(allow_request=lambda req, done: done('no entry', False))
    answer = during(ask, engine.port, 'GET', '/engine.io/?EIO=4&transport=polling')
    assert (answer.status, answer.json) == (403, {'code': 4, 'message': 'no entry'})

    def client():
        with pytest.raises(InvalidStatus) as refused:
            open_ws(engine.port)
        return refused.value.response

    response = during(client)
    assert response.status_code == 403 and b'no entry' in response.body


def test_websocket_handshakes_are_refused_with_the_same_errors(serve):
    engine = serve()

    def client(query):
        with pytest.raises(InvalidStatus) as refused:
            open_ws(engine.port, query=query)
        return refused.value.response

    response = during(client, '&sid=unknown')
    assert response.status_code == 400 and b'Session ID unknown' in response.body
    assert engine.clients_count == 0


@pytest.mark.parametrize('origins', ['https://good.example', ['https://good.example:443'], 'good.example:*'])
def test_origins_guard_polling_and_websocket(serve, origins):
    engine = serve(origins=origins)
    good, bad = {'Origin': 'https://good.example'}, {'Origin': 'https://bad.example'}
    client = during(lambda: Polling(engine.port, headers=good))
    assert client.opened.headers['access-control-allow-origin'] == 'https://good.example'
    answer = during(ask, engine.port, 'GET', '/engine.io/?EIO=4&transport=polling', None, bad)
    detail = answer.json['detail']
    assert answer.status == 403 and 'https://bad.example' in detail and 'origins' in detail
    assert 'access-control-allow-origin' not in answer.headers

    def websocket():
        with pytest.raises(InvalidStatus) as refused:
            open_ws(engine.port, origin='https://bad.example')
        return refused.value.response.status_code

    assert during(websocket) == 403


LOOK_ALIKES = ['http://good.example:80@bad.example', 'http://good.example:80x', 'https://good.example@']


@pytest.mark.parametrize('origin', LOOK_ALIKES)
def test_what_only_looks_like_an_origin_is_refused(serve, origin):
    engine = serve(origins=['good.example', 'http://good.example:*'])
    answer = during(ask, engine.port, 'GET', '/engine.io/?EIO=4&transport=polling', None, {'Origin': origin})
    assert answer.status == 403


def test_origins_may_be_a_function_that_says_why(serve):
    def origins(origin, callback):
        if origin != 'https://foo.example.com':
            return callback('origin not allowed', False)
        callback(None, True)

    engine = serve(origins=origins)
    answer = during(ask, engine.port, 'GET', '/engine.io/?EIO=4&transport=polling', None, {'Origin': 'https://x.y'})
    assert (answer.status, answer.json['message']) == (403, 'origin not allowed')
    client = during(lambda: Polling(engine.port, headers={'Origin': 'https://foo.example.com'}))
    assert client.opened.status == OK


def test_cors_answers_preflight(serve):
    engine = serve(cors={'origin': ['https://a.example'], 'methods': ['GET', 'POST'], 'credentials': True,
                         'allowedHeaders': ['x-one'], 'exposedHeaders': ['x-two'], 'maxAge': 60})  # fmt: skip
    headers = {'Origin': 'https://a.example', 'Access-Control-Request-Method': 'POST'}
    answer = during(ask, engine.port, 'OPTIONS', '/engine.io/?EIO=4&transport=polling', None, headers)
    assert answer.status == 204
    assert answer.headers['access-control-allow-origin'] == 'https://a.example'
    assert answer.headers['access-control-allow-methods'] == 'GET, POST'
    assert answer.headers['access-control-allow-headers'] == 'x-one'
    assert answer.headers['access-control-allow-credentials'] == 'true'
    assert answer.headers['access-control-max-age'] == '60'
    headers = {'Origin': 'https://b.example'}
    other = during(ask, engine.port, 'GET', '/engine.io/?EIO=4&transport=polling', None, headers)
    assert 'access-control-allow-origin' not in other.headers


def test_a_misspelt_option_names_the_nearest():
    with pytest.raises(OptionError, match='ping_interval'):
        Server(None, pingIntervall=3)
    with pytest.raises(OptionError, match="'polling', 'websocket'"):
        Server(None, transports=['smoke'])


# -- long-polling ----------------------------------------------------------------------------------------------------


def test_posts_are_answered_ok_and_become_data(serve):
    engine = serve()
    client = during(Polling, engine.port)
    answer = during(client.post, '4hello\x1ebAQIDBA==\x1e4\u20ac\U0001f642'.encode())
    assert (answer.status, answer.text, answer.headers['content-type']) == (OK, 'ok', 'text/html')
    assert engine.seen[0][1] == ['hello', b'\x01\x02\x03\x04', '\u20ac\U0001f642']


def test_a_poll_waits_and_takes_all_that_is_sent_in_a_turn(serve):
    engine = serve()
    client = during(Polling, engine.port)
    session = engine.seen[0][0]

    def poll():
        return client.poll().text

    threading.Timer(0, lambda: None).start()
    results = []
    thread = threading.Thread(target=lambda: results.append(poll()))
    thread.start()
    turn_until(lambda: session.polling.parked, 'the poll')
    session.send('one')
    session.send(b'\x01\x02')
    session.send('drei \u20ac')
    turn_until(lambda: results)
    thread.join()
    assert results == ['4one\x1ebAQI=\x1e4drei \u20ac']


def test_revision_3_payloads_carry_lengths_in_utf16_units_and_binary(serve):
    engine = echo(serve())
    client = during(lambda: Polling(engine.port, eio=3, query='&b64=1'))
    during(client.post, '4:4\U0001f642!10:b4AQIDBA=='.encode())
    assert engine.seen[0][1] == ['\U0001f642!', b'\x01\x02\x03\x04']
    assert during(client.poll).text == '4:4\U0001f642!10:b4AQIDBA=='


def test_revision_3_binary_payloads(serve):
    engine = echo(serve())
    client = during(lambda: Polling(engine.port, eio=3))
    body = b'\x00\x03\xff4hi' + b'\x01\x03\xff\x04\x01\x02'
    assert during(lambda: client.post(body, {'Content-Type': 'application/octet-stream'})).text == 'ok'
    answer = during(client.poll)
    assert (answer.body, answer.headers['content-type']) == (body, 'application/octet-stream')


def test_a_second_poll_closes_the_session(serve):
    engine = serve()
    client = during(Polling, engine.port)
    session, log = engine.seen[0]
    first = []
    thread = threading.Thread(target=lambda: first.append(client.poll()))
    thread.start()
    turn_until(lambda: session.polling.parked, 'the poll')
    second = during(client.poll)
    turn_until(lambda: first)
    thread.join()
    assert (first[0].status, first[0].text) == (OK, '1')
    assert second.status == 400
    assert log == [('close', 'transport error')]
    assert during(client.poll).json['code'] == 1


def test_a_poll_whose_connection_drops_closes_the_session(serve):
    engine = serve()
    client = during(Polling, engine.port)
    session, log = engine.seen[0]
    dropped = plain_socket.create_connection(('127.0.0.1', engine.port))
    dropped.sendall(f'GET {client.url} HTTP/1.1\r\nHost: a\r\n\r\n'.encode())
    turn_until(lambda: session.polling.parked, 'the poll')
    dropped.close()
    turn_until(lambda: log)
    assert log == [('close', 'transport error')]


@pytest.mark.parametrize('body', ['abc', '', '\x1e4a', 'bAQ', 'b!!!!', '\x1e'])
def test_a_payload_that_is_none_is_a_parse_error(serve, body):
    engine = serve()
    client = during(Polling, engine.port)
    assert during(client.post, body).status == 400
    assert engine.seen[0][1] == [('close', 'parse error')]


def test_packets_before_the_one_that_is_a_parse_error_have_come(serve):
    engine = serve()
    client = during(Polling, engine.port)
    assert during(client.post, '4a\x1e').status == 400
    assert engine.seen[0][1] == ['a', ('close', 'parse error')]


def test_text_that_is_not_utf8_is_a_parse_error(serve):
    engine = serve()
    client = during(Polling, engine.port)
    assert during(client.post, b'4\xff\xfe').status == 400
    assert engine.seen[0][1] == [('close', 'parse error')]


def test_a_wrong_content_type_is_refused_and_harms_nobody(serve):
    engine = serve()
    client = during(Polling, engine.port)
    answer = during(lambda: client.post(b'4x', {'Content-Type': 'application/octet-stream'}))
    assert answer.status == 400 and 'application/octet-stream' in answer.text
    assert during(client.post, '4y').text == 'ok'
    assert engine.seen[0][1] == ['y']


def test_a_body_above_the_limit_is_413(serve):
    engine = serve(max_http_buffer_size=1000)
    client = during(Polling, engine.port)
    answer = during(client.post, '4' + 'x' * 1000)
    assert answer.status == 413 and 'max_http_buffer_size' in answer.text
    assert during(client.post, '4' + 'x' * 999).text == 'ok'


def test_other_methods_are_refused(serve):
    engine = serve()
    client = during(Polling, engine.port)
    assert during(lambda: ask(client.port, 'PUT', client.url, 'x')).status == 400


def test_a_close_packet_ends_the_session_and_drops_what_follows(serve):
    engine = serve()
    client = during(Polling, engine.port)
    session, log = engine.seen[0]
    polled = []
    thread = threading.Thread(target=lambda: polled.append(client.poll()))
    thread.start()
    turn_until(lambda: session.polling.parked, 'the poll')
    assert during(client.post, '4a\x1e1\x1e4b').text == 'ok'
    turn_until(lambda: polled)
    thread.join()
    assert polled[0].text == '6'
    assert log == ['a', ('close', 'transport close')]
    assert during(client.poll).status == 400


def test_long_answers_are_compressed_for_who_takes_that(serve):
    engine = serve()
    client = during(lambda: Polling(engine.port, headers={'Accept-Encoding': 'gzip'}))
    session = engine.seen[0][0]
    session.send('x' * 2000)
    answer = during(client.poll)
    assert answer.headers['content-encoding'] == 'gzip' and gzip.decompress(answer.body) == b'4' + b'x' * 2000
    session.send('short')
    assert 'content-encoding' not in during(client.poll).headers
    session.send('x' * 2000, None, False)
    assert 'content-encoding' not in during(client.poll).headers


@pytest.mark.parametrize(
    ('option', 'accepted', 'size', 'compressed'),
    [(False, 'gzip', 5000, False), ({'threshold': 200}, 'gzip', 300, True), (True, 'br', 5000, False),
     (True, 'gzip;q=0', 5000, False), (True, 'br, gzip;q=0.5', 5000, True)],
)  # fmt: skip
def test_compression_of_answers_is_an_option_and_the_clients_choice(serve, option, accepted, size, compressed):
    engine = serve(httpCompression=option)
    client = during(lambda: Polling(engine.port, headers={'Accept-Encoding': accepted}))
    engine.seen[0][0].send('x' * size)
    assert ('content-encoding' in during(client.poll).headers) == compressed


# -- websocket -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('eio', [3, 4])
def test_websocket_carries_text_and_binary(serve, eio):
    engine = echo(serve())

    def client():
        with open_ws(engine.port, eio=eio) as ws:
            ws.recv()
            ws.send('4hello \u20ac')
            ws.send((b'\x04' if eio == 3 else b'') + b'\x00\x01\xff')
            return ws.recv(), ws.recv()

    text, binary = during(client)
    assert text == '4hello \u20ac'
    assert binary == (b'\x04' if eio == 3 else b'') + b'\x00\x01\xff'
    turn_until(lambda: len(engine.seen[0][1]) == 3)
    assert engine.seen[0][1][-1] == ('close', 'transport close')


@pytest.mark.parametrize('compression', [None, 'deflate'])
def test_a_message_above_the_limit_is_1009_with_the_setting_that_bounds_it(serve, compression):
    engine = serve(max_http_buffer_size=1000, per_message_deflate=True)

    def client():
        with open_ws(engine.port, compression=compression) as ws:
            ws.recv()
            ws.send('4' + 'x' * 1000)
            with pytest.raises(ConnectionClosed) as closed:
                ws.recv()
            return closed.value.rcvd

    close = during(client)
    assert close.code == 1009 and 'expected: 1000; setting: max_http_buffer_size' in close.reason
    turn_until(lambda: engine.seen[0][1])
    assert engine.seen[0][1] == [('close', 'transport close')]


@pytest.mark.parametrize('packet', ['abc', '', '9'])
def test_a_packet_that_is_none_closes_the_websocket(serve, packet):
    engine = serve()

    def client():
        with open_ws(engine.port) as ws:
            ws.recv()
            ws.send(packet)
            with pytest.raises(ConnectionClosed):
                ws.recv()

    during(client)
    assert engine.seen[0][1] == [('close', 'parse error')]


def test_a_heartbeat_in_the_wrong_direction_is_a_transport_error(serve):
    engine = serve()

    def client(eio, packet):
        with open_ws(engine.port, eio=eio) as ws:
            ws.recv()
            ws.send(packet)
            with pytest.raises(ConnectionClosed):
                ws.recv()

    during(client, 4, '2')
    during(client, 3, '3')
    assert [log for _, log in engine.seen] == [[('close', 'transport error')]] * 2


# -- the upgrade -----------------------------------------------------------------------------------------------------


def upgrade(client):
    """Upgrades a polling session; the open WebSocket."""
    ws = open_ws(client.port, query=f'&sid={client.sid}')
    ws.send('2probe')
    assert ws.recv() == '3probe'
    ws.send('5')
    return ws


def test_upgrade_moves_the_session_to_the_websocket(serve):
    engine = echo(serve())
    client = during(Polling, engine.port)
    upgraded = []
    engine.seen[0][0].on('upgrade', lambda transport: upgraded.append(transport.name))

    def go():
        with upgrade(client) as ws:
            ws.send('4hello')
            return ws.recv()

    assert during(go) == '4hello'
    assert upgraded == ['websocket']
    assert engine.seen[0][0].transport.name == 'websocket'


def test_the_upgrade_answers_the_parked_poll_and_keeps_the_order(serve):
    engine = serve()
    client = during(Polling, engine.port)
    session = engine.seen[0][0]

    def go():
        polled = []
        thread = threading.Thread(target=lambda: polled.append(client.poll().text))
        thread.start()
        ws = open_ws(client.port, query=f'&sid={client.sid}')
        ws.send('2probe')
        assert ws.recv() == '3probe'
        thread.join()
        client.post('4now')
        ws.send('5')
        received = [ws.recv() for _ in range(3)]
        ws.close()
        return polled, received

    # What is sent while no poll is parked waits, and leaves by the WebSocket, in order and once.
    session.on('data', lambda data: [session.send(str(n)) for n in range(3)])
    polled, received = during(go)
    assert polled == ['6'] and received == ['40', '41', '42']


def test_requests_with_an_upgraded_sessions_sid_are_refused(serve):
    engine = serve()
    client = during(Polling, engine.port)

    def go():
        with upgrade(client) as ws:
            ws.send('4x')
            turned = client.poll()
            second = open_ws(client.port, query=f'&sid={client.sid}')
            with pytest.raises(ConnectionClosed):
                second.recv()
            ws.send('4still here')
            ws.ping().wait(5)
            return turned

    answer = during(go)
    assert (answer.status, answer.json['code']) == (400, 3)
    assert engine.seen[0][1][:2] == ['x', 'still here']


@pytest.mark.parametrize('first', ['4early', '5', 'nonsense', b'\x01'])
def test_a_probe_that_goes_wrong_harms_only_itself(serve, first):
    engine = serve()
    client = during(Polling, engine.port)

    def go():
        ws = open_ws(client.port, query=f'&sid={client.sid}')
        ws.send(first)
        with pytest.raises(ConnectionClosed):
            ws.recv()
        return client.post('4fine').text

    assert during(go) == 'ok'
    assert engine.seen[0][1] == ['fine']


def test_an_upgrade_that_is_not_finished_times_out(serve):
    engine = serve(upgrade_timeout=50)
    client = during(Polling, engine.port)

    def go():
        ws = open_ws(client.port, query=f'&sid={client.sid}')
        ws.send('2probe')
        assert ws.recv() == '3probe'
        with pytest.raises(ConnectionClosed):
            ws.recv()
        return client.post('4fine').text

    assert during(go) == 'ok'


# -- heartbeats ------------------------------------------------------------------------------------------------------


def test_revision_4_is_pinged_and_stays_while_it_answers(serve):
    engine = serve(ping_interval=40, ping_timeout=5000)

    def client():
        with open_ws(engine.port) as ws:
            ws.recv()
            for _ in range(3):
                assert ws.recv() == '2'
                ws.send('3')

    during(client)
    turn_until(lambda: engine.seen[0][1])
    assert engine.seen[0][1] == [('close', 'transport close')]


@pytest.mark.parametrize('transport', ['polling', 'websocket'])
@pytest.mark.parametrize('eio', [3, 4])
def test_a_client_that_falls_silent_times_out_once(serve, transport, eio):
    engine = serve(ping_interval=50, ping_timeout=50)
    kept = during(lambda: open_ws(engine.port, eio=eio) if transport == 'websocket' else Polling(engine.port, eio=eio))
    log = engine.seen[0][1]
    turn_until(lambda: log)
    assert log == [('close', 'ping timeout')]
    settle()
    assert len(log) == 1 and engine.clients_count == 0 and len(engine.heartbeats) == 0
    del kept


def test_revision_3_pings_are_answered(serve):
    engine = serve()

    def client():
        with open_ws(engine.port, eio=3) as ws:
            ws.recv()
            ws.send('2')
            ws.send('2probe')
            return ws.recv(), ws.recv()

    assert during(client) == ('3', '3probe')


# -- the end ---------------------------------------------------------------------------------------------------------


def test_close_flushes_what_was_sent_before(serve):
    engine = serve()

    def client():
        with open_ws(engine.port) as ws:
            ws.recv()
            ws.send('4x')
            got = [ws.recv()]
            with pytest.raises(ConnectionClosed):
                ws.recv()
            return got

    engine.on('connection', lambda session: session.on('data', lambda data: session.send('bye').close()))
    assert during(client) == ['4bye']
    assert engine.seen[0][1] == ['x', ('close', 'forced close')]


def test_close_by_polling_sends_the_buffer_and_a_close_packet(serve):
    engine = serve()
    client = during(Polling, engine.port)
    session, log = engine.seen[0]
    session.send('bye')
    session.close()
    assert log == []
    assert during(client.poll).text == '4bye'
    assert during(client.poll).text == '1'
    assert log == [('close', 'forced close')]


def test_send_callbacks_and_drain_come_once_each_in_order(serve):
    engine = serve()
    client = during(Polling, engine.port)
    session = engine.seen[0][0]
    order = []
    session.on('drain', lambda: order.append('drain'))
    session.send('a', lambda: order.append('a'))
    session.send('b', lambda: order.append('b'))
    assert during(client.poll).text == '4a\x1e4b'
    assert order == ['a', 'b', 'drain']


def test_closing_the_server_ends_every_session(serve):
    engine = serve()
    during(Polling, engine.port)
    during(open_ws, engine.port)
    engine.close()
    assert [log for _, log in engine.seen] == [[('close', 'forced close')]] * 2
    settle()
    assert engine.clients_count == 0


def test_middleware_sees_polling_and_websocket_and_may_refuse(serve):
    engine = serve()
    seen = []

    def middleware(req, res, go_on):
        seen.append(res is None)
        go_on(None if 'ok' in req.query else Exception('no'))

    engine.use(middleware)
    assert during(lambda: Polling(engine.port, query='&ok=1')).opened.status == OK
    answer = during(ask, engine.port, 'GET', '/engine.io/?EIO=4&transport=polling')
    assert answer.status == 400
    during(lambda: open_ws(engine.port, query='&ok=1').close())
    assert seen == [False, False, True]


def test_each_close_calls_back(serve):
    engine = serve()
    called = []
    engine.close(lambda: called.append(1))
    engine.close(lambda: called.append(2))
    turn_until(lambda: len(called) == 2, 'the callbacks')
    assert called == [1, 2]


@pytest.mark.parametrize('eio', [4, 3])
def test_post_under_way_as_the_upgrade_ends_is_taken(serve, eio):
    engine = serve()

    def client():
        polling = Polling(engine.port, eio=eio)
        body = '4from the POST' if eio == 4 else '14:4from the POST'
        head = f'POST {polling.url} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}'
        with plain_socket.create_connection(('127.0.0.1', engine.port), PATIENCE / 1000) as sock:
            sock.sendall(f'{head}\r\nConnection: close\r\n\r\n{body[:5]}'.encode())
            with open_ws(engine.port, eio=eio, query=f'&sid={polling.sid}') as ws:
                ws.send('2probe')
                ws.recv()
                ws.send('5')
                ws.send('4by the websocket')
                while not engine.seen[0][1]:
                    time.sleep(0.01)
                sock.sendall(body[5:].encode())
                return b''.join(iter(lambda: sock.recv(65536), b''))

    answer = during(client)
    assert answer.startswith(b'HTTP/1.1 200') and answer.endswith(b'ok')
    assert [data for data in engine.seen[0][1] if type(data) is str] == ['by the websocket', 'from the POST']
