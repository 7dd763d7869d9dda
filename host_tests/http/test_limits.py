"""Bounds and time-outs over real sockets: who is slow, large or many is told, and costs the others nothing."""

import contextlib
import threading
import time
import tracemalloc

import pytest

from edgeio import iosched
from edgeio.net import stream
from host_tests.http.wire import Wire, exchange, wait_for
from host_tests.looping import during, settle, turn_until

GET = b'GET / HTTP/1.1\r\nHost: board\r\n\r\n'
POST = b'POST / HTTP/1.1\r\nHost: board\r\nContent-Length: %d\r\n\r\n'


def hello(req, res):
    res.end('hello')


def wait_for_body(req, res):
    req.read_body(100000000, lambda error, data: res.end('got it') if error is None else None)


# -- sizes -----------------------------------------------------------------------------------------------------------

TOO_MUCH = [
    ({'max_request_line': 50}, b'GET /' + b'a' * 100 + b' HTTP/1.1\r\nHost: b\r\n\r\n', 414),
    ({'max_request_line': 50}, b'GET /' + b'a' * 100, 414),
    ({'max_header_bytes': 50}, b'GET / HTTP/1.1\r\nHost: b\r\nA: ' + b'a' * 100 + b'\r\n\r\n', 431),
    ({'max_headers': 3}, b'GET / HTTP/1.1\r\nHost: b\r\n' + b'A: b\r\n' * 3 + b'\r\n', 431),
    ({'max_body': 5}, POST % 6 + b'hello!', 413),
]


@pytest.mark.parametrize(('limits', 'data', 'status'), TOO_MUCH)
def test_too_much_is_refused_with_the_name_of_the_setting(serve, limits, data, status):
    called = []
    server = serve(lambda req, res: called.append(req), **limits)
    raw = during(exchange, server.port(), data)
    assert raw.startswith(f'HTTP/1.1 {status} '.encode()) and b'\r\nConnection: close\r\n' in raw
    assert f'setting: {list(limits)[0]}'.encode() in raw
    assert not called and server.violations == 1


def test_large_upload_gets_its_refusal_and_no_reset(serve):
    server = serve(hello, max_body=1000)

    def client():
        with Wire(server.port()) as wire:
            wire.send(POST % 3000000)
            try:
                wire.send(b'x' * 3000000)
            except OSError:
                pass  # the server has said enough
            return wire.response()

    status, _, body = during(client)
    assert status == 413 and b'max_body' in body


def test_chunked_body_above_its_bound_ends_the_request(serve):
    errors = []

    def handler(req, res):
        req.read_body(1000000, lambda error, data: errors.append(error))

    data = b'POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhello\r\n'
    raw = during(exchange, serve(handler, max_body=8).port(), data)
    assert raw.startswith(b'HTTP/1.1 413 ') and raw.count(b'HTTP/1.1') == 1
    assert [error.code for error in errors] == ['http.body_too_large']


def test_unwanted_body_that_does_not_end_closes_the_connection(serve):
    server = serve(hello, max_body=100000000)

    def client():
        with Wire(server.port()) as wire:
            wire.send(b'POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n')
            assert wire.response()[2] == b'hello'
            for _ in range(8):
                wire.send(b'10000\r\n' + b'x' * 65536 + b'\r\n')
            return wire.rest()

    assert during(client) == b''


# -- numbers ---------------------------------------------------------------------------------------------------------


def test_connection_closes_after_max_requests(serve):
    raw = during(exchange, serve(hello, max_requests=3).port(), GET * 5)
    assert raw.count(b'HTTP/1.1 200') == 3 and raw.count(b'Connection: close') == 1


def test_connection_above_the_bound_is_told(serve):
    server = serve(hello, max_connections=2)

    def client():
        with Wire(server.port()) as first, Wire(server.port()) as second:
            assert first.send(GET).response()[0] == second.send(GET).response()[0] == 200
            with Wire(server.port()) as third:
                refused = third.rest()
            assert first.send(GET).response()[0] == 200
        return refused

    raw = during(client)
    assert raw.startswith(b'HTTP/1.1 503 ') and b'max_connections' in raw
    turn_until(lambda: server.connections == 0)
    assert during(exchange, server.port(), b'GET / HTTP/1.0\r\n\r\n').endswith(b'hello')


# -- time ------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def fine_ticks(monkeypatch):
    """Time-outs of tests are shorter than the sweep's usual tick."""
    monkeypatch.setattr('edgeio.http.server.TICK', 5)


def test_head_that_does_not_end_is_a_408(serve):
    raw = during(exchange, serve(hello, header_timeout=50).port(), GET[:-2])
    assert raw.startswith(b'HTTP/1.1 408 ') and b'header_timeout' in raw


def test_head_that_drips_is_a_408(serve):
    server = serve(hello, header_timeout=100)

    def client():
        with Wire(server.port()) as wire:
            wire.sock.settimeout(0.02)
            for byte in GET[:-1] * 100:
                try:
                    wire.send(bytes((byte,)))
                    wire.sock.recv(1, 2)  # MSG_PEEK
                    break
                except TimeoutError:
                    continue
            wire.sock.settimeout(20)
            return wire.response()[0]

    assert during(client) == 408


def test_head_that_drips_on_a_kept_connection_is_a_408(serve):
    server = serve(hello, header_timeout=50)

    def client():
        with Wire(server.port()) as wire:
            assert wire.send(GET).response()[0] == 200
            return wire.send(GET[:5]).rest()

    assert during(client).startswith(b'HTTP/1.1 408 ')


def test_connection_that_says_nothing_is_closed_without_a_word(serve):
    assert during(exchange, serve(hello, header_timeout=50).port(), b'') == b''


def test_body_that_stops_is_a_408(serve):
    raw = during(exchange, serve(wait_for_body, body_timeout=50).port(), POST % 10 + b'hello')
    assert raw.startswith(b'HTTP/1.1 408 ') and b'body_timeout' in raw and raw.count(b'HTTP/1.1') == 1


def test_body_that_drips_is_a_408(serve):
    server = serve(wait_for_body, body_timeout=100)

    def client():
        with Wire(server.port()) as wire:
            wire.send(POST % 10000)
            wire.sock.settimeout(0.01)
            while True:
                try:
                    wire.send(b'x')
                    wire.sock.recv(1, 2)
                    break
                except TimeoutError:
                    continue
            wire.sock.settimeout(20)
            return wire.response()[0]

    assert during(client) == 408


def test_body_that_makes_progress_may_take_its_time(serve):
    server = serve(wait_for_body, body_timeout=60)

    def client():
        with Wire(server.port()) as wire:
            wire.send(POST % 200000)
            for _ in range(10):
                wire.send(b'x' * 20000)
                wire.sock.settimeout(0.02)
                with pytest.raises(TimeoutError):
                    wire.sock.recv(1) if _ < 9 else wire_timeout()
            wire.sock.settimeout(20)
            return wire.response()[2]

    def wire_timeout():
        raise TimeoutError

    assert during(client) == b'got it'


def test_body_that_nobody_takes_is_not_the_peers_fault(serve):
    held = []
    server = serve(lambda req, res: held.append((req, res)), body_timeout=30)

    def client():
        with Wire(server.port()) as wire:
            wire.send(POST % 200000 + b'x' * 100000)
            wire.sock.settimeout(0.2)
            with pytest.raises(TimeoutError):
                wire.sock.recv(1)
            wire.sock.settimeout(20)
            iosched.set_timeout(lambda: wait_for_body(*held[0]), 0)
            return wire.send(b'x' * 100000).response()[2]

    assert during(client) == b'got it'


EXPECTING = b'POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n'


def test_client_that_waits_for_a_late_reader_is_not_late(serve):
    server = serve(lambda req, res: iosched.set_timeout(wait_for_body, 100, req, res), body_timeout=20)

    def client():
        with Wire(server.port()) as wire:
            assert wire.send(EXPECTING).until(b'\r\n\r\n') == b'HTTP/1.1 100 Continue\r\n\r\n'
            return wire.rest()

    assert during(client).startswith(b'HTTP/1.1 408 ')  # it was asked, and did not come


@pytest.mark.parametrize('begin', [b'', b'he'], ids=['answered', 'unasked'])
def test_client_that_did_not_wait_for_the_word_and_stops_is_late(serve, begin):
    def handler(req, res):
        if not begin:
            res.write('no need')

    server = serve(handler, body_timeout=30)
    raw = during(exchange, server.port(), EXPECTING + begin)
    assert raw.endswith(b'no need\r\n') if not begin else raw.startswith(b'HTTP/1.1 408 ')


def test_idle_connection_is_closed(serve):
    server = serve(hello, keep_alive_timeout=50)

    def client():
        with Wire(server.port()) as wire:
            assert wire.send(GET).response()[0] == 200
            return wire.rest()

    assert during(client) == b''


@pytest.mark.parametrize(('at', 'closed'), [(None, 1000), (1, 1500), (500, 1500), (501, 2000), (1000, 2000)])
def test_idle_connection_is_kept_for_its_time_and_half_as_long_again_at_most(serve, at, closed):
    # Times since the first response, of the second one and of the close: as the looks of the sweep find them.
    server = serve(hello, keep_alive_timeout=1000)
    with Wire(server.port()) as wire:
        during(wire.send(GET).response)
        [connection] = server._connections
        server.sweep.drop(connection)
        start, due = connection._due - 500, connection._due
        while not connection.stopped:
            if at is not None and start + at <= due:
                during(wire.send(GET).response)
                at = None
            now, due = due, connection.on_deadline(due)
        assert now - start == closed


def test_busy_connection_is_kept(serve):
    server = serve(hello, keep_alive_timeout=100)

    def client():
        with Wire(server.port()) as wire:
            for _ in range(30):
                assert wire.send(GET).response()[0] == 200
                wire.sock.settimeout(0.01)
                with pytest.raises(TimeoutError):
                    wire.sock.recv(1)
                wire.sock.settimeout(20)
        return True

    assert during(client)


def test_waiting_for_a_handler_is_no_timeout(serve):
    def handler(req, res):
        iosched.set_timeout(res.end, 200, 'at last')

    limits = {name: 30 for name in ('header_timeout', 'body_timeout', 'keep_alive_timeout', 'write_timeout')}
    server = serve(handler, **limits)

    def client():
        with Wire(server.port()) as wire:
            return wire.send(GET).response()[2]

    assert during(client) == b'at last'


def test_next_requests_wait_until_the_answers_before_are_taken(serve):
    served = []

    def handler(req, res):
        served.append(req.url)
        res.end(b'x' * 10000)

    server = serve(handler)
    with Wire(server.port(), receive_buffer=4096) as wire:
        wire.send(GET * 1500)
        settle(200)
        assert 0 < len(served) < 1000  # what the system's buffers take, and one more
        statuses = during(lambda: [wire.response()[0] for _ in range(1500)])
    assert statuses == [200] * 1500 and len(served) == 1500


def test_request_behind_a_body_that_is_taken_late_waits_unread(serve):
    requests = []
    server = serve(lambda req, res: requests.append((req, res)))
    with Wire(server.port()) as wire:
        wire.send(POST % 80000 + b'x' * 80000 + GET[:-2] + b'X: ')
        turn_until(lambda: requests and requests[0][0].complete, 'the body')
        req, res = requests[0]
        req.on('data', lambda piece: None)
        settle()
        wire.sock.setblocking(False)
        sent, idle = 0, 0
        while idle < 50 and sent < 50000000:
            try:
                sent += wire.sock.send(b'y' * 100000)
                idle = 0
            except BlockingIOError:
                idle += 1
            iosched.poll(1)
        assert next(iter(server._connections)).backlog < 500000
        wire.sock.settimeout(20)
        res.end('at last')
        assert during(wire.response)[2] == b'at last'


CHUNKED = b'POST / HTTP/1.1\r\nHost: board\r\nTransfer-Encoding: chunked\r\n\r\n'
CHUNKS = CHUNKED + b'2\r\nxy\r\n' * 200000 + b'0\r\n\r\n'


def test_body_in_tiny_chunks_takes_little_more_memory_than_its_bytes(serve):
    bodies = []

    def handler(req, res):
        def done(error, data):
            bodies.append((data, tracemalloc.get_traced_memory()[1]))
            res.end()

        tracemalloc.start()
        req.read_body(1000000, done)

    with Wire(serve(handler).port()) as wire:
        during(lambda: wire.send(CHUNKS).response())
    tracemalloc.stop()
    [(data, most)] = bodies
    assert data == b'xy' * 200000
    assert most < 5 * len(data)


@contextlib.contextmanager
def held_chunks(serve):
    """(server, its request, the response, the client) once no more of CHUNKS is read: nobody takes them."""
    requests = []
    server = serve(lambda req, res: requests.append((req, res)))
    with Wire(server.port()) as wire:
        sending = threading.Thread(target=wire.send, args=(CHUNKS,))
        sending.start()
        turn_until(lambda: requests and requests[0][0].held, 'the hold')
        settle()
        yield (server, *requests[0], wire)
        sending.join()


def test_tiny_chunks_that_nobody_takes_are_held_back_before_they_take_much_memory(serve):
    with held_chunks(serve) as (_, req, res, wire):
        assert len(req._pieces) < 20000  # those of one read more than the bound
        pieces = []
        req.on('data', pieces.append)
        req.on('end', lambda: res.end())
        assert during(wire.response)[0] == 200
        assert b''.join(pieces) == b'xy' * 200000


def most_per_turn(seen, done):
    """Turns the loop until `done()`: how many the list `seen` grew by in one turn, at most."""
    most = 0

    def grown():
        nonlocal most
        most, before[0] = max(most, len(seen) - before[0]), len(seen)
        return done()

    before = [0]
    turn_until(grown, 'the end')
    return most


@pytest.mark.parametrize('paused', [False, True], ids=['taken', 'held back'])
def test_small_chunks_of_one_client_do_not_keep_others_waiting(serve, paused):
    pieces, ended = [], []

    def handler(req, res):
        req.on('data', lambda piece: pieces.append(piece) or paused and req.pause() or paused and goes_on(req))
        req.on('end', lambda: (ended.append(True), res.end()))

    def goes_on(req):
        if len(pieces) % 100 == 0:
            iosched.set_immediate(req.resume)
        else:
            req.resume()

    with Wire(serve(handler).port()) as wire:
        wire.send(CHUNKED + b'2\r\nxy\r\n' * 10000)
        sending = threading.Thread(target=wire.send, args=(b'0\r\n\r\n' + GET,))
        sending.start()
        assert most_per_turn(pieces, lambda: ended) < 600
        sending.join()
        assert b''.join(pieces) == b'xy' * 10000
        wire.sock.shutdown(1)
        assert during(lambda: [wire.response()[0] for _ in range(2)]) == [200, 200]


def test_small_chunks_that_wait_for_their_turn_hold_the_peer_back(serve):
    with held_chunks(serve) as (server, _, res, wire):
        [connection] = server._connections
        assert 0 < connection.backlog <= 81920 and connection.memory < 200000
        res.end('unread')
        assert during(wire.response)[2] == b'unread'


def test_body_that_waits_for_its_turn_is_not_late(serve, monkeypatch):
    monkeypatch.setattr('edgeio.http.connection.BODY_PROGRESS', 1 << 30)
    server = serve(wait_for_body, body_timeout=100000)
    with Wire(server.port()) as wire:
        wire.send(CHUNKED + b'1\r\nx\r\n' * 10000)
        turn_until(lambda: server._connections and next(iter(server._connections)).backlog, 'a body that waits')
        [connection] = server._connections
        connection.on_deadline(connection._due)
        assert connection.backlog and not connection.stopped
        wire.send(b'0\r\n\r\n')
        assert during(wire.response)[2] == b'got it'


def test_long_heads_of_one_client_do_not_keep_others_waiting(serve):
    served = []

    def handler(req, res):
        served.append(req.url)
        res.end()

    urls = [b'/%d' % n + b'%61' * 2000 for n in range(60)]
    with Wire(serve(handler).port()) as wire:
        data = b''.join(b'GET ' + url + b' HTTP/1.1\r\nHost: b\r\n\r\n' for url in urls)
        sending = threading.Thread(target=wire.send, args=(data,))
        sending.start()
        assert most_per_turn(served, lambda: len(served) == len(urls)) <= 6  # 3 as they are read, 3 of what waits
        sending.join()
        assert served == [url.decode() for url in urls]
        assert during(lambda: [wire.response()[0] for _ in urls]) == [200] * len(urls)


def drips(wire, done):
    """Reads a little now and then, until `done()` or the end."""
    while not done():
        try:
            if not wire.sock.recv(200):
                return
        except ConnectionError:
            return
        time.sleep(0.02)


@pytest.mark.parametrize('whole', [True, False], ids=['response', 'idle'])
def test_peer_that_reads_a_little_at_a_time_is_given_up(serve, whole):
    server = serve(lambda req, res: res.end(b'x' * 30000000) if whole else [res.write(b'x' * 10000000), res.end()])
    server.limits['write_timeout'] = server.limits['keep_alive_timeout'] = 100

    def client():
        with Wire(server.port(), receive_buffer=4096) as wire:
            wire.send(GET)
            wait_for(lambda: server.connections, 'the connection')
            drips(wire, lambda: not server.connections)

    during(client)
    assert server.connections == 0


def test_peer_that_reads_steadily_gets_all_of_an_answer_however_long_it_takes(serve, monkeypatch):
    monkeypatch.setattr(stream, 'LINGER', 200)
    server = serve(lambda req, res: [res.write(b'x' * 10000000), res.end()], keep_alive_timeout=50, write_timeout=400)

    def client():
        with Wire(server.port(), receive_buffer=65536) as wire:
            wire.send(GET)
            wire.until(b'\r\n\r\n')
            size = len(wire.buffer)
            while size < 10000000:
                piece = wire.sock.recv(65536)
                assert piece, f'cut after {size} bytes'
                size += len(piece)
                time.sleep(0.006)

    during(client)


def test_peer_that_never_reads_is_given_up(serve):
    closed = []

    def handler(req, res):
        res.on('close', closed.append)
        res.end(b'x' * 50000000)

    server = serve(handler, write_timeout=100)

    def client():
        with Wire(server.port(), receive_buffer=4096) as wire:
            wire.send(GET)
            wait_for(lambda: closed, 'the close')

    during(client)
    assert closed == ['write timeout']
