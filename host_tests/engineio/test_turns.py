"""POSTs of many packets: these take turns with everybody else, and lose nothing and no place by it."""

import pytest

from edgeio import iosched
from edgeio.engineio.codec import MAX_PACKETS
from host_tests.http.wire import Wire
from host_tests.looping import Polling, during, settle, turn_until
from host_tests.work import Flood, Posting, Work, payload, told_once

NUMBERS = [str(n) for n in range(MAX_PACKETS)]
PACKETS = ['4' + number for number in NUMBERS]
BINARY = {'Content-Type': 'application/octet-stream'}

revisions = pytest.mark.parametrize('revision', [4, 3])


class Seen(list):
    """The messages of a session, in order. at_first: called with the first, with the rest of its POST to come."""

    def __init__(self, engine):
        list.__init__(self)
        self.at_first = []
        engine.on('connection', lambda session: session.on('message', self._add))

    def _add(self, data):
        self.append(data)
        while self.at_first:
            self.at_first.pop()()

    def until(self, count):
        turn_until(lambda: len(self) >= count, f'{count} messages')


def open_polling(engine, revision=4):
    return during(lambda: Polling(engine.port, eio=revision))


def post(polling, packets, revision=4):
    return Posting(polling.port, polling.url, payload(packets, revision))


def post_bytes(polling, packets):
    """The bytes of a POST."""
    body = payload(packets)
    head = f'POST {polling.url} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}'
    return f'{head}\r\n\r\n{body}'.encode()


def open_other(engine, polling):
    """A WebSocket with the session's sid that has not probed."""
    client = Flood(engine.port, f'/engine.io/?EIO=4&transport=websocket&sid={polling.sid}')
    client.until(b'101')
    return client


# -- turns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('form', [4, 3, 'binary'])
def test_other_clients_are_served_between_the_packets_of_one_post(serve, form):
    served = []
    engine = serve(http={'handler': lambda req, res: served.append(len(seen)) or res.end('hello')})
    seen = Seen(engine)
    polling = open_polling(engine, 4 if form == 4 else 3)
    with Wire(engine.port) as other:
        seen.at_first.append(lambda: other.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
        if form == 'binary':
            body = b''.join(b'\x00' + bytes([int(c) for c in str(len(p))]) + b'\xff' + p.encode() for p in PACKETS)
            answer = during(lambda: polling.post(body, BINARY))
        else:
            answer = during(lambda: polling.post(payload(PACKETS, form)))
        assert (answer.status, answer.text) == (200, 'ok')
        assert seen == NUMBERS
        assert 0 < served[0] < MAX_PACKETS / 4
        assert during(other.response)[0] == 200


def test_packets_of_one_post_are_decoded_in_their_turn(serve):
    engine = serve()
    seen = Seen(engine)
    polling = open_polling(engine)
    answer = during(lambda: polling.post(payload([*PACKETS[:5000], 'no packet'])))
    assert answer.status == 400
    assert seen == NUMBERS[:5000]
    assert engine.ends == ['parse error']


def test_large_packets_take_turns_by_their_bytes(serve):
    engine = serve()
    seen = Seen(engine)
    turns = []
    polling = open_polling(engine)
    seen.at_first.append(lambda: iosched.set_immediate(lambda: turns.append(len(seen))))
    assert during(lambda: polling.post(payload(['4' + 'x' * 10000] * 20))).status == 200
    assert len(seen) == 20
    assert turns[0] < 5


def test_clients_that_post_many_packets_take_turns_with_each_other(serve):
    engine = serve()
    seen = Seen(engine)
    first, second = open_polling(engine), open_polling(engine)
    with Wire(engine.port) as other:
        seen.at_first.append(lambda: other.send(post_bytes(second, PACKETS[:8000])))
        assert post(first, ['4first'] * MAX_PACKETS).wait() == (200, 'ok')
        assert during(other.response)[0] == 200
    assert len(seen) == MAX_PACKETS + 8000
    assert [message for message in seen if message != 'first'] == NUMBERS[:8000]
    assert seen[-1] == 'first'  # the second one, with half as many, has not waited for its end


# -- order ---------------------------------------------------------------------------------------------------------


@revisions
def test_next_post_comes_behind_the_one_that_took_turns(serve, revision):
    engine = serve()
    seen = Seen(engine)
    polling = open_polling(engine, revision)
    for start in range(0, MAX_PACKETS, 4096):
        assert post(polling, PACKETS[start : start + 4096], revision).wait() == (200, 'ok')
        assert len(seen) == start + 4096  # it is answered when all are taken
    assert seen == NUMBERS


def test_websocket_that_takes_over_in_between_comes_behind_the_post(serve):
    engine = serve()
    seen, transports = Seen(engine), set()
    engine.on('connection', lambda s: s.on('message', lambda data: transports.add(s.transport.name)))
    polling = open_polling(engine)
    client = open_other(engine, polling)
    client.say('2probe')
    client.until(b'3probe')
    seen.at_first.append(lambda: client.say('5', '4after', '4the', '4post'))
    posting = post(polling, PACKETS)
    seen.until(MAX_PACKETS + 3)
    assert posting.wait() == (200, 'ok')
    assert seen == [*NUMBERS, 'after', 'the', 'post']
    assert transports == {'polling', 'websocket'}
    client.say('4more')
    seen.until(MAX_PACKETS + 4)
    client.socket.close()


def test_post_that_takes_turns_is_answered_before_its_end_once_a_websocket_probes(serve):
    engine = serve()
    seen, answered = Seen(engine), []
    polling = open_polling(engine)
    client = open_other(engine, polling)
    engine.seen[0][0].on('upgrading', lambda ws: answered.append(len(seen)))
    seen.at_first.append(lambda: client.say('2probe', '5', '4after'))
    posting = post(polling, PACKETS)
    assert posting.wait() == (200, 'ok')
    seen.until(MAX_PACKETS + 1)
    assert answered[0] < MAX_PACKETS
    assert seen == [*NUMBERS, 'after']
    client.socket.close()


def test_second_post_while_a_websocket_probes_comes_behind_the_first(serve):
    engine = serve()
    seen = Seen(engine)
    polling = open_polling(engine)
    client = open_other(engine, polling)
    client.say('2probe')
    client.until(b'3probe')
    half = MAX_PACKETS // 2
    first = post(polling, PACKETS[:half])
    turn_until(lambda: first.answer, 'the answer that is early')
    second = post(polling, PACKETS[half:])
    client.say('2probe')
    assert (first.wait(), second.wait()) == ((200, 'ok'), (200, 'ok'))
    client.say('5', '4after')
    seen.until(MAX_PACKETS + 1)
    assert seen == [*NUMBERS, 'after']
    client.socket.close()


# -- handlers that take their time ---------------------------------------------------------------------------------


def test_session_that_is_held_while_its_post_waits_for_its_turn_goes_on_where_it_was(serve, reports):
    engine, work = serve(max_running_handlers=2), Work()
    seen = Seen(engine)
    engine.on('connection', lambda session: session.on('work', work.handle))
    polling = open_polling(engine)
    session = engine.seen[0][0]
    seen.at_first.append(lambda: iosched.set_immediate(lambda: [session.emit('work', n) for n in range(2)]))
    posting = post(polling, PACKETS)
    work.until_held(2)
    taken = len(seen)
    assert taken < MAX_PACKETS
    settle()
    assert len(seen) == taken and posting.answer is None
    work.finish()
    assert posting.wait() == (200, 'ok')
    assert seen == NUMBERS
    assert told_once(reports)


def test_session_that_is_released_at_other_times_too_takes_its_post_no_faster_after_that(serve):
    engine = serve()
    seen, turns = Seen(engine), []
    polling = open_polling(engine)
    session = engine.seen[0][0]

    def count():
        turns.append(len(seen))
        if len(turns) < 6:
            iosched.set_immediate(count)

    def release():
        for _ in range(3):
            session.release()
        count()

    seen.at_first.append(lambda: iosched.set_immediate(release))
    assert post(polling, PACKETS).wait() == (200, 'ok')
    assert seen == NUMBERS
    assert [b - a < 2000 for a, b in zip(turns, turns[1:])] == [True] * 5


# -- the end -------------------------------------------------------------------------------------------------------


def test_close_packet_in_its_turn_drops_what_follows(serve):
    engine = serve()
    seen = Seen(engine)
    answer = post(open_polling(engine), [*PACKETS[:5000], '1', *PACKETS[5000:]][:MAX_PACKETS]).wait()
    assert answer == (200, 'ok')
    assert seen == NUMBERS[:5000]
    assert engine.ends == ['transport close']


@pytest.mark.parametrize('discard', [True, False])
def test_session_that_the_app_closes_in_between_answers_its_post_and_takes_no_more(serve, discard):
    engine = serve()
    seen = Seen(engine)
    polling = open_polling(engine)
    session = engine.seen[0][0]
    seen.at_first.append(lambda: iosched.set_immediate(session.close, discard))
    posting = post(polling, PACKETS)
    assert posting.wait() == (200, 'ok')
    assert 0 < len(seen) < MAX_PACKETS / 4
    if not discard:
        assert during(polling.poll).text == '1'
    assert engine.ends == ['forced close']
    settle()


def test_second_post_in_between_is_an_error_and_both_are_answered(serve):
    engine = serve()
    seen = Seen(engine)
    polling = open_polling(engine)
    with Wire(engine.port) as other:
        seen.at_first.append(lambda: other.send(post_bytes(polling, ['4again'])))
        assert post(polling, PACKETS).wait() == (200, 'ok')
        assert during(other.response)[0] == 400
    assert engine.ends == ['transport error']
    assert seen == NUMBERS[: len(seen)] and len(seen) < MAX_PACKETS / 4


def test_client_that_goes_after_its_post_loses_none_of_it(serve):
    engine = serve()
    seen = Seen(engine)
    polling = open_polling(engine)
    with Wire(engine.port) as gone:
        seen.at_first.append(gone.sock.close)
        during(gone.send, post_bytes(polling, PACKETS))
        seen.until(MAX_PACKETS)
    assert seen == NUMBERS
    assert post(polling, ['4more']).wait() == (200, 'ok')
    assert seen[-1] == 'more'


def test_server_that_closes_in_between_answers_the_post(serve):
    engine = serve()
    seen = Seen(engine)
    polling = open_polling(engine)
    seen.at_first.append(lambda: iosched.set_immediate(engine.close))
    assert post(polling, PACKETS).wait() == (200, 'ok')
    assert engine.ends == ['forced close']
    assert len(seen) < MAX_PACKETS / 4
