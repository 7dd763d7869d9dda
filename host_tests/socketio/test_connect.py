"""Joining and leaving, packet by packet: what is answered, what ends the connection, and for which reason."""

import json

import pytest

from host_tests.looping import Polling, during, settle, turn_until
from host_tests.socketio.serving import next_socket


def reasons_of(io, nsp='/'):
    """A list that fills with the reasons of disconnects."""
    reasons = []
    io.of(nsp).on('connection', lambda socket: socket.on('disconnect', reasons.append))
    return reasons


def test_connect_is_answered_with_an_id_of_its_own(serve, raw):
    io = serve()
    client = raw(io, nsp=None)
    client.send('40')
    packet = client.take()
    assert packet.startswith('40{')
    data = json.loads(packet[2:])
    assert list(data) == ['sid'] and len(data['sid']) == 20 and data['sid'] != client.handshake['sid']


def test_connect_to_a_namespace_is_answered_with_its_name(serve, raw):
    io = serve()
    io.of('/admin')
    client = raw(io, nsp=None)
    client.send('40/admin,{"token":"a,b"}')
    assert client.take().startswith('40/admin,{"sid":"')
    [socket] = io.of('/admin').sockets.values()
    assert socket.handshake.auth == {'token': 'a,b'}


def test_a_revision_4_client_is_in_the_main_namespace_without_asking(serve, raw):
    io = serve()
    client = raw(io, 4, nsp=None)
    assert client.take() == '40'
    assert list(io.sockets.sockets) == [client.handshake['sid']]
    io.of('/admin')
    client.send('40/admin')
    assert client.take() == '40/admin,'
    assert list(io.of('/admin').sockets) == ['/admin#' + client.handshake['sid']]


def test_a_revision_4_client_may_say_connect_to_the_main_namespace(serve, raw):
    client = raw(serve(), 4)
    client.send('40')
    assert client.rest() == [] and not client.closed


@pytest.mark.parametrize(
    ('revision', 'answer'), [(5, '44/random,{"message":"Invalid namespace"}'), (4, '44/random,"Invalid namespace"')]
)
def test_an_unknown_namespace_is_refused_and_the_connection_stays(serve, raw, revision, answer):
    client = raw(serve(), revision)
    client.send('40/random,')
    assert client.take() == answer
    client.send('40/random,')
    assert client.take() == answer


def test_connection_and_connect_fire_once_each(serve, raw, revision):
    io = serve()
    seen = []
    io.on('connect', lambda socket: seen.append(('connect', socket.connected)))
    io.on('connection', lambda socket: seen.append(('connection', socket.connected)))
    raw(io, revision)
    assert seen == [('connect', True), ('connection', True)]


def test_the_client_learns_of_its_id_before_the_events_of_the_connection_handler(serve, raw, revision):
    io = serve()
    io.on('connection', lambda socket: socket.emit('welcome'))
    client = raw(io, revision)
    assert client.take() == '42["welcome"]'


# -- what ends the connection ----------------------------------------------------------------------------------------


def test_a_second_connect_ends_the_connection(serve, raw):
    io = serve()
    reasons = reasons_of(io)
    client = raw(io)
    client.send('40')
    client.wait_closed()
    assert reasons == ['forced server close']


def test_an_event_before_connect_ends_the_connection(serve, raw):
    io = serve()
    client = raw(io, nsp=None)
    client.send('42["event"]')
    client.wait_closed()
    assert not io.engine.clients


def test_an_event_for_a_namespace_that_was_not_joined_ends_the_connection(serve, raw, revision):
    io = serve()
    io.of('/admin')
    reasons = reasons_of(io)
    client = raw(io, revision)
    client.send('42/admin,["event"]')
    client.wait_closed()
    assert reasons == ['forced server close']


@pytest.mark.parametrize(
    'packet',
    [
        '4abc', '47', '4', '42', '42{}', '42[]', '42[{}]', '42["event"', '42[]]', '42["disconnect"]', '42["connect"]',
        '42["newListener"]', '42x["event"]', '42123456789012345678901["event"]', '43["no id"]', '43', '431{}',
        '40/admin,"text"', '40/admin,[1]', '40{"broken"', '451-', '45-["event"]', '45["event"]', '45x-["event"]',
        '451["event"]', '461-["no id",{"_placeholder":true,"num":0}]x', '42/' + 'x' * 300 + ',["event"]',
        '42["event",' + '[' * 100000, '42["event", NaN]', '42["event",\'\']', '42["event",01]', '42["a" "b"]',
    ],
    ids=lambda packet: packet[:24],
)  # fmt: skip
def test_a_packet_that_cannot_be_decoded_ends_the_connection(serve, raw, packet, revision):
    io = serve()
    errors = []
    reasons = reasons_of(io)
    io.on('connection', lambda socket: socket.on('error', errors.append))
    client = raw(io, revision)
    client.send(packet)
    if packet.startswith('451-') or packet.startswith('461-'):
        client.send(b'attachment')
    client.wait_closed()
    assert reasons == ['forced close']
    assert errors[0].code.startswith('sio.')


@pytest.mark.parametrize(
    'messages',
    [
        ['451-["event",{"_placeholder":true,"num":1}]', b'0'],
        ['451-["event",{"_placeholder":true,"num":-1}]', b'0'],
        ['451-["event",{"_placeholder":true,"num":"0"}]', b'0'],
        ['451-["event",{"_placeholder":true,"num":0.5}]', b'0'],
        ['451-["event",{"_placeholder":true}]', b'0'],
        ['450-["event",{"_placeholder":true,"num":0}]'],
        ['451-["event",{"_placeholder":true,"num":0}]', '42["text"]'],
        ['452-["event",{"_placeholder":true,"num":0}]', b'0', '42["text"]'],
        [b'an attachment alone'],
        ['4565-["event"]'],
    ],
    ids=lambda messages: str(messages[-1])[:20],
)
def test_attachments_that_do_not_fit_end_the_connection(serve, raw, messages, revision):
    io = serve()
    reasons = reasons_of(io)
    client = raw(io, revision)
    for message in messages:
        client.send(message)
    client.wait_closed()
    assert reasons == ['forced close']


def test_attachments_are_bounded_in_size(serve, raw, revision):
    io = serve(max_attachment_bytes=10)
    seen = []
    reasons = reasons_of(io)
    io.on('connection', lambda socket: socket.on('event', seen.append))
    client = raw(io, revision)
    client.emit('event', b'0123456789')
    turn_until(lambda: seen, 'the event')
    client.emit('event', [b'01234', b'567890'])
    client.wait_closed()
    assert seen == [b'0123456789'] and reasons == ['forced close']


def test_a_message_above_max_http_buffer_size_ends_the_connection_with_1009(serve, raw, revision):
    io = serve(max_http_buffer_size=1000)
    reasons = reasons_of(io)
    client = raw(io, revision)
    client.emit('event', 'x' * 2000)
    assert client.wait_closed() == 1009
    turn_until(lambda: reasons, 'the disconnect')
    assert reasons == ['transport close']


def test_a_client_that_joins_nothing_in_time_is_closed(serve, raw):
    io = serve(connect_timeout=30)
    raw(io, nsp=None).wait_closed()


def test_a_client_that_joins_in_time_stays(serve, raw):
    io = serve(connect_timeout=30)
    client, late = raw(io), raw(io, nsp=None)
    late.wait_closed()
    assert not client.closed and len(io.sockets.sockets) == 1


def test_a_client_whose_middleware_never_answers_is_closed(serve, raw):
    io = serve(connect_timeout=30)
    io.use(lambda socket, next: None)
    client = raw(io, nsp=None)
    client.send('40')
    client.wait_closed()
    assert client.rest() == []


# -- leaving ---------------------------------------------------------------------------------------------------------


def test_disconnect_leaves_one_namespace_and_the_connection_stays(serve, raw, revision):
    io = serve()
    reasons = reasons_of(io, '/admin')
    client = raw(io, revision)
    client.join('/admin')
    client.send('41/admin,')
    turn_until(lambda: reasons, 'the disconnect')
    assert reasons == ['client namespace disconnect']
    assert len(io.sockets.sockets) == 1 and client.rest() == []


def test_a_namespace_can_be_joined_again(serve, raw, revision):
    io = serve()
    io.of('/admin')
    client = raw(io, revision)
    first = client.join('/admin')
    client.send('41/admin,')
    second = client.join('/admin')
    assert revision == 4 or first != second
    assert len(io.of('/admin').sockets) == 1


def test_packets_after_a_disconnect_are_ignored(serve, raw, revision):
    io = serve()
    seen = []
    arrived = next_socket(io)
    client = raw(io, revision)
    socket = arrived().on('event', seen.append)
    socket.on_any(lambda *args: seen.append(args))
    socket.disconnect()
    client.send('42["event",1]')
    client.send('431["answer"]')
    client.send('41')
    assert client.rest() == ['41']
    assert seen == [] and not client.closed


def test_a_server_that_disconnects_says_so_once(serve, raw, revision):
    io = serve()
    reasons = reasons_of(io)
    arrived = next_socket(io)
    client = raw(io, revision)
    socket = arrived()
    socket.disconnect().disconnect()
    socket.emit('after the end')
    assert client.rest() == ['41']
    assert reasons == ['server namespace disconnect']


def test_a_lost_connection_disconnects_every_namespace(serve, raw, revision):
    io = serve()
    reasons = [reasons_of(io), reasons_of(io, '/admin')]
    client = raw(io, revision)
    client.join('/admin')
    client.drop()
    turn_until(lambda: all(reasons), 'the disconnects')
    assert reasons == [['transport close'], ['transport close']]


def test_rooms_are_there_in_disconnecting_and_gone_in_disconnect(serve, raw, revision):
    io = serve()
    arrived = next_socket(io)
    client = raw(io, revision)
    socket = arrived().join('room')
    seen = []
    socket.on('disconnecting', lambda reason: seen.append(list(socket.rooms)))
    socket.on('disconnect', lambda reason: seen.append(list(socket.rooms)))
    client.send('41')
    turn_until(lambda: len(seen) == 2, 'the disconnect')
    assert seen == [[socket.id, 'room'], []]
    assert io.sockets.adapter.rooms == {} and io.sockets.adapter.sids == {}


def test_no_room_is_joined_after_a_disconnect(serve, raw, revision):
    io = serve()
    arrived = next_socket(io)
    raw(io, revision)
    socket = arrived()
    socket.disconnect()
    socket.join('room')
    assert io.sockets.adapter.rooms == {}


def test_a_close_packet_in_a_polling_payload_drops_what_follows(serve):
    io = serve()
    seen = []
    io.on('connection', lambda socket: socket.on('event', seen.append))
    reasons = reasons_of(io)

    def client():
        polling = Polling(io.port, '/socket.io/')
        polling.post('40')
        polling.poll()
        polling.post('42["event",1]\x1e1\x1e42["event",2]')

    during(client)
    assert seen == [1] and reasons == ['transport close']


def test_a_client_joins_a_bounded_number_of_namespaces(serve, raw):
    io = serve(max_namespaces=3)
    io.of(lambda name, query, next: next(None, True))
    client = raw(io)
    client.join('/1')
    client.join('/2')
    client.send('40/3,')
    assert client.take() == '44/3,{"message":"Invalid namespace"}'


def test_very_large_values_pass(serve, raw, revision):
    io = serve(max_http_buffer_size=10_000_000)
    io.on('connection', lambda socket: socket.on('echo', lambda *args: socket.emit('echoed', *args)))
    client = raw(io, revision)
    text, data = 'x' * 3_000_000, bytes(2_000_000)
    client.emit('echo', text, data, b'')
    assert client.take_event() == ['echoed', text, data, b'']


@pytest.mark.parametrize('how', ['room', 'socket', 'close', 'conn'])
@pytest.mark.parametrize('end', ['leave', 'drop'])
def test_disconnect_fires_once_where_a_handler_of_disconnecting_disconnects(serve, raw, revision, how, end):
    io = serve()
    arrived = next_socket(io)
    client = raw(io, revision)
    socket = arrived().join('lobby')
    seen = []
    again = {
        'room': lambda: io.in_('lobby').disconnect_sockets(),
        'socket': socket.disconnect,
        'close': lambda: socket.disconnect(True),
        'conn': lambda: socket.conn.close(),
    }[how]
    socket.on('disconnecting', lambda reason: (seen.append(('disconnecting', reason)), again())[0])
    socket.on('disconnect', lambda reason: seen.append(('disconnect', reason)))
    client.send('41') if end == 'leave' else client.drop()
    turn_until(lambda: socket.disconnected, 'the disconnect')
    settle()
    reason = 'client namespace disconnect' if end == 'leave' else 'transport close'
    assert seen == [('disconnecting', reason), ('disconnect', reason)]
    assert not io.sockets.sockets and not io.sockets.adapter.rooms
