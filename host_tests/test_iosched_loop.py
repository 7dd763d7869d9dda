"""The loop's turns: fds, select, poll, forever, what is written at the end, closed descriptors."""

import os
import threading

import pytest

from edgeio import iosched, pollset
from edgeio.errors import StateError
from host_tests.looping import turn_until

pytestmark = pytest.mark.usefixtures('reports', 'poller')


@pytest.fixture
def seen():
    return []


def copy(ready):
    return [list(part) for part in ready]


# -- fds, select, poll, forever ----------------------------------------------------------------------------------


def test_fds_are_sorted_by_method(pairs):
    a, b, c, _ = pairs
    iosched.add(iosched.event('read', a.mine, print))
    iosched.add(iosched.event('write', a.mine, print))
    iosched.add(iosched.event('write', b.mine, print))
    iosched.add(iosched.event('except', c.mine, print))
    read, write, urgent = iosched.fds()
    assert (read, sorted(write), urgent) == ([a.fd], sorted([a.fd, b.fd]), [c.fd])


def test_fds_are_merged_with_the_users_and_each_is_there_once(pairs):
    a, b, _, _ = pairs
    iosched.add(iosched.event('read', a.mine, print))
    users = [[a.fd, b.fd], [b.fd], []]
    assert iosched.fds(users) == [[a.fd, b.fd], [b.fd], []]
    assert users == [[a.fd, b.fd], [b.fd], []], 'the lists given are not changed'


def test_poll_returns_the_descriptors_that_had_an_event(pairs):
    a, b, _, _ = pairs
    iosched.add(iosched.event('read', a.mine, lambda arg, ioevent: None))
    iosched.add(iosched.event('write', b.mine, lambda arg, ioevent: None))
    a.other.send(b'x')
    assert copy(iosched.poll(1000)) == [[a.fd], [b.fd], []]
    a.mine.recv(1)
    assert copy(iosched.poll(1000)) == [[], [b.fd], []]
    iosched.remove()
    assert copy(iosched.poll(0)) == [[], [], []]


def test_select_waits_for_the_users_descriptors_as_well(pairs):
    a, b, _, _ = pairs
    assert copy(iosched.select([[a.fd], [], []], 0)) == [[], [], []]
    a.other.send(b'x')
    assert copy(iosched.select([[a.fd], [b.fd], []], 1000)) == [[a.fd], [b.fd], []]
    assert iosched.fds() == [[], [], []], 'they are not watched any longer than that'


def test_select_waits_for_another_method_of_a_descriptor_that_is_watched(pair, seen):
    iosched.add(iosched.event('read', pair.mine, lambda arg, ioevent: seen.append('read')))
    assert copy(iosched.select([[], [pair.fd], []], 1000)) == [[], [pair.fd], []]
    assert iosched.fds() == [[pair.fd], [], []]
    assert seen == []


def test_select_without_descriptors_is_poll(pair, seen):
    iosched.once(iosched.event('write', pair.mine, lambda arg, ioevent: seen.append('write')))
    assert copy(iosched.select()) == [[], [pair.fd], []]
    assert seen == ['write']


def test_poll_without_a_timeout_waits_for_the_next_timer(seen):
    iosched.set_timeout(seen.append, 5, 'fired')
    while not seen:
        iosched.poll()


def test_poll_without_a_timeout_waits_for_a_descriptor(pair, seen):
    iosched.once(iosched.event('read', pair.mine, lambda arg, ioevent: seen.append(pair.mine.recv(1))))
    sender = threading.Timer(0.02, pair.other.send, [b'x'])
    sender.start()
    while not seen:
        iosched.poll()
    sender.join()
    assert seen == [b'x']


def test_timer_far_away_does_not_stop_the_loop(pair, seen):
    timer = iosched.set_timeout(print, 90 * 24 * 3600 * 1000)
    iosched.once(iosched.event('write', pair.mine, lambda arg, ioevent: seen.append('write')))
    iosched.poll()
    timer.clear()
    assert seen == ['write']


@pytest.mark.parametrize('timeout', [-1, -0.5, -(10**12)])
def test_negative_timeout_does_not_wait(timeout, seen):
    iosched.poll(timeout)


def test_timeout_of_a_part_of_a_millisecond_is_taken():
    iosched.poll(0.25)


def test_poll_inside_a_callback_serves_the_others_and_no_news_is_told_twice(pairs, seen):
    def read(arg, ioevent):
        pair = pairs[arg]
        pair.mine.setblocking(True)  # a call too many would stand still here
        seen.append((arg, pair.mine.recv(1)))
        if len(seen) == 1:
            iosched.poll(0)

    for i, pair in enumerate(pairs):
        pair.mine.settimeout(5)
        iosched.add(iosched.event('read', pair.mine, read, None, i))
        pair.other.send(b'x')
    iosched.poll(1000)
    iosched.poll(0)
    assert sorted(seen) == [(i, b'x') for i in range(4)]


def test_poll_inside_a_timer_is_fine(seen):
    iosched.set_timeout(lambda: (iosched.poll(0), seen.append('outer')), 0)
    iosched.set_timeout(seen.append, 0, 'inner')
    turn_until(lambda: len(seen) == 2)
    assert seen == ['inner', 'outer']


def test_forever_runs_until_quit_turns_true(seen):
    class Check:
        quit = False

    check = Check()
    iosched.set_timeout(lambda: setattr(check, 'quit', True), 1)
    iosched.forever(check, 1000)
    assert check.quit


def test_forever_runs_until_the_callable_is_true(seen):
    iosched.forever(lambda: seen.append('asked') or len(seen) == 3, 1)
    assert len(seen) == 3


def test_forever_without_a_check_ends_by_an_exception_that_is_none_of_the_loops():
    def stop():
        raise KeyboardInterrupt

    iosched.set_timeout(stop, 1)
    with pytest.raises(KeyboardInterrupt):
        iosched.forever()


# -- descriptors that are closed under the loop's hands ----------------------------------------------------------


def test_number_of_a_closed_descriptor_is_used_again_after_remove(seen):
    first, end = os.pipe()
    event = iosched.event('read', first, print)
    iosched.add(event)
    iosched.remove(event)
    os.close(first)
    os.close(end)
    again, end = os.pipe()
    assert again == first
    iosched.once(iosched.event('read', again, lambda arg, ioevent: seen.append(os.read(again, 9))))
    os.write(end, b'x')
    iosched.poll(1000)
    os.close(again)
    os.close(end)
    assert seen == [b'x']


def test_removing_after_closing_is_fine():
    first, end = os.pipe()
    event = iosched.event('read', first, print)
    iosched.add(event)
    os.close(first)
    os.close(end)
    iosched.remove(event)
    assert not iosched.listening(event)
    iosched.poll(0)


def test_descriptor_closed_without_remove_does_not_keep_its_successor_from_being_watched(seen):
    first, end = os.pipe()
    iosched.add(iosched.event('read', first, lambda arg, ioevent: None))
    os.close(first)
    os.close(end)
    again, end = os.pipe()
    assert again == first
    iosched.add(iosched.event('read', again, lambda arg, ioevent: seen.append(os.read(again, 9))))
    os.write(end, b'x')
    iosched.poll(1000)
    iosched.remove()
    os.close(again)
    os.close(end)
    assert seen == [b'x']


def test_descriptor_closed_without_remove_does_not_keep_the_loop_busy(poller, reports):
    first, end = os.pipe()
    iosched.add(iosched.event('read', first, print))
    os.close(first)
    os.close(end)
    iosched.poll(0)
    assert copy(iosched.poll(0)) == [[], [], []]
    if not poller.forgets_closed:
        assert [exc.code for exc, _ in reports if isinstance(exc, StateError)] == ['iosched.fd_closed']
        reports.clear()
        assert iosched.fds() == [[], [], []]
    iosched.remove()


def test_file_that_cannot_be_watched_is_refused_and_forgotten(tmp_path, poller):
    if not poller.forgets_closed:
        pytest.skip('poll takes files: they are always ready')
    with open(tmp_path / 'file', 'w') as file:
        with pytest.raises(OSError):
            iosched.add(iosched.event('read', file, print))
    assert iosched.fds() == [[], [], []]


def test_a_new_poll_set_watches_the_same_descriptors(pair, seen):
    iosched.once(iosched.event('read', pair.mine, lambda arg, ioevent: seen.append(pair.mine.recv(1))))
    pollset.renew()
    pair.other.send(b'x')
    iosched.poll(1000)
    assert seen == [b'x']
    pollset.poller.close()


# -- the flush pass ----------------------------------------------------------------------------------------------


class Writer:
    """Something with output."""

    def __init__(self, act):
        self.act = act
        self.flushed = 0
        self.aborted = None

    def flush(self):
        self.flushed += 1
        self.act(self)

    def abort(self, reason):
        self.aborted = reason


def test_everything_dirty_is_flushed_at_the_end_of_the_turn():
    writer = Writer(lambda self: None)
    iosched.dirty.append(writer)
    iosched.set_timeout(lambda: iosched.dirty.append(writer), 0)
    iosched.poll(0)
    assert writer.flushed == 2 and iosched.dirty == []


def test_exception_in_a_flush_ends_that_one_and_the_others_are_flushed(reports):
    bad, good = Writer(lambda self: 1 / 0), Writer(lambda self: None)
    iosched.dirty += [bad, good]
    iosched.poll(0)
    assert (bad.flushed, good.flushed) == (1, 1)
    assert (bad.aborted, good.aborted) == ('internal error', None)
    assert [(type(exc), where) for exc, where in reports] == [(ZeroDivisionError, 'writing')]
    reports.clear()


def test_what_is_queued_by_a_flush_leaves_in_the_same_turn():
    second = Writer(lambda self: None)
    iosched.dirty.append(Writer(lambda self: iosched.dirty.append(second)))
    iosched.poll(0)
    assert second.flushed == 1


def test_writer_that_always_has_more_does_not_keep_the_loop_to_itself(pair, seen):
    writer = Writer(lambda self: iosched.dirty.append(self))
    iosched.dirty.append(writer)
    iosched.once(iosched.event('write', pair.mine, lambda arg, ioevent: seen.append('served')))
    iosched.poll()  # and it does not wait either: there is more to write
    iosched.poll()
    assert seen == ['served']
    assert writer.flushed <= 4 * iosched.FLUSH_PASSES
    iosched.dirty.clear()
