"""HTTP over the loopback interface."""

from edgeio import iosched

from . import servers
from .clients.http import request, response
from .clients.wire import connect
from .harness import same, take_reports


def _handle(req, res):
    if req.path == '/echo':
        req.on('data', res.write)
        req.on('end', res.end)
    elif req.path == '/later':
        iosched.set_timeout(res.end, 5, 'later')
    elif req.path == '/chunks':
        res.write('one,')
        res.write('two')
        res.end()
    elif req.path == '/broken':
        raise ValueError('on purpose')
    else:
        res.set_header('X-Method', req.method)
        res.end('hello ' + req.query.get('name', 'nobody'))


async def _with_server(talk, **options):
    server = servers.start(_handle, **options)
    wire = await connect(server.port())
    await talk(wire)
    wire.close()
    await servers.stop(server)


async def test_get_is_answered():
    async def talk(wire):
        answer = await request(wire, 'GET', '/?name=board')
        same((answer.status, answer.body), (200, b'hello board'))
        same(answer.headers['x-method'], 'GET')

    await _with_server(talk)


async def test_connection_is_kept_for_the_next_request():
    async def talk(wire):
        for number in range(5):
            answer = await request(wire, 'GET', '/?name=%d' % number)
            same(answer.body, b'hello %d' % number)

    await _with_server(talk)


async def test_pipelined_requests_are_answered_in_order():
    async def talk(wire):
        paths = ['/later', '/?name=2', '/chunks', '/?name=4']
        await wire.send(b''.join([b'GET %s HTTP/1.1\r\nHost: a\r\n\r\n' % path.encode() for path in paths]))
        for expected in (b'later', b'hello 2', b'one,two', b'hello 4'):
            same((await response(wire)).body, expected)

    await _with_server(talk)


async def test_body_comes_back():
    async def talk(wire):
        body = bytes(range(256)) * 100
        answer = await request(wire, 'POST', '/echo', (), body)
        same(answer.status, 200)
        assert answer.body == body

    await _with_server(talk)


async def test_chunked_body_comes_back():
    async def talk(wire):
        await wire.send(b'POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
        for piece in (b'3\r\nabc\r\n', b'2;x=y\r\nde\r\n', b'0\r\n\r\n'):
            await wire.send(piece)
            await iosched.sleep(1)
        same((await response(wire)).body, b'abcde')

    await _with_server(talk)


async def test_request_that_comes_a_byte_at_a_time_is_answered():
    async def talk(wire):
        for byte in b'GET /?name=slow HTTP/1.1\r\nHost: a\r\n\r\n':
            await wire.send(bytes([byte]))
            await iosched.sleep(0)
        same((await response(wire)).body, b'hello slow')

    await _with_server(talk)


async def test_head_has_no_body():
    async def talk(wire):
        answer = await request(wire, 'HEAD', '/?name=x')
        same((answer.status, answer.body, answer.headers['content-length']), (200, b'', '7'))
        same((await request(wire, 'GET', '/?name=y')).body, b'hello y')

    await _with_server(talk)


async def test_old_client_gets_its_answer_and_the_connection_ends():
    async def talk(wire):
        answer = await request(wire, 'GET', '/chunks', version='1.0')
        same(answer.body, b'one,two')
        assert not await wire.read()

    await _with_server(talk)


async def test_smuggled_request_is_never_answered():
    async def talk(wire):
        await wire.send(
            b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n'
            b'0\r\n\r\nGET /?name=smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
        )
        everything = await wire.take_all()
        assert everything.startswith(b'HTTP/1.1 400 '), everything
        assert b'smuggled' not in everything and everything.count(b'HTTP/1.1 ') == 1, everything

    await _with_server(talk)


async def test_body_above_the_limit_is_refused():
    async def talk(wire):
        answer = await request(wire, 'POST', '/echo', (), b'x' * 11)
        same(answer.status, 413)

    await _with_server(talk, max_body=10)


async def test_exception_in_a_handler_is_a_500_and_reported_once():
    async def talk(wire):
        same((await request(wire, 'GET', '/broken')).status, 500)
        same([str(exc) for exc, _ in take_reports()], ['on purpose'])

    await _with_server(talk)


async def test_garbage_ends_its_connection_alone():
    async def talk(wire):
        server_port = wire.port
        for garbage in (b'\x16\x03\x01\x02\x00', b'\x00' * 50, b'GET\r\n\r\n', b'\r\n\r\n\r\n'):
            other = await connect(server_port)
            await other.send(garbage)
            await other.take_all()
            other.close()
        same((await request(wire, 'GET', '/?name=still')).body, b'hello still')

    await _with_server(talk)
