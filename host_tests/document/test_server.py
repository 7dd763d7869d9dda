"""The document's chapter "Server": its headings and examples, in its order."""

import json
import re

import pytest

from edgeio import engineio, http, pollset, socket
from edgeio.socketio import Adapter, Server
from edgeio.socketio.codec import JsonParser
from host_tests.document.talk import heard, other_end, refused_with, served
from host_tests.looping import ask, during, hello, make_server, settle, turn_until
from host_tests.socketio.raw import RawClient

OK, NOT_FOUND = 200, 404


def get(io, path, **headers):
    """A GET request to the server."""
    return during(lambda: ask(io.port, 'GET', path, headers=headers))


def is_not_served(io, revision):
    """True where requests to /socket.io/ reach the HTTP server's own handler."""
    return get(io, f'/socket.io/?EIO={revision - 1}&transport=polling').text == 'hello'


def handshake(io, revision, path='/socket.io/', **headers):
    """The answer to a long-polling handshake, and the values in it."""
    answer = get(io, f'{path}?EIO={revision - 1}&transport=polling', **headers)
    if answer.status != OK:
        return answer, None
    return answer, json.loads(re.search(r'\{.*?\}', answer.text)[0])


# -- new Server(server[, options]) -----------------------------------------------------------------------------------


def test_new_server_example(servers, connect, revision):
    server = http.create_server('./test', hello, 0, socket.sockaddr('127.0.0.1', 0))
    io = Server(server, {
        'path': '/test',
        'serveClient': False,
        'pingInterval': 10000,
        'pingTimeout': 5000,
        'cookie': False,
    })
    server.start()
    servers.keep(io, server)
    answer, values = handshake(io, revision, '/test/')
    assert (values['pingInterval'], values['pingTimeout']) == (10000, 5000)
    assert 'set-cookie' not in answer.headers
    assert get(io, '/test/socket.io.js').status != OK
    assert connect(io, path='/test').id in io.sockets.connected


def test_new_server_attaches_to_a_web_app(servers, connect):
    from edgeio import WebApp

    app = WebApp.create('test', 0, socket.sockaddr('127.0.0.1', 0))
    app.get('/', hello)
    io = Server(app, allow_upgrades=True)
    app.start()
    servers.keep(io, app.server)
    assert connect(io).ask is not None
    assert get(io, '/').text == 'hello'


def test_option_path(serve, connect, revision):
    assert served(connect, serve()) and served(connect, serve(path='/own'), path='/own')
    assert is_not_served(serve({'path': '/own'}), revision)


def test_option_serve_client(serve):
    assert get(serve(), '/socket.io/socket.io.js').status == OK
    assert get(serve(serve_client=False), '/socket.io/socket.io.js').status != OK


def test_option_adapter(serve, connect):
    class Counting(Adapter):
        broadcasts = 0

        def broadcast(self, *args):
            Counting.broadcasts += 1
            return Adapter.broadcast(self, *args)

    io = serve(adapter=Counting)
    client = connect(io)
    assert isinstance(io.sockets.adapter, Counting)
    io.emit('through it')
    assert client.expect('through it') == [] and Counting.broadcasts == 1


def test_option_origins(serve, revision):
    io = serve(origins='https://foo.example.com:443')
    assert handshake(io, revision, Origin='https://foo.example.com')[0].status == OK
    refused = handshake(io, revision, Origin='https://bar.example.com')[0]
    assert (refused.status, refused.json['code']) == (403, 4)
    assert handshake(serve(), revision, Origin='https://bar.example.com')[0].status == OK


def test_option_parser(serve, connect):
    class Shouting(JsonParser):
        def encode(self, kind, nsp, ack_id, data):
            packet, attachments = JsonParser.encode(self, kind, nsp, ack_id, data)
            return packet.replace('quiet', 'LOUD'), attachments

    io = serve(parser=Shouting(10, 1000))
    client = connect(io)
    io.emit('event', 'quiet')
    assert client.expect('event') == ['LOUD']


def test_option_ping_timeout_and_ping_interval_end_a_silent_client(serve, revision):
    io = serve(ping_interval=40, ping_timeout=30)
    reasons = []
    io.on('connection', lambda socket: socket.on('disconnect', reasons.append))
    client = RawClient(io, revision)
    turn_until(lambda: reasons, 'the end of the silent client')
    assert reasons == ['ping timeout']
    client.drop()


def test_option_ping_timeout_and_ping_interval_keep_a_client_that_answers(serve, connect):
    io = serve({'pingInterval': 40, 'pingTimeout': 2000})
    beats = []
    io.on('connection', lambda socket: socket.conn.on('heartbeat', lambda: beats.append(1)))
    client = connect(io)
    turn_until(lambda: len(beats) > 2, 'the third heartbeat')
    assert other_end(io, client).connected


def test_option_transports(serve, begin, connect):
    assert served(connect, serve(transports=['polling']), transports=['polling'])
    assert begin(serve(transports=['polling'])).expect('connect_error')
    assert begin(serve(transports=['websocket']), transports=['polling']).expect('connect_error')


def test_option_cookie(serve, revision):
    answer, values = handshake(serve(cookie='io'), revision)
    assert answer.headers['set-cookie'] == f'io={values["sid"]}; Path=/; HttpOnly; SameSite=Lax'
    assert 'set-cookie' not in handshake(serve(), revision)[0].headers


def test_option_allow_upgrades(serve, connect, revision):
    assert handshake(serve(), revision)[1]['upgrades'] == ['websocket']
    io = serve(allow_upgrades=False)
    assert handshake(io, revision)[1]['upgrades'] == []
    client = connect(io, transports=['polling', 'websocket'])
    assert other_end(io, client).conn.transport.name == 'polling'


# -- settings --------------------------------------------------------------------------------------------------------


def test_server_sockets_is_the_main_namespace(serve, connect):
    io = serve()
    assert io.sockets is io.of('/') and io.sockets.name == '/'
    client = connect(io)
    io.sockets.emit('to all')
    assert client.expect('to all') == []


def test_server_serve_client_without_a_value_tells_it():
    assert Server().serve_client() is True
    assert Server({'serveClient': False}).serveClient() is False


def test_server_serve_client_counts_when_attached(servers):
    http_server = make_server()
    io = Server()
    assert io.serve_client(False) is io
    io.attach(http_server)
    servers.keep(io, http_server)
    assert get(io, '/socket.io/socket.io.js').status != OK


def test_server_serve_client_has_no_effect_after_attach(serve):
    io = serve()
    io.serve_client(False)
    assert get(io, '/socket.io/socket.io.js').status == OK


def test_server_path_example(serve, connect, revision):
    io = serve()
    assert io.path() == '/socket.io'
    assert io.path('/myownpath') is io
    assert io.path() == '/myownpath'
    assert served(connect, io, path='/myownpath')
    assert is_not_served(io, revision)


def test_server_origins_example(serve, revision):
    io = serve()
    assert io.origins() == '*'
    assert io.origins(['https://foo.example.com:443']) is io
    assert io.origins() == ['https://foo.example.com:443']
    assert handshake(io, revision, Origin='https://foo.example.com')[0].status == OK
    assert handshake(io, revision, Origin='http://foo.example.com')[0].status == 403


def test_server_origins_fn_example(serve, revision):
    io = serve()

    def allowed(origin, callback):
        if origin != 'https://foo.example.com':
            return callback('origin not allowed', False)
        callback(None, True)

    assert io.origins(allowed) is io
    assert handshake(io, revision, Origin='https://foo.example.com')[0].status == OK
    refused = handshake(io, revision, Origin='https://bar.example.com')[0]
    assert (refused.status, refused.json['message']) == (403, 'origin not allowed')


def test_server_origins_fn_gets_a_star_where_the_origin_is_not_known(serve, connect):
    io = serve()
    seen = []

    @io.origins
    def allowed(origin, callback):
        seen.append(origin)
        callback(None, True)

    connect(io)
    assert seen == ['*']


# -- where it serves -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('when', ['before', 'after'])
def test_server_attach_before_or_after_start(servers, connect, when):
    server = http.create_server('test', hello, 0, socket.sockaddr('127.0.0.1', 0))
    io = Server()
    if when == 'before':
        assert io.attach(server) is io
        server.start()
    else:
        server.start()
        io.attach(server)
    servers.keep(io, server)
    assert served(connect, io)


def test_server_attach_with_options(servers, connect, revision):
    server = make_server()
    io = Server()
    io.attach(server, {'path': '/other', 'pingInterval': 1234})
    servers.keep(io, server)
    assert handshake(io, revision, '/other/')[1]['pingInterval'] == 1234
    assert served(connect, io, path='/other')


def test_server_bind(servers, connect):
    server = make_server()
    io = Server()
    engine = engineio.Server(server, path='/engine')
    assert io.bind(engine) is io
    assert io.engine is engine
    servers.keep(io, server)
    assert served(connect, io, path='/engine')
    engine.close()


def test_server_onconnection(servers, connect):
    server = make_server()
    io = Server()
    engine = engineio.Server(server, path='/engine')
    returned = []
    engine.on('connection', lambda conn: returned.append(io.onconnection(conn)))
    servers.keep(io, server)
    assert served(connect, io, path='/engine')
    assert returned == [io]
    engine.close()


# -- server.of -------------------------------------------------------------------------------------------------------


def test_server_of_example(serve, connect):
    io = serve()
    admin = io.of('/admin')
    assert io.of('/admin') is admin and admin is not io.sockets
    client = connect(io, '/admin')
    assert client.id in admin.connected and client.id not in io.sockets.connected


def test_server_of_regular_expression_example(serve, connect):
    io = serve()
    names = []

    def connected(socket):
        new_namespace = socket.nsp
        names.append(new_namespace.name)
        new_namespace.emit('hello')

    dynamic = io.of(re.compile(r'^/dynamic-\d+$')).on('connect', connected)
    first, second = connect(io, '/dynamic-101'), connect(io, '/dynamic-102')
    assert names == ['/dynamic-101', '/dynamic-102']
    assert first.expect('hello') == second.expect('hello') == []
    assert heard(io, first, '/dynamic-101') == []
    # broadcast to all clients in each sub-namespace
    dynamic.emit('hello')
    assert first.expect('hello') == second.expect('hello') == []


def test_server_of_middleware_for_each_sub_namespace_example(serve, begin, connect):
    io = serve()
    dynamic = io.of(re.compile(r'^/dynamic-\d+$'))

    @dynamic.use
    def middleware(socket, next):
        next(None if socket.nsp.name == '/dynamic-1' else Exception('only number 1'))

    assert served(connect, io, '/dynamic-1')
    refused_with(begin(io, '/dynamic-2'), 'only number 1')
    refused_with(begin(io, '/dynamic-x'), 'Invalid namespace')


def test_server_of_function_example(serve, begin, connect):
    io = serve()
    names = []

    def check_token(token):
        return token == 'right'

    @io.of
    def dynamic(name, query, next):
        next(None, check_token(query['token']))

    io.of(lambda name, query, next: next(Exception('never'), True))
    dynamic.on('connect', lambda socket: names.append(socket.nsp.name))
    assert served(connect, io, '/any', query={'token': 'right'})
    assert names == ['/any']
    refused_with(begin(io, '/other', query={'token': 'wrong'}), 'Invalid namespace')


# -- the end ---------------------------------------------------------------------------------------------------------


def test_server_close_calls_back_when_all_connections_are_closed(serve, connect):
    before = len(pollset.watchers)
    io = serve()
    clients = [connect(io), connect(io, transports=['polling'])]
    reasons, left = [], []
    for client in clients:
        other_end(io, client).on('disconnect', reasons.append)
    io.close(lambda: left.append((io.engine.clients_count, len(pollset.watchers) - before)))
    assert left == []
    turn_until(lambda: left, 'the callback of close')
    assert left == [(0, 0)]
    assert reasons == ['server shutting down'] * 2
    for client in clients:
        assert client.expect('disconnect')[0] in ('transport close', 'transport error', 'io server disconnect')


def test_server_close_needs_no_callback(serve, connect):
    io = serve()
    client = connect(io)
    io.close()
    client.expect('disconnect')
    settle()
    assert not io.http_server.listening


def test_server_engine_generate_id_example(serve, connect):
    io = serve()
    custom_id = 0

    def generate(req):
        nonlocal custom_id
        custom_id += 1
        return f'custom:id:{custom_id}'  # custom id must be unique

    io.engine.generateId = generate
    clients = [connect(io), connect(io)]
    assert [client.id for client in clients] == ['custom:id:1', 'custom:id:2']
    assert sorted(io.sockets.connected) == ['custom:id:1', 'custom:id:2']
