"""Socket.IO's packets as literal text. The decoder tells its client everything, and no exception leaves it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeio.errors import OptionError
from edgeio.socketio.codec import MAX_ID_DIGITS, MAX_NSP, JsonParser
from edgeio.socketio.packet import (
    ACK,
    CONNECT,
    CONNECT_ERROR,
    DISCONNECT,
    EVENT,
    MAX_DEPTH,
    RESERVED,
    check_name,
)

PLACEHOLDER = '{"_placeholder":true,"num":%d}'


class Client:
    """What a decoder talks to. told: its calls, in order. joined: the main namespace is, so its events go straight."""

    def __init__(self, joined):
        self.told = []
        self.errors = []
        self.conn = self
        self.root = self.Root(self) if joined else None

    class Root:
        def __init__(self, client):
            self.client = client

        def on_event(self, data, ack_id):
            self.client.on_event('/', ack_id, data)

    def on_event(self, nsp, ack_id, data):
        self.told.append(('event', nsp, ack_id, data))

    def on_ack(self, nsp, ack_id, data):
        self.told.append(('ack', nsp, ack_id, data))

    def on_connect(self, nsp, query, auth):
        self.told.append(('connect', nsp, query, auth))

    def refuse(self, nsp, error):
        self.told.append(('refuse', nsp, error))

    def on_disconnect(self, nsp):
        self.told.append(('disconnect', nsp))

    def on_text_packet(self, packet):
        self.told.append(('engine', packet))

    def on_close(self, reason):
        self.told.append(('close', reason))

    def on_violation(self, error):
        self.errors.append(error)
        self.told.append(('violation', error.code))


@pytest.fixture
def parser():
    return JsonParser(10, 1000)


def read(*packets, parser=None):
    """What is told about `packets`, text and binary: the same whether the main namespace is joined or not."""
    told = []
    for joined in (True, False):
        client = Client(joined)
        decoder = (parser or JsonParser(10, 1000)).decoder(client)
        for packet in packets:
            if type(packet) is str:
                decoder.on_text(packet)
            else:
                decoder.on_binary(packet)
        told.append(client.told)
    assert told[0] == told[1]
    return told[0]


# -- reading -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('packet, told', [
    ('42["chat"]', ('event', '/', None, ['chat'])),
    ('42["chat",1,{"a":[null]}]', ('event', '/', None, ['chat', 1, {'a': [None]}])),
    ('4212["chat"]', ('event', '/', '12', ['chat'])),
    ('420["chat"]', ('event', '/', '0', ['chat'])),
    ('42/admin,["chat"]', ('event', '/admin', None, ['chat'])),
    ('42/admin,12["chat"]', ('event', '/admin', '12', ['chat'])),
    ('42/admin?token=a,12["chat"]', ('event', '/admin', '12', ['chat'])),
    ('42/,["chat"]', ('event', '/', None, ['chat'])),
    ('42[5,"numbers may be names"]', ('event', '/', None, [5, 'numbers may be names'])),
    ('42["é€😀"]', ('event', '/', None, ['é€😀'])),
    ('42["chat"] ', ('event', '/', None, ['chat'])),
    ('4312["answer"]', ('ack', '/', '12', ['answer'])),
    ('430[]', ('ack', '/', '0', [])),
    ('43/admin,7[1,2]', ('ack', '/admin', '7', [1, 2])),
    ('40', ('connect', '/', None, None)),
    ('40{"token":"a"}', ('connect', '/', None, {'token': 'a'})),
    ('40/admin', ('connect', '/admin', None, None)),
    ('40/admin,', ('connect', '/admin', None, None)),
    ('40/admin,{"token":"a"}', ('connect', '/admin', None, {'token': 'a'})),
    ('40/admin?token=a&b=c', ('connect', '/admin', 'token=a&b=c', None)),
    ('40/admin?token=a,', ('connect', '/admin', 'token=a', None)),
    ('40/?token=a,', ('connect', '/', 'token=a', None)),
    ('40/a?b?c', ('connect', '/a', 'b?c', None)),
    ('41', ('disconnect', '/')),
    ('41/admin,', ('disconnect', '/admin')),
    ('41/admin', ('disconnect', '/admin')),
    ('450-["chat"]', ('event', '/', None, ['chat'])),
    ('460-12["answer"]', ('ack', '/', '12', ['answer'])),
])  # fmt: skip
def test_packet_is_told_to_the_client(packet, told):
    assert read(packet) == [told]


@pytest.mark.parametrize('packet', ['2', '2probe', '3', '5', '6', '1', '0{}', ''])
def test_packet_that_is_no_message_is_engine_ios(packet):
    assert read(packet) == [('engine', packet)]


@pytest.mark.parametrize('packet', [
    '4', '4x', '47', '48["a"]', '4 2["a"]', '44{"message":"only a server says so"}',
    '42', '42{}', '42"chat"', '42[]', '42null', '42[', '42["chat"', '42["chat"]x', '42["chat"]]', '42["chat" 1]',
    '42[NaN]', '42["chat",NaN]', '42[null]', '42[true]', '42[1.5]', '42[[]]', '42[{}]',
    '42a["chat"]', '42-1["chat"]', '421.5["chat"]', '42 1["chat"]', '42' + '1' * (MAX_ID_DIGITS + 1) + '["chat"]',
    '42１["chat"]', '42admin,["chat"]', '42/admin["chat"]', '42/admin,', '42/admin,x["chat"]', '42/admin,1',
    '43', '43[]', '431', '431{}', '431"a"', '43/admin,[1]', '43["a"]', '43x[1]',
    '40[]', '40"a"', '401', '40null', '40{', '40/admin,[]', '40/admin,{"a":}', '40{"a":1}x',
    '45["a"]', '45-["a"]', '45x-["a"]', '451["a"]', '45-1-["a"]', '45 1-["a"]', '45１-["a"]', '4599999999999-["a"]',
    '46["a"]', '460-["a"]', '450-{}', '450-', '450-[]',
    '42/' + 'x' * MAX_NSP + ',["chat"]', '40/' + 'x' * MAX_NSP, '41/' + 'x' * MAX_NSP,
])  # fmt: skip
def test_packet_that_is_not_valid_is_a_violation_and_nothing_else(packet):
    (told,) = read(packet)
    assert told[0] == 'violation' and told[1].startswith('sio.')


@pytest.mark.parametrize('name', RESERVED)
def test_event_with_a_reserved_name_is_a_violation(name):
    for packet in ('42["' + name + '"]', '42/admin,1["' + name + '",1]', '450-["' + name + '"]'):
        assert read(packet) == [('violation', 'sio.event')]


def test_names_of_namespaces_and_ids_have_their_limit():
    nsp = '/' + 'x' * (MAX_NSP - 1)
    assert read('42' + nsp + ',["a"]') == [('event', nsp, None, ['a'])]
    ack_id = '1' * MAX_ID_DIGITS
    assert read('42' + ack_id + '["a"]') == [('event', '/', ack_id, ['a'])]
    assert read('42/a,' + ack_id + '["a"]') == [('event', '/a', ack_id, ['a'])]


@pytest.mark.parametrize('opening, closing', [('[', ']'), ('{"a":', '}')])
@pytest.mark.parametrize('depth', [90, 950, 990, 3000, 100000])
@pytest.mark.parametrize('head', ['42', '421', '42/a,', '431', '450-', '460-1', '451-', '40'])
def test_deep_nesting_is_an_event_or_a_violation_never_an_exception(head, depth, opening, closing):
    deep = '["a",' + opening * depth + '1' + closing * depth + ']'
    for body in (deep, opening * depth + closing * depth, opening * depth):
        (told, *_) = read(head + body, b'attachment')
        assert told[0] in ('event', 'ack', 'refuse', 'violation')


# -- reading binary packets ----------------------------------------------------------------------------------------


def test_attachments_take_the_places_that_wait_for_them():
    packet = '452-["chat",' + PLACEHOLDER % 1 + ',{"a":[' + PLACEHOLDER % 0 + ']}]'
    assert read(packet, b'zero', b'one') == [('event', '/', None, ['chat', b'one', {'a': [b'zero']}])]


def test_nothing_is_told_before_the_last_attachment():
    assert read('452-["chat",' + PLACEHOLDER % 0 + ']') == []
    assert read('452-["chat",' + PLACEHOLDER % 0 + ']', b'zero') == []


def test_binary_event_with_a_namespace_and_an_id():
    assert read('451-/admin,12["chat",' + PLACEHOLDER % 0 + ']', b'') == [('event', '/admin', '12', ['chat', b''])]


def test_binary_answer():
    assert read('461-/admin,12[' + PLACEHOLDER % 0 + ']', b'x') == [('ack', '/admin', '12', [b'x'])]


@pytest.mark.parametrize('form', ['[%s,%s]', '[[%s],{"a":%s}]', '{"a":%s,"b":{"c":%s}}'])
def test_attachment_stands_in_one_place(form):
    # An app that passes on what it got would make one of each: any number of bytes of a short packet.
    packet = '451-["chat",' + form % (PLACEHOLDER % 0, PLACEHOLDER % 0) + ']'
    assert read(packet, b'x') == [('violation', 'sio.placeholder')]


def test_placeholder_of_a_packet_without_attachments_is_just_an_object():
    plain = {'_placeholder': True, 'num': 0}
    assert read('42["chat",' + PLACEHOLDER % 0 + ']') == [('event', '/', None, ['chat', plain])]


@pytest.mark.parametrize('num', ['1', '-1', '99', '0.0', '"0"', 'null', 'true', '[0]', '1e0'])
def test_placeholder_of_nothing_is_a_violation(num):
    assert read('451-["chat",{"_placeholder":true,"num":' + num + '}]', b'x') == [('violation', 'sio.placeholder')]


def test_placeholder_without_a_number_is_a_violation():
    assert read('451-["chat",{"_placeholder":true}]', b'x') == [('violation', 'sio.placeholder')]


@pytest.mark.parametrize('mark', ['1', '"true"', 'false', 'null'])
def test_object_that_only_looks_like_a_placeholder_is_left_alone(mark):
    packet = '451-["chat",{"_placeholder":' + mark + ',"num":0}]'
    assert read(packet, b'x') == [('event', '/', None, ['chat', {'_placeholder': json.loads(mark), 'num': 0}])]


def test_attachment_without_its_packet_is_a_violation():
    assert read(b'x') == [('violation', 'sio.packet')]
    assert read('42["a"]', b'x') == [('event', '/', None, ['a']), ('violation', 'sio.packet')]


@pytest.mark.parametrize('text', ['42["a"]', '421["a"]', '43/a,1[]', '40/admin,', '41', '451-["a"]', '4'])
def test_message_where_an_attachment_is_due_is_a_violation(text):
    assert read('451-["chat",' + PLACEHOLDER % 0 + ']', text) == [('violation', 'sio.packet')]


def test_engine_ios_own_packets_may_come_between_attachments():
    told = read('452-["chat",' + PLACEHOLDER % 0 + ']', b'zero', '2', b'one')
    assert told == [('engine', '2'), ('event', '/', None, ['chat', b'zero'])]


def test_as_many_attachments_as_the_limit_and_no_more():
    packet = '45%d-["chat"]'
    assert read(packet % 10, *[b'x'] * 10) == [('event', '/', None, ['chat'])]
    client = Client(False)
    JsonParser(10, 1000).decoder(client).on_text(packet % 11)
    (error,) = client.errors
    assert (error.code, error.seen, error.expected, error.setting) == ('sio.attachments', 11, 10, 'max_attachments')


def test_attachments_together_have_their_limit():
    assert read('452-["chat"]', bytes(500), bytes(500)) == [('event', '/', None, ['chat'])]
    assert read('453-["chat"]', bytes(500), bytes(501)) == [('violation', 'sio.attachment_bytes')]


def test_depth_of_a_packet_with_attachments_has_its_limit():
    def packet(depth):
        return '451-["a",' + '[' * depth + PLACEHOLDER % 0 + ']' * depth + ']'

    assert read(packet(MAX_DEPTH - 1), b'x')[0][0] == 'event'
    assert read(packet(MAX_DEPTH), b'x') == [('violation', 'sio.depth')]


def test_packet_in_the_making_is_forgotten_at_the_end(parser):
    client = Client(False)
    decoder = parser.decoder(client)
    decoder.on_text('451-["chat"]')
    decoder.on_close('transport close')
    decoder.on_binary(b'x')
    assert client.told == [('close', 'transport close'), ('violation', 'sio.packet')]


def test_violation_shows_what_was_seen_but_not_all_of_it():
    client = Client(False)
    JsonParser(10, 1000).decoder(client).on_text('42x' * 50000)
    assert len(str(client.errors[0])) < 250
    assert "'42x42x" in str(client.errors[0])


# -- writing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('kind, nsp, ack_id, data, packet', [
    (EVENT, '/', None, ['chat'], '42["chat"]'),
    (EVENT, '/', 0, ['chat', 1], '420["chat",1]'),
    (EVENT, '/admin', None, ['chat', {'a': None}], '42/admin,["chat",{"a":null}]'),
    (EVENT, '/admin', 12, ['chat', '€😀'], '42/admin,12["chat","€😀"]'),
    (ACK, '/', '12', ('one text',), '4312["one text"]'),
    (ACK, '/', '12', ('"\\\n€',), '4312["\\"\\\\\\n€"]'),
    (ACK, '/', '12', (), '4312[]'),
    (ACK, '/admin', '12', (1, [2]), '43/admin,12[1,[2]]'),
    (CONNECT, '/', None, {'sid': 'a'}, '40{"sid":"a"}'),
    (CONNECT, '/', None, None, '40'),
    (CONNECT, '/admin', None, None, '40/admin,'),
    (DISCONNECT, '/', None, None, '41'),
    (DISCONNECT, '/admin', None, None, '41/admin,'),
    (CONNECT_ERROR, '/admin', None, {'message': 'no'}, '44/admin,{"message":"no"}'),
    (CONNECT_ERROR, '/', None, 'no', '44"no"'),
])  # fmt: skip
def test_packet_is_written(kind, nsp, ack_id, data, packet, parser):
    assert parser.encode(kind, nsp, ack_id, data) == (packet, None)


@pytest.mark.parametrize('kind, nsp, ack_id, data, packet, attachments', [
    (EVENT, '/', None, ['a', b'x'], '451-["a",' + PLACEHOLDER % 0 + ']', [b'x']),
    (EVENT, '/b', 3, ['a', [b'x'], bytearray(b'y')],
     '452-/b,3["a",[' + PLACEHOLDER % 0 + '],' + PLACEHOLDER % 1 + ']', [b'x', b'y']),
    (ACK, '/', '12', (b'',), '461-12[' + PLACEHOLDER % 0 + ']', [b'']),
])  # fmt: skip
def test_packet_with_attachments_is_written(kind, nsp, ack_id, data, packet, attachments, parser):
    assert parser.encode(kind, nsp, ack_id, data) == (packet, attachments)


@pytest.mark.parametrize('value', [float('nan'), object(), {1}, [float('inf')]])
def test_what_cannot_be_sent_raises_and_leaves_nothing_behind(value, parser):
    with pytest.raises((TypeError, ValueError)):
        parser.encode(EVENT, '/', None, ['a', b'lost', value])
    assert parser.encode(EVENT, '/', None, ['a']) == ('42["a"]', None)


@pytest.mark.parametrize('mark', [True, 1, 1.5, 'true', [1], {'a': 1}, [], {}])
@pytest.mark.parametrize('where', [lambda value: value, lambda value: [{'deep': (value,)}]])
def test_object_that_poses_as_a_placeholder_is_not_sent_beside_bytes(mark, where, parser):
    poser = where({'num': 9, '_placeholder': mark, 'text': 'x'})
    packets = ((EVENT, None, ['a', b'x', poser]), (EVENT, 1, ['a', poser, [b'']]), (ACK, 1, (poser, b'x')))
    for kind, ack_id, data in packets:
        with pytest.raises(ValueError, match="a true '_placeholder' cannot be sent beside bytes"):
            parser.encode(kind, '/', ack_id, data)
        assert parser.encode(EVENT, '/', None, ['a']) == ('42["a"]', None)


def test_object_that_poses_as_a_placeholder_is_just_an_object_where_there_are_no_bytes(parser):
    poser = {'_placeholder': True, 'num': 9}
    assert parser.encode(EVENT, '/', None, ['a', poser]) == ('42["a",' + PLACEHOLDER % 9 + ']', None)


@pytest.mark.parametrize('harmless', [
    {'_placeholder': False, 'num': 9},
    {'_placeholder': None},
    {'x"_placeholder': True, 'x,"_placeholder': True, '{"_placeholder': True, '\\"_placeholder': True},
    ['_placeholder', '"_placeholder":true', '{"_placeholder":true,"num":9}', '\\', {'a': '_placeholder'}],
    {'_placeholders': True, ' _placeholder': True, '_Placeholder': True},
])  # fmt: skip
def test_what_only_looks_like_a_placeholder_is_sent_beside_bytes(harmless, parser):
    packet, attachments = parser.encode(EVENT, '/', None, ['a', b'x', harmless, b'y'])
    assert read(packet, *attachments) == [('event', '/', None, ['a', b'x', harmless, b'y'])]


def test_harmless_objects_do_not_hide_one_that_poses(parser):
    crowd = [{'_placeholder': False}, {'x"_placeholder': False}, {'x"_placeholder': None}, '"_placeholder":false'] * 3
    with pytest.raises(ValueError):
        parser.encode(EVENT, '/', None, ['a', b'x', crowd, {'_placeholder': True, 'num': 9}])


texts = st.text(st.characters(exclude_categories=['Cs']))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(texts.filter(lambda key: key != '_placeholder'), inner),
    max_leaves=15,
)
names = texts.filter(lambda name: name not in RESERVED)
namespaces = st.sampled_from(['/', '/a', '/admin', '/é'])


@given(namespaces, st.none() | st.integers(0, 10**MAX_ID_DIGITS - 1), names, st.lists(values, max_size=4))
def test_event_is_read_back(nsp, ack_id, name, args):
    packet, attachments = JsonParser(64, 10**6).encode(EVENT, nsp, ack_id, [name, *args])
    told = read(packet, *(attachments or []), parser=JsonParser(64, 10**6))
    assert told == [('event', nsp, None if ack_id is None else str(ack_id), [name, *args])]


@given(namespaces, st.integers(0, 10**MAX_ID_DIGITS - 1), st.lists(values, max_size=4))
def test_answer_is_read_back(nsp, ack_id, args):
    packet, attachments = JsonParser(64, 10**6).encode(ACK, nsp, ack_id, tuple(args))
    told = read(packet, *(attachments or []), parser=JsonParser(64, 10**6))
    assert told == [('ack', nsp, str(ack_id), args)]


PARTS = [*'/,?10-[]{}"', '40', '41', '42', '43', '45', '46', '451-', '/a', '"a"', PLACEHOLDER % 0]
nearly_packets = st.lists(st.sampled_from(PARTS), max_size=8).map(''.join)


@given(st.lists(nearly_packets | st.text(max_size=20) | st.binary(max_size=5), max_size=6))
def test_whatever_comes_is_told_by_the_calls_and_by_no_exception(packets):
    read(*packets)


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('name', [*RESERVED, 'error', 5, None, b'chat', ['chat']])
def test_names_that_cannot_be_sent_raise_at_the_call(name):
    with pytest.raises(OptionError, match='sio.reserved|sio.event_name'):
        check_name(name)


@pytest.mark.parametrize('name', ['chat', '', 'Connect', 'message', 'disconnected', '€'])
def test_any_other_name_can_be_sent(name):
    check_name(name)
