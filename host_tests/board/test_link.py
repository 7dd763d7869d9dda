"""The link between board and desktop, over lines that lose, double, delay and change what they carry."""

import random

import pytest

from board import framing, link, window
from host_tests.board.lines import Line, Pair

KEY = bytes(range(32))
NOISY = {'drop': 0.03, 'double': 0.03, 'delay': 0.05, 'damage': 0.05}


def make_pair(seed=1, key=KEY, **faults):
    draw = random.Random(seed)
    desktop = link.Link(key, initiator=True, random=draw.randbytes)
    board = link.Link(KEY, random=draw.randbytes)
    pair = Pair(desktop, board, Line(seed, **faults), Line(seed + 1000, **faults))
    desktop.open(0)
    return pair


def opened(seed=1, **faults):
    pair = make_pair(seed, **faults)
    pair.until(lambda: pair.desktop.state == 'open')
    return pair


def take_all(end):
    out = []
    while True:
        message = end.take()
        if message is None:
            return out
        out.append(message)


# -- frames ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'body',
    [b'\0', b'\1', b'\0\0\0', b'a' * 253, b'a' * 254, b'a' * 255, b'a' * 254 + b'\0', b'\0' + b'b' * 508, bytes(1000)],
)
def test_frame_comes_back_and_has_no_zero_inside(body):
    frame = framing.encode_frame(body)
    assert frame.count(0) == 1 and frame[-1] == 0
    assert framing.FrameReader().feed(frame) == [body]


def test_frame_of_one_byte_has_these_bytes():
    # CRC-32 of "A" is d3d99e8b: seven bytes with the length of the only block before them.
    assert framing.encode_frame(b'A') == bytes.fromhex('06 41 d3d99e8b 00')


@pytest.mark.parametrize('size', [1, 2, 3, 7, 64])
def test_frames_are_read_at_every_chunk_size(size):
    bodies = [bytes([n]) * (n * 37) for n in range(1, 20)]
    stream = b''.join(map(framing.encode_frame, bodies))
    reader = framing.FrameReader()
    found = []
    for start in range(0, len(stream), size):
        found += reader.feed(stream[start : start + size])
    assert found == bodies and reader.damaged == 0


def test_every_changed_byte_is_noticed_and_the_next_frame_is_read():
    body, after = bytes(range(100)), b'after'
    frame = framing.encode_frame(body)
    for place in range(len(frame) - 1):
        damaged = bytearray(frame)
        damaged[place] ^= 0x55
        found = framing.FrameReader().feed(bytes(damaged) + framing.encode_frame(after))
        assert found == [after]


def test_noise_without_end_takes_no_memory():
    reader = framing.FrameReader()
    for _ in range(100):
        reader.feed(b'x' * 1000)
    assert len(reader._rest) <= framing._MAX_FRAME
    assert reader.feed(b'x\0' + framing.encode_frame(b'body')) == [b'body']
    assert reader.damaged == 1


# -- sessions ----------------------------------------------------------------------------------------------------


def test_both_ends_open_and_exchange_messages():
    pair = opened()
    pair.desktop.send({'do': 'info', 'data': b'\0\1', 'list': [1, 2.5, None, True]})
    pair.until(lambda: pair.board.receiver.untaken)
    assert take_all(pair.board) == [{'do': 'info', 'data': b'\0\1', 'list': [1, 2.5, None, True]}]
    pair.board.send('answer')
    pair.until(lambda: pair.desktop.receiver.untaken)
    assert take_all(pair.desktop) == ['answer']


@pytest.mark.parametrize('seed', range(12))
def test_messages_arrive_whole_once_and_in_order_over_a_bad_line(seed):
    pair = opened(seed, **NOISY)
    draw = random.Random(seed)
    there = [[n, draw.randbytes(draw.randrange(3000))] for n in range(60)]
    back = [[n, draw.randbytes(draw.randrange(300))] for n in range(60)]
    for message in there:
        pair.desktop.send(message)
    for message in back:
        pair.board.send(message)
    at_board, at_desktop = [], []

    def done():
        at_board.extend(take_all(pair.board))
        at_desktop.extend(take_all(pair.desktop))
        return len(at_board) == len(there) and len(at_desktop) == len(back)

    pair.until(done)
    assert at_board == there and at_desktop == back
    assert pair.board.frames.damaged + pair.desktop.frames.damaged > 0
    assert pair.desktop.sender.resent > 0


def test_clean_line_needs_no_resending():
    pair = opened()
    for n in range(40):
        pair.desktop.send(bytes([n]) * 2000)
    taken = []
    pair.until(lambda: taken.extend(take_all(pair.board)) or len(taken) == 40)
    assert pair.desktop.sender.resent == 0


def test_slow_line_learns_to_wait_for_answers():
    pair = opened(baud=2400)
    for n in range(12):
        pair.desktop.send(bytes([n]) * 5000)
    taken = []
    pair.until(lambda: taken.extend(take_all(pair.board)) or len(taken) == 12)
    assert pair.desktop.sender.resent < 40  # of 120


def test_receiver_that_takes_nothing_holds_the_sender_back_and_gets_everything_later():
    pair = opened()
    for n in range(200):
        pair.desktop.send([n, bytes(400)])
    pair.run(8000)
    assert pair.board.receiver.untaken <= window.WINDOW
    assert pair.desktop.queued >= 200 - window.WINDOW
    taken = []
    pair.until(lambda: taken.extend(take_all(pair.board)) or len(taken) == 200)
    assert [n for n, _ in taken] == list(range(200))


def test_lost_promise_of_room_is_asked_for_again():
    pair = opened()
    for n in range(100):
        pair.desktop.send([n, bytes(400)])
    pair.until(lambda: pair.desktop.sender.stuck)
    pair.back.cut = True
    taken = take_all(pair.board)
    pair.run(500)
    pair.back.cut = False
    pair.until(lambda: taken.extend(take_all(pair.board)) or len(taken) == 100)


def test_message_longer_than_the_window_arrives():
    pair = opened()
    message = random.Random(5).randbytes(window.WINDOW * link.FRAGMENT * 2)
    pair.desktop.send(message)
    pair.until(lambda: pair.board.receiver.untaken)
    assert take_all(pair.board) == [message]


def test_message_beyond_the_limit_is_refused_at_the_call():
    pair = opened()
    with pytest.raises(link.LinkError, match='link.message_size'):
        pair.desktop.send(bytes(link.MAX_MESSAGE + 1))


def test_cut_line_ends_both_sessions_and_a_new_one_opens():
    pair = opened()
    pair.there.cut = pair.back.cut = True
    pair.desktop.send('lost')
    pair.until(lambda: pair.desktop.state == 'closed' and pair.board.state == 'closed')
    assert pair.desktop.reason == 'silence'
    pair.there.cut = pair.back.cut = False
    pair.desktop.open(pair.now)
    pair.until(lambda: pair.desktop.state == pair.board.state == 'open')
    pair.desktop.send('found')
    pair.until(lambda: pair.board.receiver.untaken)
    assert take_all(pair.board) == ['found']


def test_idle_session_stays_open():
    pair = opened()
    pair.run(10 * link.SILENCE)
    assert pair.desktop.state == pair.board.state == 'open'


def test_closing_tells_the_other_end_why():
    pair = opened()
    pair.desktop.close('done')
    pair.until(lambda: pair.board.state == 'closed')
    assert pair.board.reason == 'done'


def test_nobody_at_the_other_end_is_no_answer():
    pair = make_pair()
    pair.there.cut = True
    pair.until(lambda: pair.desktop.state == 'closed')
    assert pair.desktop.reason == 'no answer' and pair.now >= link.NO_ANSWER


# -- keys --------------------------------------------------------------------------------------------------------


def test_wrong_key_gets_nothing_but_a_delay():
    pair = make_pair(key=bytes(32))
    pair.until(lambda: pair.board.wrong_keys)
    heard = []
    receive = pair.desktop.receive
    pair.desktop.receive = lambda data, now: heard.append(data) or receive(data, now)
    pair.run(link.WRONG_KEY_DELAY - 100)
    assert heard == []
    pair.until(lambda: pair.desktop.state == 'closed')
    assert pair.desktop.reason == 'wrong key' and pair.board.state == 'idle'


def test_who_asks_and_reads_nothing_is_owed_one_answer_of_a_kind():
    board, asker = link.Link(KEY), link.Link(KEY, initiator=True)
    asker.open(0)
    hello = asker.transmit(0)
    board.receive(hello * 1000, 0)
    one = board.transmit(0)
    board.receive(hello, 0)
    assert board.transmit(0) == one
    asker.receive(one, 0)
    proof = asker.transmit(0)
    board.receive(proof * 1000, 0)
    assert board.state == 'open' and len(board.transmit(0)) <= len(one)


def test_right_key_is_let_in_after_the_delay():
    pair = make_pair(key=bytes(32))
    pair.until(lambda: pair.board.wrong_keys)
    pair.desktop = link.Link(KEY, initiator=True)
    pair.desktop.open(pair.now)
    pair.until(lambda: pair.desktop.state == 'open')


def test_wrong_key_does_not_end_the_session_of_the_right_one():
    pair = opened()
    intruder = link.Link(bytes(32), initiator=True)
    intruder.open(pair.now)
    for _ in range(5):
        pair.board.receive(intruder.transmit(pair.now), pair.now)
        intruder.receive(pair.board.transmit(pair.now), pair.now)
    assert pair.board.wrong_keys == 1
    pair.desktop.send('still here')
    pair.until(lambda: pair.board.receiver.untaken)
    assert take_all(pair.board) == ['still here']


def test_board_must_know_the_key_as_well():
    pair = make_pair()
    pair.board = link.Link(bytes(32))
    pair.until(lambda: pair.desktop.state == 'closed')
    assert pair.desktop.reason == 'wrong key'


def test_forged_changed_and_replayed_frames_change_nothing():
    pair = opened()
    pair.desktop.send('once')
    written = pair.desktop.transmit(pair.now)
    pair.board.receive(written, pair.now)
    pair.board.receive(written, pair.now)  # replayed
    assert take_all(pair.board) == ['once'] and pair.board.receiver.repeated == 1
    body = bytearray(framing.FrameReader().feed(written)[0])
    body[6] ^= 1
    pair.board.receive(framing.encode_frame(bytes(body)), pair.now)
    pair.board.receive(framing.encode_frame(bytes([link.CLOSE]) + b'bye' + bytes(link.TAG)), pair.now)
    assert pair.board.forged == 2 and pair.board.state == 'open'


def test_frames_of_one_direction_are_refused_in_the_other():
    pair = opened()
    pair.desktop.send('mine')
    written = pair.desktop.transmit(pair.now)
    pair.desktop.receive(written, pair.now)
    assert pair.desktop.forged == 1 and take_all(pair.desktop) == []


def test_session_recorded_and_played_again_opens_nothing():
    pair = opened(seed=3)
    recorded = link.Link(KEY, initiator=True, random=random.Random(3).randbytes)
    board = link.Link(KEY)
    recorded.open(0)
    board.receive(recorded.transmit(0), 0)
    pair.desktop.send('secret')
    board.receive(pair.desktop.transmit(pair.now), pair.now)
    assert board.state == 'idle' and board.take() is None


@pytest.mark.parametrize('seed', range(20))
def test_random_bytes_and_random_frames_harm_no_session(seed):
    pair = opened()
    draw = random.Random(seed)
    for _ in range(200):
        noise = draw.randbytes(draw.randrange(1, 80))
        pair.board.receive(noise, pair.now)
        pair.board.receive(framing.encode_frame(noise), pair.now)
        pair.desktop.receive(framing.encode_frame(bytes([draw.randrange(9)]) + noise), pair.now)
    pair.desktop.send('still here')
    pair.until(lambda: pair.board.receiver.untaken)
    assert take_all(pair.board) == ['still here']
