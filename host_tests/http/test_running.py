"""Handlers of requests that go on after the response, or after the client: how many of them one client can have."""

import pytest

from edgeio import iosched, socket
from edgeio.errors import OptionError
from edgeio.http import create_server
from edgeio.http.request import PIECE_COST, Request
from edgeio.webapp import WebApp
from host_tests.http.wire import Wire
from host_tests.looping import during, settle, turn_until, until_quiet
from host_tests.work import BOUND, Work, told_once


class Working(Work):
    """Its handler answers at once, and goes on."""

    async def answer(self, req, res):
        res.end('hello')
        await self.handle(req.url)


@pytest.fixture
def working(serve):
    """`working(**options)` gives a server and the Work that its requests are for."""

    def start(**options):
        work = Working()
        return serve(work.answer, **options), work

    return start


@pytest.fixture
def wire():
    """`wire(server)` gives a Wire, closed at the end."""
    made = []

    def connect(server):
        made.append(Wire(server.port()))
        return made[-1]

    yield connect
    for client in made:
        client.sock.close()


def gets(paths):
    return b''.join(b'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' % path.encode() for path in paths)


def posts(*bodies):
    return b''.join(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s' % (len(b), b) for b in bodies)


def test_requests_wait_for_the_handlers_of_those_before_and_all_are_served_in_order(working, wire, reports):
    server, work = working()
    paths = [f'/{n}' for n in range(2000)]
    client = wire(server)
    during(client.send, gets(paths))
    work.until_held()
    work.finish_all(len(paths))
    assert work.begun == paths and work.done == paths
    assert work.most == BOUND
    assert told_once(reports)
    answers = during(lambda: [client.response()[0] for _ in paths])
    assert answers == [200] * len(paths)


def test_request_that_comes_once_the_client_is_held_waits(working, wire, reports):
    server, work = working(max_running_handlers=2)
    client = wire(server)
    during(lambda: [client.send(gets([path])).response() for path in ('/1', '/2')])
    client.send(gets(['/3']))
    work.until_held(2)
    work.finish_all(3)
    assert during(client.response)[0] == 200
    assert work.done == ['/1', '/2', '/3']
    assert told_once(reports)


def test_head_that_had_begun_before_the_client_was_held_is_taken_up_again(working, wire, reports):
    server, work = working(max_running_handlers=1)
    client, request = wire(server), gets(['/1', '/2'])
    client.send(request[:-9])
    work.until_held(1)
    client.send(request[-9:])
    settle()
    assert work.begun == ['/1']
    work.finish_all(2)
    assert told_once(reports)


def test_held_client_is_not_idle_and_becomes_so_once_it_is_read_again(working, wire, reports):
    server, work = working(max_running_handlers=1, keep_alive_timeout=1, header_timeout=1)
    client = wire(server)
    client.send(gets(['/1']) + b'GET /2 HTTP/1.1\r\n')
    work.until_held(1)
    ticks = []
    timer = iosched.set_interval(lambda: ticks.append(1), 250)
    turn_until(lambda: len(ticks) > 3, 'some looks at the time-outs')
    timer.clear()
    assert server.connections == 1
    client.send(b'Host: x\r\n\r\n')
    work.finish_all(2)
    turn_until(lambda: server.connections == 0, 'the end of an idle connection')
    assert work.done == ['/1', '/2']
    assert told_once(reports)


def test_place_of_a_client_that_went_is_kept_until_its_handlers_have_ended(working, reports):
    server, work = working(max_connections=3)

    def visit():
        with Wire(server.port()) as client:
            return client.send(gets(['/'])).response()[0]

    assert [during(visit) for _ in range(3)] == [200] * 3
    until_quiet()
    assert during(visit) == 503
    assert len(work.waiting) == 3
    work.finish(1)
    assert during(visit) == 200
    work.finish_all(4)
    assert [during(visit) for _ in range(3)] == [200] * 3
    work.finish()


def test_place_is_kept_for_a_handler_that_was_called_after_its_client_had_gone(reports, monkeypatch):
    monkeypatch.setattr('edgeio.http.connection.HALF_CLOSED', 10)
    app = WebApp.create('test', 0, socket.sockaddr('127.0.0.1', 0), max_connections=1)
    work, nexts = Working(), []
    app.get('/', lambda req, res, next: nexts.append(next))
    app.get('/', work.answer)
    app.start()
    Wire(app.port()).send(gets(['/'])).sock.close()
    turn_until(lambda: nexts, 'the request')
    until_quiet()
    nexts[0]()
    assert len(work.waiting) == 1
    with Wire(app.port()) as client:
        assert during(client.response)[0] == 503
    work.finish()
    with Wire(app.port()) as client:
        client.send(gets(['/none']))
        assert during(client.response)[0] == 404
    app.stop()
    until_quiet()


def test_handlers_and_middleware_of_an_app_count(reports):
    app = WebApp.create('test', 0, socket.sockaddr('127.0.0.1', 0), max_running_handlers=2)
    work = Working()

    async def passes_on(req, res, next):
        next()
        await work.handle('passed ' + req.url)

    app.use(passes_on)
    app.get('/:name', work.answer)
    app.start()
    with Wire(app.port()) as client:
        client.send(gets(['/a', '/b']))
        work.until_held(2)
        assert work.begun == ['/a', 'passed /a']
        work.finish_all(4)
        assert during(lambda: [client.response()[0] for _ in 'ab']) == [200, 200]
    app.stop()
    until_quiet()
    assert told_once(reports)


def test_listeners_of_the_server_count(serve, wire, reports):
    work = Work()
    server = serve(max_running_handlers=1)
    server.on('request', lambda req, res: work.handle(req.url))
    wire(server).send(gets(['/1', '/2']))
    work.until_held(1)
    work.finish_all(2)
    assert told_once(reports)


def test_listeners_of_a_response_count(serve, wire, reports):
    work = Work()

    def answer(req, res):
        res.on('finish', lambda: work.handle(req.url))
        res.end()

    wire(serve(answer, max_running_handlers=1)).send(gets(['/1', '/2']))
    work.until_held(1)
    work.finish_all(2)
    assert told_once(reports)


def test_pieces_of_a_body_come_one_at_a_time_and_in_order_to_handlers_that_take_their_time(serve, wire):
    work, bodies = Work(), []

    def take(req, res):
        def ended():
            bodies.append(b''.join(work.done))
            work.done = []
            res.end()

        req.on('data', work.handle)
        req.on('end', ended)

    client = wire(serve(take))
    body = b''.join(b'%d,' % n for n in range(500))
    chunks = b''.join(b'%x\r\n%d,\r\n' % (len(str(n)) + 1, n) for n in range(500))
    client.send(b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' + chunks + b'0\r\n\r\n')
    client.send(posts(body))
    while len(bodies) < 2:
        turn_until(lambda: work.waiting or len(bodies) == 2, 'the next piece')
        work.finish()
    assert bodies == [body, body]
    assert work.most == 1


def chunks(count):
    return b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' + b'1\r\nx\r\n' * count + b'0\r\n\r\n'


def test_pieces_that_wait_for_such_handlers_are_moved_once(serve, wire, monkeypatch):
    count, moved = 2000, []
    push = Request.push
    monkeypatch.setattr(Request, 'push', lambda req, piece: (moved.append(piece), push(req, piece)))

    def take(req, res):
        async def on_data(piece):
            await iosched.sleep(0)

        req.on('data', on_data)
        req.on('end', lambda: res.end('ok'))

    client = wire(serve(take))
    assert during(client.send(chunks(count)).response)[2] == b'ok'
    assert len(moved) == count


def reading(serve, wire):
    """(Work that takes the pieces of bodies, the requests, a client)."""
    work, requests = Work(), []

    def take(req, res):
        requests.append(req)
        req.on('data', work.handle)
        req.on('end', lambda: res.end())

    client = wire(serve(take))
    return work, requests, client


def test_pieces_count_as_memory_until_they_are_taken_and_no_longer(serve, wire):
    work, requests, client = reading(serve, wire)
    client.send(chunks(100))
    turn_until(lambda: requests and requests[0].complete, 'the body')
    [req] = requests
    for taken in range(1, 101):
        turn_until(lambda taken=taken: len(work.begun) == taken, 'the next piece')
        assert req.memory == len(req.head.raw) + (100 - taken) * (1 + PIECE_COST)
        work.finish()
    assert during(client.response)[0] == 200


def test_body_is_not_held_back_by_the_handler_that_reads_it(serve, wire, reports):
    seen = []

    async def take(req, res):
        ended = iosched.Promise()
        pieces = []
        req.on('data', pieces.append)
        req.on('end', ended.resolve)
        await ended
        seen.append(b''.join(pieces))
        res.end()

    client = wire(serve(take, max_running_handlers=1))
    client.send(posts(b'x')[:-1])
    settle()
    client.send(b'x' + posts(b'yy'))
    assert during(lambda: [client.response()[0] for _ in range(2)]) == [200, 200]
    assert seen == [b'x', b'yy']
    assert told_once(reports)


def test_app_that_paused_a_body_gets_the_next_piece_only_once_it_goes_on(serve, wire):
    work, requests, client = reading(serve, wire)
    client.send(b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n')
    turn_until(lambda: work.waiting, 'the first piece')
    requests[0].pause()
    work.finish()
    settle()
    assert work.begun == [b'a']
    requests[0].resume()
    turn_until(lambda: work.waiting, 'the second piece')
    work.finish()
    assert during(client.response)[0] == 200


def test_client_that_goes_while_it_is_held_leaves_nothing_behind(working, reports):
    server, work = working(max_running_handlers=2, max_connections=1)
    with Wire(server.port()) as client:
        client.send(gets(['/1', '/2', '/3']))
        work.until_held(2)
    work.finish()
    until_quiet()
    assert work.done[:2] == ['/1', '/2']
    work.finish()
    with Wire(server.port()) as client:
        assert during(client.send(gets(['/4'])).response)[0] == 200
    work.finish()
    assert told_once(reports)


@pytest.mark.parametrize('value', [0, -1, '7'])
def test_bound_that_cannot_be_is_an_error(value):
    with pytest.raises(OptionError, match='max_running_handlers'):
        create_server('test', None, 0, socket.sockaddr('127.0.0.1', 0), max_running_handlers=value)
