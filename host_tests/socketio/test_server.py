"""The server as a whole: options, where it is attached, its end, and its own emitter."""

import re

import pytest

from edgeio import engineio
from edgeio.errors import OptionError, StateError
from edgeio.socketio import Adapter, Server
from edgeio.socketio.recovery import RecoveryAdapter
from host_tests.looping import Polling, during, make_server, settle, turn_until
from host_tests.socketio.serving import Servers, next_socket

# -- options ---------------------------------------------------------------------------------------------------------


def test_an_unknown_option_is_an_error_that_names_the_nearest():
    with pytest.raises(OptionError, match="no option 'ping_timout'.*'ping_timeout' perhaps"):
        Server(ping_timout=5)
    with pytest.raises(OptionError, match="'serve_client' perhaps"):
        Server({'serveCleint': False})


@pytest.mark.parametrize(
    'options',
    [
        {'ping_timeout': 0}, {'ping_interval': '5'}, {'connect_timeout': -1}, {'path': 'x'},
        {'transports': ['carrier']}, {'transports': []}, {'max_http_buffer_size': None},
        {'connection_state_recovery': {'max_packet': 1}},
    ],
    ids=str,
)  # fmt: skip
def test_a_value_that_cannot_be_used_is_an_error_at_the_call(options):
    with pytest.raises(OptionError):
        Server(options)


def test_options_may_be_the_only_argument():
    assert Server({'path': '/x'}).path() == '/x'


def test_the_adapter_is_a_class_that_is_made_for_each_namespace():
    class Own(Adapter):
        pass

    io = Server(adapter=Own)
    assert type(io.sockets.adapter) is type(io.of('/chat').adapter) is Own
    assert io.of('/chat').adapter is not io.sockets.adapter and io.of('/chat').adapter.nsp is io.of('/chat')
    assert type(Server().sockets.adapter) is Adapter
    assert type(Server(connection_state_recovery=True).sockets.adapter) is RecoveryAdapter


def test_an_adapter_need_not_be_a_subclass(serve, raw, revision):
    class Everyone:
        """The smallest one: everybody is in every room."""

        def __init__(self, nsp):
            self.nsp = nsp
            self.calls = []

        def __getattr__(self, name):
            return lambda *args: self.calls.append(name)

        def broadcast(self, data, rooms, excluded, *flags):
            for socket in self.nsp.sockets.values():
                socket.emit(*data)

    io = serve(adapter=Everyone)
    client = raw(io, revision)
    io.to('any').emit('event', 1)
    assert client.take_event() == ['event', 1]
    assert io.sockets.adapter.calls[:2] == ['init', 'add_all']


# -- where it serves -------------------------------------------------------------------------------------------------


def test_it_serves_several_servers(serve, raw):
    io = serve()
    other = make_server()
    assert io.attach(other) is io
    first = raw(io)
    first_port, io.port = io.port, other.port()
    second = raw(io)
    io.port = first_port
    io.emit('event')
    assert first.take() == second.take() == '42["event"]'


def test_a_server_has_room_for_one_at_a_path(serve):
    io = serve()
    with pytest.raises(OptionError, match='something is mounted there already'):
        Server(io.http_server)
    Server(io.http_server, path='/other')


def test_what_is_no_server_cannot_be_attached_to():
    with pytest.raises(OptionError, match='expected: an HttpServer or a WebApp'):
        Server().attach('8000')


def test_options_cannot_change_while_clients_are_connected(serve, raw):
    io = serve()
    raw(io)
    with pytest.raises(StateError, match='options cannot change while clients are connected'):
        io.attach(io.http_server, ping_interval=5)


@pytest.mark.parametrize('late', [{'connection_state_recovery': True}, {'adapter': Adapter}])
def test_what_namespaces_begin_with_cannot_be_given_to_attach(late):
    with pytest.raises(OptionError, match=r'expected: given to Server\(...\)'):
        Server().attach(None, **late)


def test_onconnection_takes_sessions_of_an_engine_of_your_own(serve, raw, revision):
    io = serve()
    engine = engineio.Server(io.http_server, path='/engine')
    engine.on('connection', io.onconnection)
    arrived = next_socket(io)
    client = raw(io, revision, path='/engine/')
    assert arrived().conn.server is engine
    io.emit('event')
    assert client.take() == '42["event"]'
    engine.close()


def test_generate_id_makes_the_ids_of_sockets(serve, raw, revision):
    io = serve()
    io.engine.generate_id = lambda req: 'id-' + req.headers['x-who']
    io.of('/chat')
    client = raw(io, revision, headers=[('X-Who', 'me')])
    assert client.handshake['sid'] == 'id-me' and list(io.sockets.sockets) == ['id-me']
    client.join('/chat')
    assert list(io.of('/chat').sockets) == ['/chat#id-me']


def test_initial_headers_and_headers_may_be_added(serve):
    io = serve()
    io.engine.on('initial_headers', lambda headers, req: headers.update({'X-First': req.query['transport']}))
    io.engine.on('headers', lambda headers, about: headers.update({'X-Each': 'yes'}))
    client = during(lambda: Polling(io.port, '/socket.io/'))
    assert (client.opened.headers['x-first'], client.opened.headers['x-each']) == ('polling', 'yes')
    answer = during(lambda: client.post('40'))
    assert 'x-first' not in answer.headers and answer.headers['x-each'] == 'yes'


def test_connection_error_tells_of_refused_clients(serve):
    io = serve(allow_request=lambda req, callback: callback('not today', False))
    errors = []
    io.engine.on('connection_error', errors.append)
    answer = during(lambda: Polling(io.port, '/socket.io/')).opened
    assert (answer.status, answer.json['message']) == (403, 'not today')
    assert (errors[0]['code'], errors[0]['message']) == (4, 'not today') and errors[0]['req'].method == 'GET'


# -- its emitter -----------------------------------------------------------------------------------------------------


def test_handlers_of_the_server_are_those_of_the_main_namespace(serve, raw):
    io = serve()
    seen = []
    handler = lambda socket: seen.append(socket.nsp.name)  # noqa: E731
    assert io.on('connection', handler) is io
    io.once('connect', handler)
    assert io.sockets.listeners('connection') == [handler] and sorted(io.event_names()) == ['connect', 'connection']
    raw(io)
    assert seen == ['/', '/'] and io.event_names() == ['connection']
    io.remove_listener('connection', handler)
    raw(io)
    assert seen == ['/', '/'] and io.sockets.event_names() == []


def test_handlers_may_be_decorated(serve, raw, revision):
    io = serve()
    seen = []

    @io.on('connection')
    def connection(socket):
        @socket.on('event')
        async def event(data):
            seen.append(data)

    client = raw(io, revision)
    client.emit('event', 1)
    turn_until(lambda: seen, 'the event')
    assert seen == [1] and callable(connection)


# -- the end ---------------------------------------------------------------------------------------------------------


def test_close_disconnects_everybody_and_then_calls_back(reports, raw, revision):
    servers = Servers()
    io = servers.start()
    io.of('/chat')
    clients = [raw(io, revision), raw(io, revision)]
    clients[0].join('/chat')
    reasons, closed = [], []
    for namespace in (io.sockets, io.of('/chat')):
        for socket in namespace.sockets.values():
            socket.on('disconnect', reasons.append)
    assert io.close(lambda: closed.append(True)) is io
    for client in clients:
        client.wait_closed()
    turn_until(lambda: closed, 'the callback')
    assert reasons == ['server shutting down'] * 3 and closed == [True]
    assert not io.engine.clients and not io.http_server.listening


def test_close_of_a_server_that_is_attached_to_nothing_calls_back():
    closed = []
    Server().close(lambda: closed.append(True))
    turn_until(lambda: closed, 'the callback')


def test_close_does_not_wait_for_clients_that_are_not_there(serve):
    io = serve()
    closed = []
    io.close(lambda: closed.append(True))
    turn_until(lambda: closed, 'the callback')
    settle()
    assert closed == [True]


@pytest.mark.parametrize('options, words', [
    ({'max_attachments': 'x'}, 'max_attachments'),
    ({'max_attachment_bytes': 0}, 'max_attachment_bytes'),
    ({'connection_state_recovery': {'maxPackets': 'x'}}, 'max_packets'),
    ({'connection_state_recovery': {'maxSessions': 0}}, 'max_sessions'),
    ({'allow_request': 5}, r'seen: 5; expected: a function \(req, callback\)'),
    ({'initial_packet': b'x'}, "seen: b'x'; expected: text"),
    ({'http_compression': {'threshold': 'a'}}, "seen: 'a'; expected: a number of bytes"),
    ({'adapter': 5}, 'a class such as Adapter'),
    ({'parser': 5}, 'an object with encode and decoder'),
    ({'origins': None}, "'\\*', text, a list"),
])  # fmt: skip
def test_an_option_that_cannot_be_used_raises_and_says_what_could(options, words):
    with pytest.raises(OptionError, match=words):
        Server(**options)


@pytest.mark.parametrize('call', [
    lambda io: io.use(5), lambda io: io.of(re.compile('x')).use(5), lambda io: io.engine.use(5),
    lambda io: io.path('no-slash'), lambda io: io.origins(5), lambda io: io.of(5),
])  # fmt: skip
def test_a_setting_that_cannot_be_used_raises_at_the_call(call):
    io = Server()
    with pytest.raises(OptionError, match='is not usable; seen: .*; expected: '):
        call(io)
    assert (io.path(), io.origins()) == ('/socket.io', '*')
