"""How streams end: half-closed, finished, aborted, reset; told once, with the reason."""

import _socket
import socket
import struct

import pytest

from edgeio import iosched, pollset
from edgeio.net import stream as stream_module
from edgeio.net.stream import Stream
from host_tests.looping import turn_until
from host_tests.net.wires import Recorder

pytestmark = pytest.mark.usefixtures('reports')


def test_peer_that_finished_sending_is_an_eof_and_can_still_be_written_to(wire):
    wire.peer.send(b'last')
    wire.peer.shutdown(socket.SHUT_WR)
    turn_until(lambda: wire.told == ['eof'])
    assert wire.protocol.data == b'last' and not wire.stream.closed
    wire.stream.write(b'answer')
    assert wire.read(6) == b'answer'
    for _ in range(3):
        iosched.poll(0)
    assert wire.told == ['eof'], 'told once'


def test_shut_ends_the_output_after_the_queue_and_reading_goes_on(narrow):
    narrow.stream.write(bytes(300000))
    narrow.stream.shut()
    narrow.stream.shut()
    narrow.stream.write(b'too late')
    assert not narrow.stream.writable
    assert len(narrow.read_all()) == 300000
    narrow.peer.send(b'still read')
    turn_until(lambda: narrow.protocol.data == b'still read')
    assert not narrow.stream.closed


def test_stream_shut_on_both_sides_is_closed(wire):
    wire.stream.shut()
    assert wire.read_all() == b''
    wire.peer.shutdown(socket.SHUT_WR)
    assert wire.close_reason() == 'transport close'
    assert wire.told[0] == 'eof'


def test_finish_writes_the_queue_first(narrow):
    narrow.stream.write(bytes(300000))
    narrow.stream.finish('done')
    assert not narrow.stream.closed and not narrow.stream.writable
    assert len(narrow.read_all()) == 300000
    narrow.peer.close()
    assert narrow.close_reason() == 'done'
    assert narrow.told == [('close', 'done')]


def test_finish_with_nothing_queued_closes_when_the_peer_has(wire):
    wire.stream.finish('done')
    assert wire.read_all() == b''
    wire.peer.close()
    assert wire.close_reason() == 'done'


def test_finish_after_the_peers_end_closes_at_once(wire):
    wire.peer.shutdown(socket.SHUT_WR)
    turn_until(lambda: wire.told == ['eof'])
    wire.stream.finish('done')
    assert wire.told == ['eof', ('close', 'done')]


@pytest.mark.parametrize('size', (1, 5000000))
def test_finish_after_the_peers_last_word_writes_the_queue_and_closes(size):
    stream, protocol, peer = connected()
    stream.write(bytes(size))
    stream.finish('done', eof=True)
    assert stream.closed is (size == 1), 'what the system takes at once needs no turn of the loop'
    peer.setblocking(False)
    received = bytearray()
    turn_until(lambda: read_to_end(peer, received))
    assert len(received) == size
    assert protocol.told == [('close', 'done')]
    peer.close()


def test_last_bytes_and_the_end_are_one_segment():
    stream, _, peer = connected()
    before = segments_received(peer)
    stream.write(b'bye')
    stream.finish('done', eof=True)
    assert peer.recv(10) == b'bye' and peer.recv(10) == b''
    assert segments_received(peer) == before + 1
    peer.close()


def test_last_bytes_reach_a_peer_whose_last_input_is_unread():
    stream, _, peer = connected()
    peer.send(b'more, after its last word')
    stream.write(b'bye')
    stream.finish('done', eof=True)
    assert stream.closed
    assert peer.recv(10) == b'bye'
    peer.close()


def connected():
    """(stream, its protocol, the far end): the stream over a socket as `accept` makes it."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        peer = socket.create_connection(server.getsockname(), 10)
        accepted, _ = server.accept()
    protocol = Recorder()
    return Stream(_socket.socket(fileno=accepted.detach()), protocol), protocol, peer


def read_to_end(peer, received):
    try:
        part = peer.recv(1 << 20)
    except BlockingIOError:
        return False
    received += part
    return not part


def segments_received(peer):
    """tcpi_segs_in of Linux's struct tcp_info."""
    return struct.unpack_from('I', peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192), 140)[0]


def test_answer_is_read_though_the_peer_was_still_sending(wire):
    wire.peer.setblocking(False)
    wire.stream.write(b'go away')
    wire.stream.finish('done')

    def push():
        try:
            wire.peer.send(bytes(65536))
        except BlockingIOError:
            pass
        return sum(wire.sock.sent) == 7

    for _ in range(20):
        push()
        iosched.poll(0)
    wire.peer.settimeout(10)
    assert wire.peer.recv(100) == b'go away'
    assert wire.protocol.data == b'', 'what came after finish is dropped'


def test_held_stream_that_finishes_still_waits_for_its_peer_to_close(wire):
    wire.stream.hold()
    wire.stream.write(b'bye')
    wire.stream.finish('done')
    wire.stream.hold()
    assert wire.read_all() == b'bye'
    late = bytes(8_000_000)
    while late:
        try:
            late = late[wire.peer.send(late) :]
        except BlockingIOError:
            iosched.poll(1)
    wire.peer.close()
    assert wire.close_reason() == 'done'
    assert wire.protocol.data == b''


def test_input_is_dropped_after_finish_though_the_protocol_resumes(narrow):
    narrow.stream.write(bytes(300000))
    narrow.stream.finish('done')
    narrow.stream.resume()
    narrow.peer.send(b'late')
    for _ in range(5):
        iosched.poll(1)
    assert narrow.protocol.data == b''


def test_first_reason_counts(wire):
    wire.stream.write(b'x')
    wire.stream.finish('first')
    wire.stream.finish('second')
    wire.stream.abort('third')
    wire.stream.abort('fourth')
    assert wire.told == [('close', 'first')]


def test_peer_that_takes_nothing_is_closed_when_its_time_is_up(narrow, monkeypatch):
    monkeypatch.setattr(stream_module, 'LINGER', 1)
    narrow.stream.write(bytes(900000))
    narrow.stream.finish('done')
    assert narrow.close_reason() == 'done'


def test_peer_that_takes_its_time_gets_all_that_is_queued(make_wire, monkeypatch):
    monkeypatch.setattr(stream_module, 'LINGER', 150)
    slow = make_wire(buffer=4096, limits=(10000, 8000000))
    slow.stream.write(bytes(4000000))
    slow.stream.finish('done')
    taken, looks = 0, []
    timer = iosched.set_interval(lambda: looks.append(1), 20)
    for n in range(40):  # several of the time-outs, by the same clock
        taken += len(slow.read(65536))
        turn_until(lambda n=n: len(looks) > n)
    timer.clear()
    assert taken + len(slow.read_all()) == 4000000


def test_peer_that_takes_too_little_is_closed_when_its_time_is_up(make_wire, monkeypatch):
    monkeypatch.setattr(stream_module, 'LINGER', 50)
    slow = make_wire(buffer=4096, limits=(10000, 8000000))
    slow.stream.write(bytes(4000000))
    slow.stream.finish('done')
    slow.read(2000)
    assert slow.close_reason() == 'done'


def test_peer_that_does_not_close_is_closed_when_its_time_is_up(wire, monkeypatch):
    monkeypatch.setattr(stream_module, 'LAST_INPUT', 1)
    wire.stream.finish('done')
    assert wire.close_reason() == 'done'


def test_abort_closes_at_once_and_tells_once(wire):
    wire.stream.write(b'lost')
    wire.stream.abort('enough')
    assert wire.told == [('close', 'enough')]
    assert wire.stream.closed and not wire.stream.writable and wire.stream.queued == 0
    assert wire.peer.recv(10) == b''
    wire.stream.write(b'ignored')
    wire.stream.finish()
    wire.stream.shut()
    wire.stream.pause()
    wire.stream.resume()
    wire.stream.flush()
    iosched.poll(0)
    assert wire.told == [('close', 'enough')]


def test_abort_from_inside_feed_is_fine(wire):
    wire.protocol.feed = lambda data, end: wire.stream.abort('enough')
    wire.peer.send(b'x')
    assert wire.close_reason() == 'enough'


def test_closed_stream_is_watched_no_more(wire):
    fd = wire.stream.fd
    assert fd in pollset.watchers
    wire.stream.abort()
    assert fd not in pollset.watchers


def test_peers_reset_is_a_transport_error(wire):
    wire.reset()
    assert wire.close_reason() == 'transport error'
    assert wire.told == [('close', 'transport error')]


def test_peers_reset_while_output_waits_closes_once(narrow):
    narrow.stream.write(bytes(900000))
    iosched.poll(0)
    narrow.reset()
    assert narrow.close_reason() in ('transport error', 'transport close')
    iosched.poll(0)
    assert len(narrow.told) == 1


def test_peers_reset_while_paused_closes(wire):
    wire.stream.pause()
    wire.reset()
    assert wire.close_reason() == 'transport close'


def test_peers_reset_after_finish_keeps_the_reason(narrow):
    narrow.stream.write(bytes(900000))
    narrow.stream.finish('done')
    iosched.poll(0)
    narrow.reset()
    assert narrow.close_reason() == 'done'


def test_write_to_a_peer_that_is_gone_closes(wire):
    wire.reset()
    wire.stream.write(b'x')
    assert wire.close_reason() == 'transport error'
