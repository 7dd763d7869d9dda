"""HttpServer over real sockets: requests, responses, order, life and death of connections."""

import http.client as http_client
import subprocess
from contextlib import closing

import pytest

from edgeio import http, iosched, socket
from edgeio.errors import EdgeError, OptionError, ProtocolError, StateError
from edgeio.http import message
from host_tests.http.wire import Wire, exchange, wait_for
from host_tests.looping import PATIENCE, ask, during, turn_until

GET = b'GET / HTTP/1.1\r\nHost: board\r\n\r\n'
LAST = b'GET / HTTP/1.1\r\nHost: board\r\nConnection: close\r\n\r\n'


def show(req, res):
    """Answers with what the request says."""
    res.end(f'{req.method} {req.url} {req.http_version}')


# -- requests --------------------------------------------------------------------------------------------------------


def test_request_says_who_asks_for_what(serve):
    seen = {}

    def handler(req, res):
        for name in ('method', 'url', 'path', 'query', 'protocol', 'http_version', 'host', 'ip', 'keep_alive'):
            seen[name] = getattr(req, name)
        seen['header'] = req.headers['x-one']
        res.end()

    server = serve(handler)
    during(ask, server.port(), 'PUT', '/a%20b?c=d&e=%C3%A9&e=f', None, {'X-One': '1'})
    assert seen == {
        'method': 'PUT',
        'url': '/a%20b?c=d&e=%C3%A9&e=f',
        'path': '/a%20b',
        'query': {'c': 'd', 'e': ['\xe9', 'f']},
        'protocol': 'http',
        'http_version': '1.1',
        'host': f'127.0.0.1:{server.port()}',
        'ip': '127.0.0.1',
        'keep_alive': True,
        'header': '1',
    }


def test_broken_query_is_a_400_and_nobody_is_woken(serve):
    server = serve(lambda req, res: res.end(str(req.query)))
    answer = during(ask, server.port(), 'GET', '/?a=%zz')
    assert answer.status == 400 and 'http.bad_escape' in answer.text


def test_curl_is_served(serve):
    server = serve(show)
    output = during(
        lambda: subprocess.run(
            ['curl', '-si', f'http://127.0.0.1:{server.port()}/x'], capture_output=True, check=True, timeout=20
        ).stdout
    )
    assert output.startswith(b'HTTP/1.1 200 OK\r\n') and output.endswith(b'GET /x 1.1')


def test_connection_serves_many_requests(serve):
    server = serve(show)

    def client():
        with closing(http_connection(server)) as connection:
            for number in range(50):
                connection.request('GET', f'/{number}')
                assert connection.getresponse().read() == f'GET /{number} 1.1'.encode()
            return connection.sock.getsockname()

    assert during(client)


def http_connection(server):
    return http_client.HTTPConnection('127.0.0.1', server.port(), timeout=PATIENCE / 1000)


def test_http10_connection_closes_after_the_response(serve):
    server = serve(show)
    raw = during(exchange, server.port(), b'GET / HTTP/1.0\r\n\r\n')
    assert b'\r\nConnection: close\r\n' in raw and raw.endswith(b'GET / 1.0')


def test_http10_connection_is_kept_where_asked(serve):
    server = serve(show)
    data = b'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n' + b'GET /2 HTTP/1.0\r\n\r\n'
    raw = during(exchange, server.port(), data)
    assert b'\r\nConnection: keep-alive\r\n' in raw
    assert raw.count(b'HTTP/1.1 200 OK') == 2


def test_head_has_the_head_of_get_and_no_body(serve):
    server = serve(lambda req, res: res.end('hello'))

    def client():
        with Wire(server.port()) as wire:
            wire.send(GET.replace(b'GET', b'HEAD') + LAST.replace(b'GET', b'HEAD'))
            return wire.rest()

    raw = during(client)
    assert raw.count(b'Content-Length: 5\r\n') == 2 and b'hello' not in raw


# -- bodies ----------------------------------------------------------------------------------------------------------


def echo(req, res):
    req.read_body(1000000, lambda error, data: res.end(data if error is None else str(error)))


@pytest.mark.parametrize('size', [0, 1, 70000, 900000])
def test_body_is_read_whole(serve, size):
    server = serve(echo)
    body = bytes(range(256)) * (size // 256) + b'x' * (size % 256)
    assert during(ask, server.port(), 'POST', '/', body).body == body


def test_chunked_body_is_read_whole(serve):
    server = serve(echo)
    pieces = [b'ab', b'c' * 100000, b'd']
    assert during(ask, server.port(), 'POST', '/', iter(pieces)).body == b''.join(pieces)


def test_body_comes_as_events(serve):
    def handler(req, res):
        pieces = []
        req.on('data', pieces.append)
        req.on('end', lambda: res.end(b''.join(pieces)))

    server = serve(handler)
    assert during(ask, server.port(), 'POST', '/', b'x' * 200000).body == b'x' * 200000
    assert during(ask, server.port(), 'GET', '/').body == b''


def test_body_can_be_read_later(serve):
    # The handler comes back to the body long after it has arrived.
    def handler(req, res):
        iosched.set_timeout(lambda: echo(req, res), 30)

    server = serve(handler)
    assert during(ask, server.port(), 'POST', '/', b'later').body == b'later'


def test_task_awaits_the_body(serve):
    async def handler(req, res):
        res.end(await req.read_body())

    server = serve(handler)
    assert during(ask, server.port(), 'POST', '/', b'awaited').body == b'awaited'


def test_reader_of_a_body_may_take_its_time(serve):
    def handler(req, res):
        async def done(error, data):
            await iosched.sleep(5)
            res.end(data)

        req.read_body(100, done)

    server = serve(handler)
    assert during(ask, server.port(), 'POST', '/', b'read').body == b'read'


def test_body_above_the_readers_limit_is_its_error(serve):
    def handler(req, res):
        def done(error, data):
            res.status_code = error.status
            res.end(error.code)

        req.read_body(10, done)

    server = serve(handler)
    for body in (b'x' * 11, iter([b'x' * 6, b'x' * 6])):
        answer = during(ask, server.port(), 'POST', '/', body)
        assert (answer.status, answer.text) == (413, 'http.body_too_large')


def test_body_cannot_be_read_twice(serve):
    def handler(req, res):
        req.read_body(10, lambda error, data: None)
        with pytest.raises(StateError, match='http.body_taken'):
            req.read_body(10, lambda error, data: None)
        res.end('refused')

    assert during(ask, serve(handler).port(), 'POST', '/', b'x').text == 'refused'


def test_unread_body_is_dropped_and_the_connection_goes_on(serve):
    server = serve(show)

    def client():
        answers = []
        with closing(http_connection(server)) as connection:
            for _ in range(3):
                connection.request('POST', '/', b'x' * 100000)
                answers.append(connection.getresponse().read())
        return answers

    assert during(client) == [b'POST / 1.1'] * 3


@pytest.mark.parametrize(
    'body', [b'Content-Length: 70000\r\n\r\n' + b'x' * 70000,
             b'Transfer-Encoding: chunked\r\n\r\n' + b'1\r\nx\r\n' * 1015 + b'0\r\n\r\n'],
    ids=['length', 'chunks'],
)  # fmt: skip
def test_connection_goes_on_after_a_whole_body_that_nobody_took(serve, body):
    requests = []
    server = serve(lambda req, res: requests.append((req, res)))
    with Wire(server.port()) as wire:
        wire.send(b'POST / HTTP/1.1\r\nHost: board\r\n' + body)
        turn_until(lambda: requests and requests[0][0].complete, 'the body')
        assert requests[0][0].held
        requests[0][1].end('unread')
        assert during(wire.response)[2] == b'unread'
        wire.send(LAST)
        turn_until(lambda: len(requests) == 2, 'the next request')
        requests[1][1].end('next')
        assert during(wire.response)[2] == b'next'


def test_body_that_nobody_takes_holds_the_peer_back(serve):
    held = []

    def handler(req, res):
        held.append((req, res))

    server = serve(handler, max_body=100000000)
    sent = []

    def client():
        with Wire(server.port()) as wire:
            wire.send(b'POST / HTTP/1.1\r\nHost: board\r\nContent-Length: 50000000\r\n\r\n')
            wire.sock.settimeout(0.3)
            try:
                while True:
                    sent.append(wire.sock.send(b'x' * 65536))
            except TimeoutError:
                pass
            wire.sock.settimeout(20)
            total = sum(sent)
            held[0][0].go = True
            while total < 50000000:
                total += wire.sock.send(b'x' * min(65536, 50000000 - total))
            return wire.until(b'50000000')

    def take_when_told():
        # In the loop's thread: the body is taken once the client has found that it cannot send more.
        if held and getattr(held[0][0], 'go', False):
            req, res = held[0]
            sizes = []
            req.on('data', lambda data: sizes.append(len(data)))
            req.on('end', lambda: res.end(str(sum(sizes))))
            timer.clear()

    timer = iosched.set_interval(take_when_told, 5)
    assert during(client)
    assert sum(sent) < 20000000


def test_expectation_is_met_when_the_body_is_wanted(serve):
    server = serve(echo)

    def client():
        with Wire(server.port()) as wire:
            wire.send(b'POST / HTTP/1.1\r\nHost: board\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n')
            assert wire.until(b'\r\n\r\n') == b'HTTP/1.1 100 Continue\r\n\r\n'
            return wire.send(b'hello').response()

    assert during(client)[2] == b'hello'


def test_refusal_saves_a_waiting_client_the_body(serve):
    def handler(req, res):
        res.status_code = 403
        res.end('no')

    server = serve(handler)
    raw = during(
        exchange, server.port(), b'POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n'
    )
    assert raw.startswith(b'HTTP/1.1 403 ') and b'\r\nConnection: close\r\n' in raw and b'100 Continue' not in raw


# -- responses -------------------------------------------------------------------------------------------------------


def test_response_without_length_goes_in_chunks(serve):
    def handler(req, res):
        res.write('one ')
        res.write(b'two')
        res.write('')
        res.end('!')

    server = serve(handler)
    raw = during(exchange, server.port(), LAST)
    assert b'\r\nTransfer-Encoding: chunked\r\n' in raw and b'Content-Length' not in raw
    assert raw.endswith(b'\r\n\r\n4\r\none \r\n3\r\ntwo\r\n1\r\n!\r\n0\r\n\r\n')
    assert during(ask, server.port(), 'GET', '/').text == 'one two!'


def test_response_without_length_to_http10_ends_with_the_connection(serve):
    def handler(req, res):
        res.write('one ')
        res.end('two')

    raw = during(exchange, serve(handler).port(), b'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    assert raw.endswith(b'\r\n\r\none two') and b'chunked' not in raw and b'Connection: close' in raw


@pytest.mark.parametrize('status', [204, 304])
def test_status_without_body_has_none(serve, status):
    def handler(req, res):
        res.status_code = status
        res.end('not sent')

    raw = during(exchange, serve(handler).port(), GET + LAST)
    assert raw.count(f'HTTP/1.1 {status} '.encode()) == 2
    assert b'not sent' not in raw and b'Content-Length' not in raw and b'Transfer-Encoding' not in raw


def test_headers_are_set_read_and_removed(serve):
    def handler(req, res):
        assert res.set_header('X-One', 1) is res
        res.set_header('Set-Cookie', ['a=1', 'b=2'])
        res.append_header('Set-Cookie', 'c=3')
        res.set_header('X-Two', 'gone').remove_header('x-two')
        assert res.get_header('x-one') == '1' and res.has_header('X-ONE') and not res.has_header('x-two')
        assert not res.headers_sent
        res.end()
        assert res.headers_sent and res.ended

    answer = during(ask, serve(handler).port(), 'GET', '/')
    assert answer.headers.get_all('set-cookie') == ['a=1', 'b=2', 'c=3']
    assert answer.headers['X-One'] == '1' and answer.headers['X-Two'] is None


HEADERS = [('X', 'a\r\nSet-Cookie: evil=1'), ('X', 'a\nb'), ('X', 'a\rb'), ('X', 'a\0b'), ('X', '\u20ac'),
           ('X\r\nY', 'a'), ('X Y', 'a'), ('', 'a'), ('X:', 'a'), ('X', ['ok', 'a\r\nb'])]  # fmt: skip


@pytest.mark.parametrize(('name', 'value'), HEADERS)
def test_response_cannot_be_split(serve, name, value):
    def handler(req, res):
        with pytest.raises(OptionError, match='http.header'):
            res.set_header(name, value)
        res.end('whole')

    raw = during(exchange, serve(handler).port(), LAST)
    assert raw.count(b'\r\n\r\n') == 1 and raw.endswith(b'whole') and b'evil' not in raw


STATUSES = [(99, None), (1000, None), ('200', None), (200, 'a\r\nX: y'), (200, '\u20ac')]


@pytest.mark.parametrize(('status', 'message'), STATUSES)
def test_status_is_checked(serve, reports, status, message):
    def handler(req, res):
        res.status_code, res.status_message = status, message
        res.end()

    raw = during(exchange, serve(handler).port(), LAST)
    assert raw.startswith(b'HTTP/1.1 500 Internal Server Error\r\n') and raw.count(b'HTTP/1.1') == 1
    assert reports.pop()[0].code == 'http.status'


def test_misuse_of_a_response_is_an_error_at_the_call(serve):
    def handler(req, res):
        res.write('a')
        with pytest.raises(StateError, match='http.headers_sent'):
            res.set_header('X', 'y')
        res.end()
        for call in (res.end, res.write):
            with pytest.raises(StateError, match='http.write_after_end'):
                call('b')
        with pytest.raises(OptionError, match='http.framing'):
            http_response(req, res).set_header('Transfer-Encoding', 'chunked')

    def http_response(req, res):
        return type(res)(req.connection, req, True)

    assert during(ask, serve(handler).port(), 'GET', '/').text == 'a'


def test_body_that_is_no_bytes_is_an_error_at_the_call(serve):
    def handler(req, res):
        with pytest.raises(OptionError, match='http.body'):
            res.end({'a': 1})
        res.end('fine')

    assert during(ask, serve(handler).port(), 'GET', '/').text == 'fine'


@pytest.mark.parametrize('body', ['too long for it', 'short'])
def test_body_of_the_wrong_length_breaks_the_connection(serve, reports, body):
    def handler(req, res):
        res.set_header('Content-Length', 10)
        res.end(body)

    raw = during(exchange, serve(handler).port(), GET + GET)
    assert raw.count(b'HTTP/1.1') <= 1 and body.encode() not in raw
    assert reports.pop()[0].code == 'http.wrong_length'


def test_body_of_announced_length_is_not_chunked(serve):
    def handler(req, res):
        res.set_header('Content-Length', 6)
        res.write('abc')
        res.end('def')

    raw = during(exchange, serve(handler).port(), LAST)
    assert raw.endswith(b'\r\n\r\nabcdef') and b'chunked' not in raw


def test_connection_close_of_the_app_is_honoured(serve):
    def handler(req, res):
        res.set_header('Connection', 'close')
        res.end('bye')

    raw = during(exchange, serve(handler).port(), GET + GET)
    assert raw.count(b'HTTP/1.1 200') == 1 and raw.count(b'Connection: close\r\n') == 1


def test_large_body_reaches_a_slow_reader_without_filling_the_queue(serve):
    queued = []
    body = bytes(range(256)) * 120000  # 30 MB, more than the hard limit of a stream

    def handler(req, res):
        res.on('drain', lambda: queued.append(req.connection.stream.queued))
        res.end(body)

    server = serve(handler)

    def client():
        with Wire(server.port()) as wire:
            return wire.send(LAST).rest()

    raw = during(client)
    assert raw.endswith(b'\r\n\r\n' + body)
    assert max(queued) < 1000000


def test_finish_and_close_come_once_and_in_order(serve):
    events = []

    def handler(req, res):
        res.on('finish', lambda: events.append('finish'))
        res.on('close', lambda: events.append('close'))
        req.on('close', lambda: events.append('request close'))
        res.end('x')

    during(ask, serve(handler).port(), 'GET', '/')
    assert sorted(events) == ['close', 'finish', 'request close'] and events.index('finish') < events.index('close')


def test_head_can_be_sent_before_there_is_a_body(serve):
    held = []

    def handler(req, res):
        res.set_header('Content-Type', 'text/event-stream').flush_headers()
        held.append(res)

    server = serve(handler)

    def client():
        with Wire(server.port()) as wire:
            head = wire.send(LAST).until(b'\r\n\r\n')
            iosched.set_timeout(held[0].end, 0, 'data: x\n\n')
            return head + wire.rest()

    raw = during(client)
    assert b'text/event-stream' in raw and raw.endswith(b'\r\n\r\n9\r\ndata: x\n\n\r\n0\r\n\r\n')


def test_lost_connection_is_an_error_of_a_response_under_way(serve):
    events = []

    def handler(req, res):
        res.on('error', lambda error: events.append(error.code))
        res.on('close', events.append)
        res.write('begun')

    server = serve(handler)

    def client():
        with Wire(server.port()) as wire:
            wire.send(GET).until(b'begun')
            wire.sock.setsockopt(1, 13, b'\1\0\0\0\0\0\0\0')  # leave with a reset

    during(client)
    turn_until(lambda: len(events) == 2)
    assert events[0] == 'http.aborted' and events[1].startswith('transport')


# -- order -----------------------------------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(serve):
    server = serve(show)
    data = b''.join(b'GET /%d HTTP/1.1\r\nHost: board\r\n\r\n' % number for number in range(300)) + LAST
    raw = during(exchange, server.port(), data)
    assert [part.split(b' ')[1] for part in raw.split(b'GET ')[1:-1]] != []
    assert [int(part.split(b' ')[0][1:]) for part in raw.split(b'GET ')[1:-1]] == list(range(300))


def test_request_behind_a_slow_one_is_begun_when_that_is_answered(serve):
    begun = []

    def handler(req, res):
        begun.append(req.url)
        if req.url == '/slow':
            iosched.set_timeout(lambda: res.end(f'slow, begun: {begun}'), 30)
        else:
            res.end('quick')

    server = serve(handler)
    raw = during(exchange, server.port(), GET.replace(b'/ ', b'/slow ') + GET + LAST)
    assert b"slow, begun: ['/slow']" in raw and raw.count(b'quick') == 2 and raw.endswith(b'quick')


def test_many_pipelined_requests_do_not_keep_others_waiting(serve):
    order = []

    def handler(req, res):
        order.append(req.url)
        res.end()

    server = serve(handler, max_pipelined=4)

    def client():
        with Wire(server.port()) as greedy, Wire(server.port()) as modest:
            greedy.send(b'GET /greedy HTTP/1.1\r\nHost: b\r\n\r\n' * 1000)
            modest.send(b'GET /modest HTTP/1.1\r\nHost: b\r\n\r\n').response()
            for _ in range(1000):
                greedy.response()

    during(client)
    assert order.count('/greedy') == 1000 and order.index('/modest') < 900


# -- failures of handlers --------------------------------------------------------------------------------------------


def raises(req, res):
    raise ValueError('secret')


async def raises_later(req, res):
    await iosched.sleep(5)
    raise ValueError('secret')


def raises_in_generator(req, res):
    yield iosched.sleep(5)
    raise ValueError('secret')


def returns_error(req, res):
    return ValueError('secret')


@pytest.mark.parametrize('handler', [raises, raises_later, raises_in_generator, returns_error])
def test_failing_handler_is_a_500_and_reported_once(serve, reports, handler):
    server = serve(handler)
    answer = during(ask, server.port(), 'GET', '/')
    assert answer.status == 500 and 'secret' not in answer.text
    exc, where = reports.pop()
    assert str(exc) == 'secret' and where == 'GET /' and not reports


def fails(*_):
    raise ValueError('secret')


async def fails_later(*_):
    await iosched.sleep(5)
    raise ValueError('secret')


async def fails_at_once(*_):
    raise ValueError('secret')


@pytest.mark.parametrize('name', ['data', 'end'])
@pytest.mark.parametrize('fn', [fails, fails_at_once, fails_later])
def test_failing_handler_of_a_body_is_a_500_and_reported_once(serve, reports, name, fn):
    later = []

    def handler(req, res):
        req.on('data', fn if name == 'data' else later.append)
        req.on('end', fn if name == 'end' else lambda: later.append('end'))

    server = serve(handler)
    data = b'POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n1\r\ny\r\n0\r\n\r\n'

    def client():
        with Wire(server.port()) as wire:
            return [wire.send(data).response() for _ in range(2)]

    answers = during(client)
    assert [status for status, _, _ in answers] == [500, 500] and b'secret' not in answers[0][2]
    assert [(str(exc), where) for exc, where in reports] == [('secret', 'POST /')] * 2
    assert later == ([b'x', b'y'] * 2 if name == 'end' else [])
    reports.clear()


@pytest.mark.parametrize('late', [False, True])
@pytest.mark.parametrize('fn', [fails, fails_at_once, fails_later])
def test_failing_reader_of_a_whole_body_is_a_500_and_reported_once(serve, reports, late, fn):
    def handler(req, res):
        if late:
            iosched.set_timeout(req.read_body, 20, 100, fn)
        else:
            req.read_body(100, fn)

    answer = during(ask, serve(handler).port(), 'POST', '/', b'abc')
    assert answer.status == 500 and 'secret' not in answer.text
    exc, where = reports.pop()
    assert str(exc) == 'secret' and where == 'POST /' and not reports


def test_fault_of_the_client_that_a_handler_of_a_body_raises_is_its_answer(serve):
    def handler(req, res):
        def on_data(piece):
            raise ProtocolError('app.piece', 'not such a piece', status=422)

        req.on('data', on_data)

    answer = during(ask, serve(handler).port(), 'POST', '/', b'abc')
    assert answer.status == 422 and 'not such a piece' in answer.text


def test_handlers_that_fail_after_the_response_are_reported_and_harm_nobody(serve, reports):
    def handler(req, res):
        req.on('close', fails)
        req.on('data', fails)
        res.end('whole')

    server = serve(handler)
    answers = during(exchange, server.port(), GET + LAST)
    assert answers.count(b'HTTP/1.1 200') == 2
    assert [where for _, where in reports] == ['GET /'] * 2
    reports.clear()


def test_handler_failing_after_the_head_breaks_the_response_off(serve, reports):
    def handler(req, res):
        res.set_header('Content-Length', 100)
        res.write('begun')
        raise ValueError('too late')

    def client():
        with pytest.raises(http_client.IncompleteRead):
            ask(server.port(), 'GET', '/')
        return True

    server = serve(handler)
    with Wire(server.port()):  # another client is not harmed
        try:
            during(client)
        except http_client.RemoteDisconnected:
            pass
    assert str(reports.pop()[0]) == 'too late' and not reports


def test_connection_goes_on_after_a_500(serve, reports):
    server = serve(raises)
    assert during(exchange, server.port(), GET + LAST).count(b'HTTP/1.1 500') == 2
    assert len(reports) == 2
    reports.clear()


# -- lost connections ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('reset', [False, True], ids=['end', 'reset'])
def test_lost_connection_is_told_to_a_waiting_handler_once(serve, monkeypatch, reset):
    events, held = [], []
    if not reset:  # that of the sending side alone may be meant, so there is a time for the answer
        monkeypatch.setattr('edgeio.http.connection.HALF_CLOSED', 10)

    def handler(req, res):
        held.append(res)
        res.on('close', lambda reason: events.append(reason))
        req.on('close', lambda: events.append('request'))

    server = serve(handler)

    def client():
        with Wire(server.port()) as wire:
            wire.send(GET)
            wait_for(lambda: held, 'the request')
            if reset:
                wire.sock.setsockopt(1, 13, b'\1\0\0\0\0\0\0\0')

    during(client)
    turn_until(lambda: len(events) == 2)
    assert sorted(events) == ['request', 'transport error' if reset else 'transport close']
    assert held[0].closed and not held[0].finished
    assert held[0].write('nobody hears') is False
    held[0].end('nobody hears')
    assert server.connections == 0


def test_lost_connection_inside_a_body_is_an_error_of_the_request(serve):
    errors = []

    def handler(req, res):
        req.on('data', lambda data: None)
        req.on('error', errors.append)

    server = serve(handler)

    def client():
        with Wire(server.port()) as wire:
            wire.send(b'POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 10\r\n\r\nabc')

    during(client)
    turn_until(lambda: errors)
    assert [error.code for error in errors] == ['http.aborted']


def test_response_under_way_is_finished_for_a_peer_that_sends_no_more(serve):
    def handler(req, res):
        res.write('first ')
        iosched.set_timeout(lambda: res.end('second'), 30)

    server = serve(handler)

    def client():
        with Wire(server.port()) as wire:
            wire.send(GET)
            wire.sock.shutdown(1)
            return wire.rest()

    assert during(client).endswith(b'6\r\nfirst \r\n6\r\nsecond\r\n0\r\n\r\n')


def say_and_shut(port, data):
    """Sends `data` and ends its side; what comes until the server ends its own."""
    with Wire(port) as wire:
        wire.send(data)
        wire.sock.shutdown(1)
        return wire.rest()


@pytest.mark.parametrize('data', [LAST, GET, GET + GET, b'POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\nabc'])
def test_whole_request_is_answered_to_a_peer_that_sends_no_more(serve, data):
    events = []

    async def handler(req, res):
        req.on('close', lambda: events.append(req.aborted))
        await iosched.sleep(30)
        await req.read_body()
        res.end('at last')

    server = serve(handler)

    raw = during(say_and_shut, server.port(), data)
    count = data.count(b' HTTP/1.1')
    assert raw.count(b'HTTP/1.1 200') == count and raw.endswith(b'at last') and b'Connection: close' in raw
    turn_until(lambda: server.connections == 0)
    assert events == [False] * count


def test_reset_of_a_peer_that_sends_no_more_is_told_at_once(serve, monkeypatch):
    monkeypatch.setattr('edgeio.http.connection.HALF_CLOSED', 1 << 30)
    reasons = []
    server = serve(lambda req, res: res.on('close', reasons.append))
    with Wire(server.port()) as wire:
        wire.send(GET).sock.shutdown(1)
        turn_until(lambda: server._connections and next(iter(server._connections)).stopped, 'the end of input')
        assert not reasons
        wire.sock.setsockopt(1, 13, b'\1\0\0\0\0\0\0\0')
    turn_until(lambda: reasons)
    assert reasons == ['transport close']


def test_answer_that_has_begun_may_take_its_time_for_a_peer_that_sends_no_more(serve, monkeypatch):
    monkeypatch.setattr('edgeio.http.connection.HALF_CLOSED', 30)
    monkeypatch.setattr('edgeio.http.server.TICK', 5)

    async def handler(req, res):
        await iosched.sleep(10)
        res.write('begun, ')
        await iosched.sleep(100)
        res.end('ended')

    server = serve(handler)

    raw = during(say_and_shut, server.port(), GET)
    assert b'begun, ' in raw and raw.endswith(b'5\r\nended\r\n0\r\n\r\n')


def test_body_that_breaks_off_is_not_waited_for(serve):
    requests = []
    server = serve(lambda req, res: requests.append(req))

    def client():
        with Wire(server.port()) as wire:
            wire.send(b'POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 10\r\n\r\nabc')
            wire.sock.shutdown(1)
            return wire.rest()

    assert during(client) == b'' and requests[0].aborted


# -- life of a server ------------------------------------------------------------------------------------------------


def test_server_tells_its_life(serve):
    events = []
    server = http.create_server('name', show, 0, socket.sockaddr('127.0.0.1', 0))
    for name in ('start', 'stop', 'close'):
        server.on(name, lambda name=name: events.append(name))
    assert server.port() is None and not server.listening
    assert server.start() is server
    assert server.port() > 0 and server.listening and server.group == 'name'
    with pytest.raises(StateError, match='http.started'):
        server.start()
    server.stop(lambda: events.append('callback'))
    turn_until(lambda: 'callback' in events)
    assert events == ['start', 'stop', 'close', 'callback'] and server.port() is None


def test_stop_finishes_what_is_under_way_and_closes_what_idles(serve):
    held = []
    server = serve(lambda req, res: held.append(res))
    stopped = []

    def client():
        with Wire(server.port()) as idle, Wire(server.port()) as busy:
            busy.send(GET)
            wait_for(lambda: held, 'the request')
            iosched.set_timeout(server.stop, 0, lambda: stopped.append(True))
            assert idle.rest() == b''
            assert not stopped
            iosched.set_timeout(held[0].end, 0, 'last')
            return busy.rest()

    raw = during(client)
    assert raw.endswith(b'last') and b'Connection: close' in raw
    turn_until(lambda: stopped)


def test_each_callback_of_stop_is_called_whatever_the_one_before_did(serve, reports):
    server = serve()
    stopped = []
    server.stop(lambda: 1 // 0)
    server.stop(lambda: stopped.append(True))
    turn_until(lambda: stopped)
    assert [where for exc, where in reports] == ["the handler of 'stop'"]
    reports.clear()


def test_stop_does_not_wait_for_ever(serve):
    held = []
    server = serve(lambda req, res: held.append(res), stop_timeout=50)
    stopped = []

    def client():
        with Wire(server.port()) as busy:
            busy.send(GET)
            wait_for(lambda: held, 'the request')
            iosched.set_timeout(server.stop, 0, lambda: stopped.append(True))
            return busy.rest()

    assert during(client) == b''
    turn_until(lambda: stopped)


def test_taken_port_is_a_clear_error(serve):
    server = serve(show)
    with pytest.raises(EdgeError, match='the port is taken by another program') as caught:
        http.create_server('second', show, 0, socket.sockaddr('127.0.0.1', server.port())).start()
    assert caught.value.code == 'net.listen'


@pytest.mark.parametrize(
    ('given', 'code', 'words'),
    [
        ({'max_body_size': 1}, 'option.unknown', "'max_body' perhaps"),
        ({'max_body': -1}, 'option.invalid', 'max_body'),
        ({'header_timeout': 'soon'}, 'option.invalid', 'header_timeout'),
        ({'tls': {}}, 'tls.cert', 'the path of a PEM file'),
        ({'tls': {'certs': 'x'}}, 'option.unknown', "'cert' perhaps"),
        ({'handler': 5}, 'http.handler', 'handler'),
        ({'subs': -1}, 'option.invalid', 'worker processes'),
        ({'subs': socket.sockaddr()}, 'option.invalid', 'worker processes'),
        ({'saddr': ('0.0.0.0', 80)}, 'option.invalid', 'socket.sockaddr'),
    ],
)
def test_wrong_option_raises_and_says_what_would_be_right(given, code, words):
    with pytest.raises(OptionError, match=words) as caught:
        http.create_server('name', **given)
    assert caught.value.code == code


def test_option_may_be_spelt_as_in_the_document():
    assert http.createServer('name', None, 0, None, maxBody=5).limits['max_body'] == 5


def test_request_event_is_emitted_where_there_is_no_handler(serve):
    server = serve()
    server.handler = None
    assert during(ask, server.port(), 'GET', '/').status == 404
    server.on('request', lambda req, res: res.end('event'))
    assert during(ask, server.port(), 'GET', '/').text == 'event'


def test_heads_with_what_strangers_sent_are_not_remembered_at_length(serve):
    def handler(req, res):
        res.set_header('X-Echo', req.headers.get('x-echo'))
        res.end()

    port = serve(handler).port()

    def client():
        with Wire(port) as wire:
            for n in range(20):
                wire.send(b'GET / HTTP/1.1\r\nHost: b\r\nX-Echo: %d%s\r\n\r\n' % (n, b'x' * 5000)).response()

    during(client)
    assert all(len(head) <= message.MAX_REMEMBERED_BYTES for head in message._made.values())
