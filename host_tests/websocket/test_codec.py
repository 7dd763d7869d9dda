"""RFC 6455's frames as literal bytes, whole and in pieces of every size; the `websockets` package at the far end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import CLIENT, SERVER, Protocol

from edgeio.errors import ProtocolError
from edgeio.websocket import codec
from edgeio.websocket.codec import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    NO_STATUS,
    PING,
    PONG,
    TEXT,
    Decoder,
    close_payload,
    frame,
    masked_frame,
    parse_close,
    text_frame,
)

KEY = bytes.fromhex('37fa213d')
BIG = 70000


class Log(Decoder):
    """A decoder that keeps what it is told."""

    def __init__(self, *args, **options):
        Decoder.__init__(self, *args, **options)
        self.events = []

    def on_text(self, text):
        self.events.append(text)

    def on_binary(self, data):
        assert type(data) is bytes
        self.events.append(data)

    def on_control(self, opcode, payload):
        assert type(payload) is bytes
        self.events.append((opcode, payload))

    def on_more(self):
        self.feed(b'', 0)

    def on_violation(self, error):
        self.events.append((error.code, error.status))


def sizes(data):
    """Sizes of the pieces that `data` is fed in: every one where it is short."""
    if len(data) < 200:
        return range(1, len(data) + 1)
    return (*((1, 2, 3, 7, 125) if len(data) < 10000 else (1021,)), 4095, 4096, 4097, len(data))


def decode(data, masked=True, **options):
    """What a decoder tells about `data`: the same for pieces of every size."""
    told = []
    for size in sizes(data):
        log = Log(masked, **options)
        for i in range(0, len(data), size):
            piece = data[i : i + size]
            # Every other piece comes as the shared buffer may: with old bytes behind what is fresh.
            if i // size % 2:
                log.feed(bytearray(piece + b'\xff' * 9), len(piece))
            else:
                log.feed(piece, len(piece))
        told.append(log.events)
    assert all(events == told[0] for events in told), 'the size of the pieces makes no difference'
    return told[0]


class Held(Log):
    """A Log that holds after each message, until `go_on`; what it has meanwhile is one message at most."""

    def on_text(self, text):
        Log.on_text(self, text)
        assert not self.stopped
        self.hold()

    def on_binary(self, data):
        Log.on_binary(self, data)
        assert not self.stopped
        self.hold()

    def go_on(self):
        while self.stopped and not self.over:
            self.release()
            self.feed(b'', 0)


def decode_held(data, masked=True, **options):
    """What a decoder tells about `data` that holds after each message: one that never goes on before the end of the
    data, and one that goes on after each piece, tell the same."""
    told = []
    for size in sizes(data):
        patient, prompt = Held(masked, **options), Held(masked, **options)
        for i in range(0, len(data), size):
            patient.feed(data[i : i + size], len(data[i : i + size]))
            prompt.feed(data[i : i + size], len(data[i : i + size]))
            prompt.go_on()
        patient.go_on()
        told += [patient.events, prompt.events]
    assert all(events == told[0] for events in told)
    return told[0]


def client(opcode, payload=b'', first=FIN):
    """A client's frame."""
    return masked_frame(opcode, payload, KEY, first)


# -- section 5.7, "Examples" ---------------------------------------------------------------------------------------


@pytest.mark.parametrize('frames, masked, events', [
    ('81 05 48 65 6c 6c 6f', False, ['Hello']),
    ('81 85 37 fa 21 3d 7f 9f 4d 51 58', True, ['Hello']),
    ('01 03 48 65 6c 80 02 6c 6f', False, ['Hello']),
    ('89 05 48 65 6c 6c 6f', False, [(PING, b'Hello')]),
    ('8a 85 37 fa 21 3d 7f 9f 4d 51 58', True, [(PONG, b'Hello')]),
    ('82 7e 01 00' + ' 00' * 256, False, [bytes(256)]),
    ('82 7f 00 00 00 00 00 01 00 00' + ' 00' * 65536, False, [bytes(65536)]),
])  # fmt: skip
def test_examples_of_the_rfc(frames, masked, events):
    assert decode(bytes.fromhex(frames), masked) == events


def test_frames_are_written_as_in_the_examples_of_the_rfc():
    assert frame(TEXT, b'Hello') == text_frame(b'Hello') == bytes.fromhex('810548656c6c6f')
    assert masked_frame(TEXT, b'Hello', KEY) == bytes.fromhex('818537fa213d7f9f4d5158')
    assert frame(TEXT, b'Hel', 0) + frame(CONTINUATION, b'lo') == bytes.fromhex('010348656c80026c6f')
    assert frame(PING, b'Hello') == bytes.fromhex('890548656c6c6f')
    assert frame(BINARY, bytes(256)) == bytes.fromhex('827e0100') + bytes(256)
    assert frame(BINARY, bytes(65536)) == bytes.fromhex('827f0000000000010000') + bytes(65536)


# -- messages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('n', [0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 4095, 4096, 4097, 8193, 65535, 65536, BIG])
@pytest.mark.parametrize('masked', [True, False])
def test_messages_of_every_form_of_length(n, masked):
    payload = (bytes(range(256)) * (n // 256 + 1))[:n]
    text = ('aé€😀' * n).encode()[:n].decode(errors='ignore')
    write = client if masked else frame
    data = write(BINARY, payload) + write(TEXT, text.encode()) + write(BINARY, b'next')
    assert decode(data, masked) == [payload, text, b'next']


@pytest.mark.parametrize('n, head', [
    (0, '8100'), (125, '817d'), (126, '817e007e'), (65535, '817effff'), (65536, '817f0000000000010000'),
])  # fmt: skip
def test_length_is_written_in_its_shortest_form(n, head):
    payload = b'x' * n
    assert frame(TEXT, payload) == text_frame(payload) == bytes.fromhex(head) + payload


@pytest.mark.parametrize('masked', [True, False])
def test_decoder_that_is_held_after_each_message_tells_the_same(masked):
    write = client if masked else frame
    parts = [
        write(TEXT, b'one'), write(PING, b'p'), write(BINARY, b'two'), write(TEXT, b'th', 0), write(PING, b''),
        write(CONTINUATION, b'ree'), write(BINARY, bytes(150)), write(TEXT, b''), write(CLOSE, b'\x03\xe8'),
    ]  # fmt: skip
    data = b''.join(parts)
    assert decode_held(data, masked) == decode(data, masked)
    broken = data + frame(3, b'', FIN)
    assert decode_held(broken, masked) == decode(broken, masked)


def test_held_decoder_tells_nothing_and_stops_for_good_when_it_is_told_to():
    log = Held()
    log.feed(client(TEXT, b'a') + client(TEXT, b'b'), len(client(TEXT, b'a')) * 2)
    log.feed(client(PING), len(client(PING)))
    assert log.events == ['a']
    log.stop()
    log.release()
    log.feed(client(TEXT, b'c'), len(client(TEXT, b'c')))
    assert log.events == ['a']


def test_decoder_may_be_held_in_the_middle_of_a_frame():
    data, log = client(BINARY, bytes(1000)), Log()
    log.feed(data[:500], 500)
    log.hold()
    log.feed(data[500:], len(data) - 500)
    assert log.events == []
    log.release()
    log.feed(b'', 0)
    assert log.events == [bytes(1000)]


def test_fragments_make_one_message():
    data = client(TEXT, b'a', 0) + client(CONTINUATION, b'', 0) + client(CONTINUATION, b'bc', 0)
    assert decode(data + client(CONTINUATION, b'd') + client(TEXT, b'next')) == ['abcd', 'next']
    data = client(BINARY, b'', 0) + client(CONTINUATION, b'\x00\xff', 0) + client(CONTINUATION)
    assert decode(data) == [b'\x00\xff']


def test_control_frames_come_through_between_fragments():
    data = (
        client(TEXT, b'a', 0) + client(PING, b'1') + client(CONTINUATION, b'b', 0)
        + client(PONG, b'') + client(PING, b'2') + client(CONTINUATION, b'c')
    )  # fmt: skip
    assert decode(data) == [(PING, b'1'), (PONG, b''), (PING, b'2'), 'abc']


def test_character_may_be_cut_between_fragments():
    whole = 'aé€😀\U0010ffff'.encode()
    for cut in range(len(whole) + 1):
        for second in range(cut, len(whole) + 1):
            data = (
                client(TEXT, whole[:cut], 0) + client(PING) + client(CONTINUATION, whole[cut:second], 0)
                + client(CONTINUATION, whole[second:])
            )  # fmt: skip
            log = Log()
            log.feed(data, len(data))
            assert log.events == [(PING, b''), 'aé€😀\U0010ffff']


def test_fragments_of_fragments():
    text = 'é€😀' * 50
    data = b''.join(client(CONTINUATION, text.encode()[i : i + 1], 0) for i in range(1, len(text.encode())))
    assert decode(client(TEXT, text.encode()[:1], 0) + data + client(CONTINUATION)) == [text]


@pytest.mark.parametrize('n', [0, 1, 125])
def test_control_frame_has_up_to_125_bytes(n):
    assert decode(client(PING, b'x' * n)) == [(PING, b'x' * n)]


# -- violations ----------------------------------------------------------------------------------------------------

TOO_LONG = masked_frame(PING, b'x' * 126, KEY)

VIOLATIONS = [
    ('a frame of a client that is not masked', frame(TEXT, b'Hello'), 'ws.mask', 1002),
    ('an empty frame that is not masked', frame(TEXT, b''), 'ws.mask', 1002),
    ('RSV1', client(TEXT, b'a', FIN | 0x40), 'ws.rsv_set', 1002),
    ('RSV2', client(TEXT, b'a', FIN | 0x20), 'ws.rsv_set', 1002),
    ('RSV3', client(TEXT, b'a', FIN | 0x10), 'ws.rsv_set', 1002),
    ('all reserved bits', client(BINARY, b'a', FIN | 0x70), 'ws.rsv_set', 1002),
    ('RSV1 of a ping', client(PING, b'', FIN | 0x40), 'ws.rsv_set', 1002),
    ('RSV1 of a continuation', client(TEXT, b'a', 0) + client(CONTINUATION, b'a', FIN | 0x40), 'ws.rsv_set', 1002),
    *((f'opcode {n}', client(n, b'a'), 'ws.opcode', 1002) for n in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
    *((f'fragmented opcode {n}', client(n, b'a', 0), 'ws.control', 1002) for n in (CLOSE, PING, PONG)),
    ('a ping of 126 bytes', TOO_LONG, 'ws.control', 1002),
    ('a ping whose length has 8 bytes', client(PING, bytes(BIG)), 'ws.control', 1002),
    ('a continuation of nothing', client(CONTINUATION, b'a'), 'ws.fragment', 1002),
    ('a first fragment that continues nothing', client(CONTINUATION, b'a', 0), 'ws.fragment', 1002),
    ('a message within a message', client(TEXT, b'a', 0) + client(TEXT, b'b'), 'ws.fragment', 1002),
    ('another kind within a message', client(TEXT, b'a', 0) + client(BINARY, b'b', 0), 'ws.fragment', 1002),
    ('a continuation after the end',
     client(TEXT, b'a', 0) + client(CONTINUATION, b'b') + client(CONTINUATION, b'c'), 'ws.fragment', 1002),
    ('a length of 125 in two bytes', bytes.fromhex('81fe007d') + KEY + b'x' * 125, 'ws.length', 1002),
    ('a length of 0 in two bytes', bytes.fromhex('81fe0000') + KEY, 'ws.length', 1002),
    ('a length of 65535 in eight bytes', bytes.fromhex('82ff000000000000ffff') + KEY, 'ws.length', 1002),
    ('a length with its highest bit set', bytes.fromhex('82ff8000000000000001') + KEY, 'ws.length', 1002),
    ('text that is not UTF-8', client(TEXT, b'a\xff'), 'ws.utf8', 1007),
    ('text that ends within a character', client(TEXT, b'a\xe2\x82'), 'ws.utf8', 1007),
    ('an overlong form', client(TEXT, b'\xc0\xaf'), 'ws.utf8', 1007),
    ('a surrogate', client(TEXT, b'\xed\xa0\x80'), 'ws.utf8', 1007),
    ('a character beyond Unicode', client(TEXT, b'\xf4\x90\x80\x80'), 'ws.utf8', 1007),
    ('fragments that end within a character',
     client(TEXT, b'a', 0) + client(CONTINUATION, b'\xe2\x82'), 'ws.utf8', 1007),
]  # fmt: skip


@pytest.mark.parametrize('data, code, status', [case[1:] for case in VIOLATIONS], ids=[case[0] for case in VIOLATIONS])
def test_violation_is_told_once_with_its_close_code_and_nothing_follows(data, code, status):
    before = client(TEXT, b'before')
    events = decode(before + data + client(TEXT, b'after'))
    texts = [event for event in events if type(event) is str]
    assert events[0] == 'before' and events[-1] == (code, status)
    assert 'after' not in texts and events.count((code, status)) == 1


def test_server_that_masks_is_a_violation():
    assert decode(client(TEXT, b'Hello'), masked=False) == [('ws.mask', 1002)]


def test_violation_is_told_as_soon_as_the_head_shows_it():
    for data in (frame(TEXT, b'Hello')[:2], client(3)[:2], client(TEXT, b'', FIN | 0x20)[:2], TOO_LONG[:2]):
        log = Log()
        log.feed(data, len(data))
        assert len(log.events) == 1


BROKEN_TEXT = [
    b'\xff', b'\xc0', b'\xc1', b'\xf5', b'\xe0\x9f', b'\xed\xa0', b'\xf0\x8f', b'\xf4\x90', b'\xe2\x28', b'\x80',
]  # fmt: skip


@pytest.mark.parametrize('broken', BROKEN_TEXT)
@pytest.mark.parametrize('cut', [0, 1])
def test_text_fails_at_the_first_fragment_that_no_continuation_can_mend(broken, cut):
    start = 'é€'.encode() + broken
    data = client(TEXT, start[: len(start) - cut], 0) + (client(CONTINUATION, start[-cut:], 0) if cut else b'')
    assert decode(data) == [('ws.utf8', 1007)]


@pytest.mark.parametrize('beginning', [b'\xc2', b'\xe0', b'\xe0\xa0', b'\xed\x9f', b'\xf0\x90\x80', b'\xf4\x8f\xbf'])
def test_text_that_may_still_be_right_is_waited_for(beginning):
    assert decode(client(TEXT, beginning, 0)) == []


def test_nothing_is_read_after_stop():
    class StopAtFirst(Log):
        def on_text(self, text):
            Log.on_text(self, text)
            self.stop()

    log = StopAtFirst()
    data = client(TEXT, b'a') + client(TEXT, b'b') + client(PING)
    log.feed(data, len(data))
    log.feed(data, len(data))
    assert log.events == ['a'] and log.stopped


# -- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('limit', [1, 10, 124, 125, 126, 65535, 65536])
def test_message_at_the_limit_is_read_and_one_above_is_not(limit):
    at, above = b'x' * limit, b'x' * (limit + 1)
    assert decode(client(BINARY, at), max_message=limit) == [at]
    assert decode(client(BINARY, above), max_message=limit) == [('ws.too_big', 1009)]
    assert decode(client(TEXT, above), max_message=limit) == [('ws.too_big', 1009)]


def test_limit_holds_for_all_fragments_together():
    fragments = client(TEXT, b'x' * 6, 0) + client(CONTINUATION, b'y' * 4, 0)
    assert decode(fragments + client(CONTINUATION), max_message=10) == ['x' * 6 + 'y' * 4]
    assert decode(fragments + client(CONTINUATION, b'z'), max_message=10) == [('ws.too_big', 1009)]


def test_limit_is_told_by_the_head_before_the_payload_comes():
    log = Log(max_message=1000)
    head = bytes.fromhex('82ff00000000ffffffff') + KEY
    log.feed(head, len(head))
    assert log.events == [('ws.too_big', 1009)]


def test_limit_starts_anew_with_each_message():
    data = client(TEXT, b'x' * 6, 0) + client(CONTINUATION, b'y' * 4)
    assert decode(data * 3, max_message=10) == ['x' * 6 + 'y' * 4] * 3


def test_control_frames_do_not_count():
    data = client(TEXT, b'x' * 10, 0) + client(PING, b'p' * 125) + client(CONTINUATION)
    assert decode(data, max_message=10) == [(PING, b'p' * 125), 'x' * 10]


def test_error_names_the_setting_that_helps():
    log = Log(max_message=10)
    errors = []
    log.on_violation = errors.append
    log.feed(client(BINARY, bytes(11)), 17)
    assert (errors[0].seen, errors[0].expected, errors[0].setting) == (11, 10, 'max_message')


# -- extensions ----------------------------------------------------------------------------------------------------


def test_rsv1_of_the_first_frame_means_inflate_the_whole_message():
    inflated = []

    def inflate(data, most, setting):
        inflated.append((data, most))
        return data.upper()

    data = client(TEXT, b'ab', 0x40) + client(PING) + client(CONTINUATION, b'cd') + client(TEXT, b'plain')
    assert decode(data, inflate=inflate, max_message=1000) == [(PING, b''), 'ABCD', 'plain']
    assert set(inflated) == {(b'abcd', 1000)}
    assert decode(client(BINARY, b'ab', FIN | 0x40), inflate=inflate) == [b'AB']


def test_inflated_text_must_be_utf8():
    assert decode(client(TEXT, b'x', FIN | 0x40), inflate=lambda data, most, setting: b'\xff') == [('ws.utf8', 1007)]


# -- close frames --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('code', [*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999])
def test_close_codes_that_may_be_sent(code):
    payload = code.to_bytes(2, 'big')
    assert parse_close(payload + 'wegen é'.encode()) == (code, 'wegen é')
    assert close_payload(code) == payload
    assert parse_close(close_payload(code, 'why')) == (code, 'why')


@pytest.mark.parametrize('code', [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_close_codes_that_may_not_be_sent(code):
    with pytest.raises(ProtocolError) as caught:
        parse_close(code.to_bytes(2, 'big') + b'why')
    assert (caught.value.code, caught.value.status, caught.value.seen) == ('ws.close_code', 1002, code)


def test_close_frame_may_be_empty_but_not_of_one_byte():
    assert parse_close(b'') == (NO_STATUS, '')
    assert close_payload(NO_STATUS, 'ignored') == b''
    with pytest.raises(ProtocolError, match='ws.close_code'):
        parse_close(b'\x03')


@pytest.mark.parametrize('reason', [b'\xff', b'\xe2\x82', b'\xed\xa0\x80'])
def test_reason_that_is_not_utf8_is_a_violation(reason):
    with pytest.raises(ProtocolError) as caught:
        parse_close(b'\x03\xe8' + reason)
    assert (caught.value.code, caught.value.status) == ('ws.utf8', 1007)


@given(st.text(st.characters(exclude_categories=['Cs']), max_size=200))
def test_long_reason_is_cut_between_characters(reason):
    payload = close_payload(1000, reason)
    assert len(payload) <= 125
    code, read = parse_close(payload)
    assert code == 1000 and reason.startswith(read)
    assert read == reason or len(payload) > 125 - 4


@pytest.mark.parametrize('character', ['a', 'é', '€', '😀'])
@pytest.mark.parametrize('start', range(4))
def test_reason_is_cut_at_the_last_character_that_fits(character, start):
    text = 'x' * start + character * 125
    payload = close_payload(1001, text)
    width = len(character.encode())
    assert len(payload) == 2 + start + (123 - start) // width * width


# -- the websockets package at the far end -------------------------------------------------------------------------

opcodes = st.sampled_from([TEXT, BINARY])
payloads = st.binary(max_size=300) | st.integers(4090, 4100).map(bytes) | st.integers(65530, 65540).map(bytes)
keys = st.binary(min_size=4, max_size=4)


@given(opcodes, payloads, st.booleans())
def test_websockets_reads_our_frames(opcode, payload, fin):
    peer = Protocol(CLIENT, max_size=None)
    peer.receive_data(frame(opcode, payload, FIN if fin else 0))
    (event,) = peer.events_received()
    assert (event.opcode, event.data, event.fin) == (opcode, payload, fin)


@given(opcodes, payloads, keys)
def test_websockets_reads_our_masked_frames(opcode, payload, key):
    peer = Protocol(SERVER, max_size=None)
    peer.receive_data(masked_frame(opcode, payload, key))
    (event,) = peer.events_received()
    assert (event.opcode, event.data) == (opcode, payload)


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 400))
def test_we_read_the_frames_of_websockets(messages, size):
    data = b''.join(Frame(Opcode.BINARY, message).serialize(mask=True) for message in messages)
    log = Log()
    for i in range(0, len(data), size):
        log.feed(data[i : i + size], len(data[i : i + size]))
    assert log.events == messages


@given(st.text(max_size=100), st.integers(1, 5))
def test_we_read_fragments_of_websockets(text, pieces):
    data = text.encode()
    step = len(data) // pieces + 1
    parts = [data[i : i + step] for i in range(0, len(data), step)] or [b'']
    frames = [Frame(Opcode.CONT if i else Opcode.TEXT, part, fin=i == len(parts) - 1) for i, part in enumerate(parts)]
    wire = b''.join(each.serialize(mask=True) for each in frames)
    log = Log()
    log.feed(wire, len(wire))
    assert log.events == [text]


def test_websockets_reads_our_close_frame():
    peer = Protocol(CLIENT)
    peer.receive_data(frame(CLOSE, close_payload(codec.GOING_AWAY, 'bis später')))
    peer.events_received()
    assert (peer.close_rcvd.code, peer.close_rcvd.reason) == (CloseCode.GOING_AWAY, 'bis später')


@given(st.binary(max_size=60), st.integers(1, 60), st.booleans())
def test_whatever_comes_is_told_by_the_calls_and_by_no_exception(data, size, masked):
    log = Log(masked, max_message=1000)
    for i in range(0, len(data), size):
        log.feed(data[i : i + size], len(data[i : i + size]))


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=20)), max_size=6))
def test_whatever_frames_come_are_judged_the_same_in_pieces_of_every_size(frames):
    data = b''.join(masked_frame(first & 15, payload, KEY, first & 0xF0) for first, payload in frames) or b'\x81'
    assert decode_held(data) == decode(data)
