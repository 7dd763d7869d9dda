"""Engine.IO's packets and payloads, revisions 3 and 4, as literal text and bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeio.engineio import codec
from edgeio.engineio.codec import (
    MAX_PACKETS,
    SEPARATOR,
    decode_payload,
    decode_text,
    decode_text3,
    encode_payload,
    from_base64,
)
from edgeio.errors import ProtocolError

texts = st.text(st.characters(exclude_categories=['Cs']))
# Revision 4 separates packets by a character that a packet's JSON can't hold.
text_packets = st.builds(str.__add__, st.sampled_from('0123456'), texts.filter(lambda text: SEPARATOR not in text))
packets = st.lists(text_packets | st.binary(), min_size=1, max_size=8)


def decoded(body, revision):
    """All the packets of a payload."""
    return list(decode_payload(body, revision))


def refused(call, *args):
    """The error of a call that must refuse what it is given."""
    with pytest.raises(ProtocolError) as caught:
        call(*args)
    assert caught.value.status == 400
    return caught.value


# -- revision 4 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('several, body', [
    (['4hello'], '4hello'),
    (['4hello', '2', '4world'], '4hello\x1e2\x1e4world'),
    ([b'\x01\x02\x03\x04'], 'bAQIDBA=='),
    (['4hello', b'\x01\x02\x03\x04', '4'], '4hello\x1ebAQIDBA==\x1e4'),
    ([b''], 'b'),
    (['4€😀'], '4€😀'),
    (['0{"sid":"a"}'], '0{"sid":"a"}'),
])  # fmt: skip
def test_payload_of_revision_4(several, body):
    assert encode_payload(several, 4) == body
    assert decoded(body, 4) == several


@pytest.mark.parametrize('body', [
    '', '\x1e', '4a\x1e', '\x1e4a', '4a\x1e\x1e4b', 'hello', '7', 'a', ' 4a', '９', 'b!', 'bAQID=', 'bAQI', 'b====',
    'bA===', 'bAQIDé', 'bAQ==AQ==', 'b AQID', 'bAQID\n', 'bAQ_-', '4a\x1ebQ',
])  # fmt: skip
def test_what_is_no_payload_of_revision_4_is_refused(body):
    assert refused(decoded, body, 4).code == 'eio.packet'


@given(packets)
def test_payload_of_revision_4_is_read_back(several):
    assert decoded(encode_payload(several, 4), 4) == several


# -- revision 3, text ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize('several, body', [
    (['4hello'], '6:4hello'),
    (['4hello', '2', '4world'], '6:4hello1:26:4world'),
    (['4€'], '2:4€'),
    (['4😀', '4a'], '3:4😀2:4a'),  # lengths are in UTF-16 units, as the peer counts
    (['4' + 'x' * 99], '100:4' + 'x' * 99),
    ([b'\x01\x02\x03\x04'], '10:b4AQIDBA=='),
    (['4hello', b'\x01'], '6:4hello6:b4AQ=='),
    (['41:2'], '4:41:2'),
])  # fmt: skip
def test_text_payload_of_revision_3(several, body):
    assert encode_payload(several, 3) == body
    assert decoded(body, 3) == several


@pytest.mark.parametrize('body', [
    '', ':', '4hello', '6:4hell', '7:4hello', '5:4hello', '0:', '0:1:2', '-1:4', '+6:4hello', '6 :4hello', ' 6:4hello',
    'a:4', '6:', '1:7', '2:4😀', '1:😀', '99999999999:4', '999999999999:4', '1e1:4', '６:4hello', '4:b4AQ', '3:b4!',
])  # fmt: skip
def test_what_is_no_text_payload_of_revision_3_is_refused(body):
    assert refused(decoded, body, 3).code == 'eio.packet'


@pytest.mark.parametrize('text', ['é', '€', '😀', 'a€', '😀é', 'xyz€😀'])
@pytest.mark.parametrize('count', [63, 64, 65, 1000])
def test_long_text_of_revision_3_is_counted_in_utf16_units(text, count):
    packet = '4' + text * count
    length = len(packet.encode('utf-16-le')) // 2
    body = f'{length}:{packet}2:4a'
    assert encode_payload([packet, '4a'], 3) == body
    assert decoded(body, 3) == [packet, '4a']
    for wrong in (length - 1, length + 1):
        assert refused(decoded, f'{wrong}:{packet}2:4a', 3).code == 'eio.packet'


@given(packets)
def test_text_payload_of_revision_3_is_read_back(several):
    assert decoded(encode_payload(several, 3), 3) == several


# -- revision 3, binary --------------------------------------------------------------------------------------------


@pytest.mark.parametrize('several, body', [
    (['4hello', b'\x01\x02\x03'], b'\x00\x06\xff4hello\x01\x04\xff\x04\x01\x02\x03'),
    ([b''], b'\x01\x01\xff\x04'),
    ([b'\xff' * 11], b'\x01\x01\x02\xff\x04' + b'\xff' * 11),
    ([b'\x01', '4€'], b'\x01\x02\xff\x04\x01\x00\x04\xff4\xe2\x82\xac'),
])  # fmt: skip
def test_binary_payload_of_revision_3(several, body):
    assert encode_payload(several, 3, base64=False) == body
    assert decoded(body, 3) == several
    assert decoded(bytearray(body), 3) == several


def test_text_alone_is_a_text_payload_even_where_binary_is_welcome():
    assert encode_payload(['4hello'], 3, base64=False) == '6:4hello'


@pytest.mark.parametrize('body', [
    b'', b'\x00', b'\x00\xff', b'\x00\x06', b'\x00\x06\xff', b'\x00\x06\xff4hell', b'\x00\x00\xff', b'\x02\x01\xff4',
    b'\x01\x02\xff\x03\x01', b'\x00\x0a\xff4hello', b'\x00\x01\xff7', b'\x00\x02\xff4\xff', b'\x00' + b'\x09' * 20,
    b'\x00' + b'\x09' * 11 + b'\xff4', b'\x01\x01\xff\x04\x00', b'\xff', b'6:4hello',
])  # fmt: skip
def test_what_is_no_binary_payload_of_revision_3_is_refused(body):
    assert refused(decoded, body, 3).code == 'eio.packet'


@given(packets)
def test_binary_payload_of_revision_3_is_read_back(several):
    assert decoded(encode_payload(several, 3, base64=False), 3) == several


# -- limits and single packets -------------------------------------------------------------------------------------


@pytest.mark.parametrize('make, revision', [
    (lambda n: SEPARATOR.join(['2'] * n), 4),
    (lambda n: '1:2' * n, 3),
    (lambda n: b'\x00\x01\xff2' * n, 3),
])  # fmt: skip
def test_a_payload_has_so_many_packets_and_no_more(make, revision):
    assert decoded(make(MAX_PACKETS), revision) == ['2'] * MAX_PACKETS
    error = refused(decoded, make(MAX_PACKETS + 1), revision)
    assert (error.code, error.expected) == ('eio.packets', MAX_PACKETS)


@pytest.mark.parametrize('body, revision', [('4a\x1e', 4), ('2:4a0:', 3), (b'\x00\x02\xff4a\x00', 3)])
def test_packets_before_the_one_that_is_none_come_first(body, revision):
    several = decode_payload(body, revision)
    assert next(several) == '4a'
    assert refused(next, several).code == 'eio.packet'


@pytest.mark.parametrize('text', ['0', '1', '2probe', '3', '4', '4hello', '5', '6'])
def test_packet_of_each_type_is_itself(text):
    assert decode_text(text) == decode_text3(text) == text


def test_binary_in_text_is_marked_otherwise_in_each_revision():
    assert decode_text('bAQID') == b'\x01\x02\x03'
    assert decode_text3('b4AQID') == b'\x01\x02\x03'


@pytest.mark.parametrize('text', ['', '7', 'x', '\x00', '-1'])
def test_packet_of_no_type_is_refused(text):
    refused(decode_text, text)
    refused(decode_text3, text)


@given(st.binary())
def test_base64_is_read_back(data):
    assert from_base64(codec.to_base64(data)) == data


@given(st.text('AQg=+/-_ \n!é', max_size=16))
def test_base64_is_taken_as_it_is_written_and_in_no_other_way(text):
    try:
        data = from_base64(text)
    except ProtocolError:
        return
    assert len(codec.to_base64(data)) == len(text)


def test_error_does_not_repeat_a_long_packet():
    assert len(str(refused(decoded, '9' * 100000, 4))) < 200


@given(st.text('0123456789:b\x1e4AQ=é😀', max_size=40) | texts, st.sampled_from([3, 4]))
def test_whatever_text_comes_is_packets_or_a_protocol_error(body, revision):
    try:
        several = decoded(body, revision)
    except ProtocolError:
        return
    assert all(type(packet) in (str, bytes) for packet in several) and several


nearly_binary_payloads = st.lists(st.sampled_from([b'\0', b'\1', b'\4', b'\xff', b'4a']), max_size=12).map(b''.join)


@given(st.binary(max_size=40) | nearly_binary_payloads)
def test_whatever_bytes_come_are_packets_or_a_protocol_error(body):
    try:
        several = decoded(body, 3)
    except ProtocolError:
        return
    assert all(type(packet) in (str, bytes) for packet in several) and several
