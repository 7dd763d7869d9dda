"""Streams over loopback: one system call a turn, limits, errors of the protocol above."""

import socket
import tracemalloc

import pytest

from edgeio import iosched
from edgeio.net import stream
from host_tests.looping import turn_until
from host_tests.net.wires import Recorder

pytestmark = pytest.mark.usefixtures('reports')


# -- reading -------------------------------------------------------------------------------------------------------


def test_input_is_fed_as_it_comes(wire):
    wire.peer.send(b'hello')
    turn_until(lambda: wire.protocol.data == b'hello')
    wire.peer.send(b' world')
    turn_until(lambda: wire.protocol.data == b'hello world')
    assert wire.told == []


def test_large_input_is_fed_whole_and_in_order(wire):
    data = bytes(range(256)) * 4000
    wire.peer.setblocking(False)
    sent = 0
    while sent < len(data):
        try:
            sent += wire.peer.send(data[sent:])
        except BlockingIOError:
            iosched.poll(1)
    turn_until(lambda: len(wire.protocol.data) == len(data))
    assert wire.protocol.data == data


def test_protocol_can_be_replaced_while_it_is_fed(wire):
    after = Recorder()

    class Before(Recorder):
        def feed(self, data, end):
            wire.stream.protocol = after
            after.feed(data, end)

    wire.stream.protocol = Before()
    wire.peer.send(b'x')
    turn_until(lambda: after.data)
    wire.peer.send(b'y')
    turn_until(lambda: after.data == b'xy')
    wire.stream.abort('done')
    assert after.told == [('close', 'done')] and wire.told == []


def test_paused_stream_reads_nothing_until_it_is_resumed(wire):
    wire.stream.pause()
    wire.peer.send(b'hello')
    for _ in range(3):
        iosched.poll(1)
    assert wire.protocol.data == b''
    wire.stream.resume()
    turn_until(lambda: wire.protocol.data == b'hello')


def test_paused_stream_still_writes(wire):
    wire.stream.pause()
    wire.stream.write(b'hello')
    assert wire.read(5) == b'hello'


def test_stream_paused_by_its_protocol_keeps_the_rest_for_later(wire):
    class Sip(Recorder):
        def feed(self, data, end):
            Recorder.feed(self, data, end)
            wire.stream.pause()

    sip = wire.stream.protocol = Sip()
    wire.peer.send(b'a')
    turn_until(lambda: sip.data == b'a')
    wire.peer.send(b'b')
    iosched.poll(1)
    assert sip.data == b'a'
    wire.stream.resume()
    turn_until(lambda: sip.data == b'ab')


def test_held_stream_reads_nothing_whatever_resume_says(wire):
    wire.stream.hold()
    wire.stream.pause()
    wire.stream.resume()
    wire.peer.send(b'hello')
    for _ in range(3):
        iosched.poll(1)
    assert wire.protocol.data == b''
    wire.stream.pause()
    wire.stream.release()
    for _ in range(3):
        iosched.poll(1)
    assert wire.protocol.data == b'', 'it is paused still'
    wire.stream.resume()
    turn_until(lambda: wire.protocol.data == b'hello')


def test_release_lets_the_protocol_go_on_first_which_may_hold_again(wire):
    fed = []

    class Kept(Recorder):
        def feed(self, data, end):
            fed.append(bytes(data[:end]))
            if len(fed) == 1:
                wire.stream.hold()

    wire.stream.protocol = Kept()
    wire.stream.release()
    assert fed == [], 'it was not held'
    wire.stream.hold()
    wire.peer.send(b'hello')
    wire.stream.release()
    for _ in range(3):
        iosched.poll(1)
    assert fed == [b''], 'it holds again'
    wire.stream.release()
    turn_until(lambda: fed == [b'', b'', b'hello'])


def test_exception_when_the_protocol_goes_on_ends_the_stream(wire, reports):
    def fail(data, end):
        raise ValueError('broken')

    wire.protocol.feed = fail
    wire.stream.hold()
    wire.stream.release()
    assert wire.stream.closed
    assert [str(exc) for exc, _ in reports] == ['broken']
    reports.clear()


def test_held_stream_learns_that_its_peer_is_gone(wire):
    wire.stream.hold()
    wire.reset()
    assert wire.close_reason() == 'transport close'


def test_exception_in_the_protocol_ends_that_stream_alone(make_wire, reports):
    bad, good = make_wire(), make_wire()

    def fail(data, end):
        raise ValueError('on purpose')

    bad.protocol.feed = fail
    bad.peer.send(b'x')
    good.peer.send(b'y')
    assert bad.close_reason() == 'internal error'
    turn_until(lambda: good.protocol.data == b'y')
    assert [(str(exc), where) for exc, where in reports] == [('on purpose', 'a protocol')]
    reports.clear()


@pytest.mark.parametrize('call, provoke', [
    ('on_eof', lambda wire: wire.peer.shutdown(socket.SHUT_WR)),
    ('on_drain', lambda wire: (wire.stream.write(bytes(20000)))),
])  # fmt: skip
def test_exception_in_another_call_of_the_protocol_ends_the_stream(call, provoke, make_wire, reports):
    wire = make_wire(limits=(10000, 100000))

    def fail():
        raise ValueError('on purpose')

    setattr(wire.protocol, call, fail)
    provoke(wire)
    assert wire.close_reason() == 'internal error'
    assert [str(exc) for exc, _ in reports] == ['on purpose']
    reports.clear()


def test_exception_in_on_close_is_reported_and_the_stream_is_closed(wire, reports):
    def fail(reason):
        raise ValueError('on purpose')

    wire.protocol.on_close = fail
    wire.stream.abort()
    assert wire.stream.closed
    assert [(str(exc), where) for exc, where in reports] == [('on purpose', 'a close')]
    reports.clear()


# -- writing -------------------------------------------------------------------------------------------------------


def test_writes_of_one_turn_leave_in_one_system_call(wire):
    for i in range(100):
        wire.stream.write(b'%02d' % i)
    assert wire.stream.queued == 200 and wire.sock.sent == []
    iosched.poll(0)
    assert wire.sock.sent == [200] and wire.stream.queued == 0
    assert wire.read(200) == b''.join(b'%02d' % i for i in range(100))


def test_writes_made_while_being_served_leave_at_the_end_of_that_turn(wire):
    class Echo(Recorder):
        def feed(self, data, end):
            for byte in bytes(data[:end]):
                wire.stream.write(bytes([byte]))

    wire.stream.protocol = Echo()
    wire.peer.send(b'hello')
    turn_until(lambda: wire.sock.sent)
    assert wire.sock.sent == [5]
    assert wire.read(5) == b'hello'


def test_each_turn_has_its_own_system_call(wire):
    for data in (b'a', b'bb', b'ccc'):
        wire.stream.write(data)
        iosched.poll(0)
    assert wire.sock.sent == [1, 2, 3]


def test_output_larger_than_the_systems_buffers_arrives_whole_and_in_order(narrow):
    data = bytes(range(256)) * 3000
    for i in range(0, len(data), 1000):
        narrow.stream.write(data[i : i + 1000])
    assert narrow.read(len(data)) == data
    assert narrow.stream.queued == 0
    assert len(narrow.sock.sent) > 1


def test_output_queued_while_the_system_takes_no_more_follows_in_order(narrow):
    narrow.stream.write(b'a' * 300000)
    iosched.poll(0)
    assert 0 < narrow.stream.queued < 300000
    for letter in b'bcdefg':
        narrow.stream.write(bytes([letter]) * 50000)
        iosched.poll(0)
    expected = b'a' * 300000 + b''.join(bytes([letter]) * 50000 for letter in b'bcdefg')
    assert narrow.read(len(expected)) == expected


def test_one_very_long_piece_is_not_copied_for_each_system_call(narrow):
    narrow.stream.write(bytes(900000))
    iosched.poll(0)
    rest = narrow.stream._out
    assert isinstance(rest, memoryview) and len(rest) == narrow.stream.queued
    assert len(narrow.read(900000)) == 900000


def test_a_long_queue_of_small_pieces_takes_little_more_memory_than_its_bytes(make_wire):
    slow = make_wire(buffer=4096, limits=(10000, 8000000))
    pieces = [b'%d,' % n for n in range(200000)]
    slow.stream.write(bytes(3000000))  # more than the system takes
    iosched.poll(0)
    tracemalloc.start()
    for piece in pieces:
        slow.stream.write(piece)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    whole = b''.join(pieces)
    assert held < 1.5 * len(whole)
    assert slow.read(3000000 + len(whole)) == bytes(3000000) + whole


def test_queued_is_what_has_not_left(narrow):
    narrow.stream.write(bytes(300000))
    iosched.poll(0)
    assert narrow.stream.queued == 300000 - sum(narrow.sock.sent)


def test_blocked_stream_does_not_keep_the_loop_busy(narrow):
    narrow.stream.write(bytes(900000))
    iosched.poll(0)
    calls = len(narrow.sock.sent)
    for _ in range(5):
        narrow.stream.write(b'more')
        iosched.poll(0)
    assert len(narrow.sock.sent) <= calls + 1


def test_stream_is_not_writable_above_the_soft_limit_and_drain_follows(narrow):
    assert narrow.stream.writable
    narrow.stream.write(bytes(10000))
    assert narrow.stream.writable, 'at the limit'
    narrow.stream.write(bytes(500000))
    assert not narrow.stream.writable
    iosched.poll(0)
    assert not narrow.stream.writable and narrow.told == []
    narrow.read(510000)
    assert narrow.stream.writable
    assert narrow.told == ['drain']


def test_drain_comes_below_the_soft_limit_not_only_when_all_is_written(narrow):
    narrow.stream.write(bytes(600000))
    queued_at_drain = []
    narrow.protocol.on_drain = lambda: queued_at_drain.append(narrow.stream.queued)
    narrow.read(600000)
    assert len(queued_at_drain) == 1 and queued_at_drain[0] <= 10000


def test_no_drain_without_having_been_full(wire):
    wire.stream.write(b'hello')
    wire.read(5)
    assert wire.told == []


def test_drain_comes_again_after_each_time_it_was_full(narrow):
    for _ in range(3):
        narrow.stream.write(bytes(200000))
        narrow.read(200000)
    assert narrow.told == ['drain'] * 3


def test_output_may_be_written_from_on_drain(narrow):
    left = [b'b' * 50000, b'c' * 50000]

    def more():
        if left:
            narrow.stream.write(left.pop(0))

    narrow.protocol.on_drain = more
    narrow.stream.write(b'a' * 50000)
    assert narrow.read(150000) == b'a' * 50000 + b'b' * 50000 + b'c' * 50000


def test_peer_too_slow_for_the_hard_limit_is_closed_with_a_reason(make_wire):
    wire = make_wire(limits=(1000, 100000), buffer=4096)
    for _ in range(11):
        wire.stream.write(bytes(10000))
    assert not wire.stream.closed, 'not under the hands of whoever writes'
    assert not wire.stream.writable
    wire.stream.write(b'dropped: it is being closed')
    assert wire.stream.queued == 110000
    iosched.poll(0)
    assert wire.told == [('close', 'write queue overflow')]


def test_slow_peer_does_not_harm_others(make_wire):
    slow, fast = make_wire(limits=(1000, 100000), buffer=4096), make_wire()
    for _ in range(20):
        for wire in (slow, fast):
            wire.stream.write(bytes(10000))
    assert len(fast.read(200000)) == 200000
    assert slow.close_reason() == 'write queue overflow'
    assert fast.told == ['drain']


def test_what_cannot_be_written_ends_that_stream_alone(make_wire, reports):
    bad, good = make_wire(), make_wire()
    bad.stream.write('text instead of bytes')
    good.stream.write(b'hello')
    assert good.read(5) == b'hello'
    assert bad.close_reason() == 'internal error'
    assert [(type(exc), where) for exc, where in reports] == [(TypeError, 'writing')]
    reports.clear()


def test_input_that_memory_is_too_short_for_ends_that_stream_alone(make_wire, reports, monkeypatch):
    wire, other = make_wire(), make_wire()

    def no_memory(sock):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(stream, 'receive', no_memory)
        wire.peer.send(b'x')
        assert wire.close_reason() == 'internal error'
    other.peer.send(b'hello')
    turn_until(lambda: other.protocol.data == b'hello')
    assert [type(exc) for exc, _ in reports] == [MemoryError]
    reports.clear()
