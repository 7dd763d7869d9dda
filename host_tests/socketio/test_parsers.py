"""The parser is a seam: one of your own, and the CBOR one with its browser side, against hostile packets too."""

from decimal import Decimal

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeio.errors import OptionError, ProtocolError
from edgeio.socketio.cbor import CborParser
from edgeio.socketio.cbor_items import check_items
from edgeio.socketio.codec import JsonParser
from host_tests.looping import turn_until
from host_tests.socketio.serving import next_socket

# -- one of your own -------------------------------------------------------------------------------------------------


class Reversing:
    """A parser as an app might write it: the JSON one, every packet reversed."""

    made = 0

    def __init__(self):
        Reversing.made += 1
        self._json = JsonParser(10, 1000)

    def encode(self, kind, nsp, ack_id, data):
        packet, attachments = self._json.encode(kind, nsp, ack_id, data)
        return '4' + packet[:0:-1], attachments

    def decoder(self, client):
        return ReversingDecoder(self._json.decoder(client))


class ReversingDecoder:
    def __init__(self, decoder):
        self._decoder = decoder
        for name in ('on_binary', 'on_drain', 'on_close'):
            setattr(self, name, getattr(decoder, name))

    def on_text(self, packet):
        self._decoder.on_text('4' + packet[:0:-1] if packet[:1] == '4' else packet)


@pytest.mark.parametrize('parser', [Reversing, Reversing()], ids=['class', 'object'])
def test_a_parser_of_your_own_is_a_class_or_an_object(serve, raw, parser):
    io = serve(parser=parser)
    arrived = next_socket(io)
    client = raw(io, nsp=None)
    client.send('40')
    assert client.take().endswith('{0')
    arrived().on('echo', lambda *args: args[-1](*args[:-1]))
    client.send('4' + '27["echo","x"]'[::-1])
    assert client.take() == '4' + '37["x"]'[::-1]
    io.emit('event', 1)
    assert client.take() == '4' + '2["event",1]'[::-1]


# -- CBOR ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def cbor(serve, raw, revision):
    """(io, client, socket): a server with the CBOR parser; its client speaks it through `say` and `hear`."""
    io = serve(parser=CborParser)
    arrived = next_socket(io)
    client = raw(io, revision, nsp=None)
    client.say = lambda **packet: client.send(cbor2.dumps(packet))
    client.hear = lambda: cbor2.loads(client.take())
    if revision == 5:
        client.say(type=0, nsp='/')
    answer = client.hear()
    assert (answer['type'], answer['nsp']) == (0, '/') and ('data' in answer) == (revision == 5)
    return io, client, arrived()


def test_cbor_carries_events_and_acks_with_binary_inside(cbor):
    io, client, socket = cbor
    socket.on('echo', lambda *args: args[-1](*args[:-1]))
    values = ['text 漢字', 7, -1.5, True, None, [1, [b'\0\1']], {'a': {'b': b''}}, 1 << 40, -(1 << 63)]
    client.say(type=2, nsp='/', data=['echo', *values], id=12)
    assert client.hear() == {'type': 3, 'nsp': '/', 'id': 12, 'data': values}
    io.emit('event', b'\0', {'x': [b'\1']})
    assert client.hear() == {'type': 2, 'nsp': '/', 'data': ['event', b'\0', {'x': [b'\1']}]}
    answers = []
    socket.emit('question', lambda *args: answers.append(args))
    client.say(type=3, nsp='/', id=client.hear()['id'], data=[b'\2', 'x'])
    turn_until(lambda: answers, 'the answer')
    assert answers == [(b'\2', 'x')]


def test_cbor_joins_and_leaves_namespaces(cbor):
    io, client, _ = cbor
    io.of('/chat').use(lambda socket, next: next(None if socket.handshake.auth or socket.handshake.query['x'] else 1))
    client.say(type=0, nsp='/chat?x=1', data={'token': 'abc'})
    assert client.hear()['nsp'] == '/chat'
    client.say(type=1, nsp='/chat')
    client.say(type=0, nsp='/unknown')
    assert client.hear()['type'] == 4
    assert io.of('/chat').sockets == {}
    io.sockets.disconnect_sockets()
    assert client.hear() == {'type': 1, 'nsp': '/'}


def test_cbor_survives_heartbeats(serve, raw):
    io = serve(parser=CborParser, ping_interval=30, ping_timeout=2000)
    client = raw(io, nsp=None)
    client.send(cbor2.dumps({'type': 0, 'nsp': '/'}))
    client.take()
    beats = []
    next(iter(io.engine.clients.values())).on('heartbeat', lambda: beats.append(1))
    turn_until(lambda: client._read() or len(beats) > 2, 'the third heartbeat')
    assert not client.closed


GOOD = {'type': 2, 'nsp': '/', 'data': ['event']}


@pytest.mark.parametrize(
    'packet',
    [
        '42["text"]',
        b'',
        b'\xff',
        b'\x9b\x00\x00\x00\x10\x00\x00\x00\x00',
        b'\x5a\xff\xff\xff\xff',
        b'\x81' * 100000,
        b'\x9f' * 5000,
        b'\x62\xff\xff',
        cbor2.dumps(GOOD) + b'\x00',
        cbor2.dumps(GOOD)[:-1],
        cbor2.dumps([1]),
        cbor2.dumps(7),
        cbor2.dumps({**GOOD, 'type': 5}),
        cbor2.dumps({**GOOD, 'type': '2'}),
        cbor2.dumps({**GOOD, 'type': 4}),
        cbor2.dumps({**GOOD, 'nsp': 'chat'}),
        cbor2.dumps({**GOOD, 'nsp': 1}),
        cbor2.dumps({**GOOD, 'nsp': '/' + 'x' * 300}),
        cbor2.dumps({**GOOD, 'id': -1}),
        cbor2.dumps({**GOOD, 'id': '1'}),
        cbor2.dumps({**GOOD, 'id': 1 << 60}),
        cbor2.dumps({**GOOD, 'data': {}}),
        cbor2.dumps({**GOOD, 'data': []}),
        cbor2.dumps({**GOOD, 'data': [None]}),
        cbor2.dumps({**GOOD, 'data': ['disconnect']}),
        cbor2.dumps({**GOOD, 'data': ['event', {1: 2}]}),
        cbor2.dumps({**GOOD, 'data': ['event', cbor2.undefined]}),
        cbor2.dumps({**GOOD, 'data': ['event', cbor2.CBORTag(12345, 'x')]}),
        cbor2.dumps({**GOOD, 'data': ['event', cbor2.CBORTag(1, 0)]}),
        cbor2.dumps({**GOOD, 'data': ['event', cbor2.CBORTag(35, '(a+)+$')]}),
        b'\xa1\x64type\xd8\x1c\x81\xd8\x1d\x00',
        cbor2.dumps({**GOOD, 'data': ['event', 1 << 64]}),
        cbor2.dumps({**GOOD, 'nsp': 1 << 40000}),
        cbor2.dumps({**GOOD, 'id': 1 << 40000}),
        cbor2.dumps({**GOOD, 'type': 1 << 40000}),
        cbor2.dumps(1 << 40000),
        cbor2.dumps({**GOOD, 'data': ['event', Decimal('1.5')]}),
        cbor2.dumps({**GOOD, 'data': ['event', {(1, 2): 3}]}),
        b'\xa1\x64type\x1c',
        b'\xa1\x64type\x1f',
        b'\xa1\x64type\xff',
        b'\x82\xff',
        cbor2.dumps({'type': 3, 'nsp': '/', 'data': ['no id']}),
        cbor2.dumps({'type': 3, 'nsp': '/', 'id': 1, 'data': {}}),
        cbor2.dumps({'type': 0, 'nsp': '/chat', 'data': 'text'}),
        cbor2.dumps({'type': 1, 'nsp': '/', 'data': 1}),
    ],
    ids=lambda packet: repr(packet[-20:]),
)
def test_cbor_that_is_broken_or_hostile_ends_the_connection(cbor, packet):
    _, client, socket = cbor
    errors, reasons = [], []
    socket.on('error', errors.append).on('disconnect', reasons.append)
    client.send(packet)
    client.wait_closed()
    assert reasons == ['forced close']
    assert errors[0].code in ('sio.cbor', 'sio.event')


ENDLESS = b'\xbf\x64type\x02\x63nsp\x61/\x64data\x9f\x7f\x62ev\x63ent\xff\xbf\x61a\x5f\x41x\x41y\xff\xff\xff\xff'


def test_cbor_of_endless_lists_maps_and_texts_is_read(cbor):
    _, client, socket = cbor
    seen = []
    socket.on('event', seen.append)
    client.send(ENDLESS)
    turn_until(lambda: seen, 'the event')
    assert seen == [{'a': b'xy'}]


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 64), (1 << 64) - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5), max_leaves=40,
))  # fmt: skip
def test_cbor_of_every_plain_value_passes_the_look_at_its_items(value):
    check_items(cbor2.dumps(value))


@pytest.mark.parametrize('size', [100000, 200000])
def test_cbor_is_looked_at_before_the_package_spends_time_on_it(size):
    # A tag: the package would take some seconds for the number behind it.
    with pytest.raises(ProtocolError, match='a tag'):
        CborParser().decode(b'\x82\xc4\x82\x01\xc2\x5a' + size.to_bytes(4, 'big') + b'\xff' * size)


DEEP = []
for _ in range(32):
    DEEP = [DEEP]


@pytest.mark.parametrize('value', [object(), {1, 2}, {3: 4}, 1 << 64, DEEP], ids=repr)
def test_cbor_has_no_form_for_it_and_says_so_at_the_call(cbor, value):
    io, client, socket = cbor
    for emit in (io.emit, socket.emit):
        with pytest.raises((TypeError, ValueError)):
            emit('event', value)
    assert client.rest() == []


def test_cbor_needs_its_package(monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'cbor2', None)
    with pytest.raises(OptionError, match=r'pip install edgeio\[cbor\]'):
        CborParser()
