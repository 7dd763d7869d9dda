"""IoEvents: watched, run, removed; with real sockets, under epoll and under poll."""

import socket
import traceback

import pytest

from edgeio import iosched, pollset
from edgeio.errors import OptionError
from edgeio.net.stream import Stream
from edgeio.report import set_on_error
from host_tests.looping import turn_until

pytestmark = pytest.mark.usefixtures('reports', 'poller')


@pytest.fixture
def seen():
    return []


def copy(ready):
    return [list(part) for part in ready]


# -- event, add, once, remove, listening -------------------------------------------------------------------------


def test_event_keeps_what_it_was_made_of_and_is_not_watched(pair):
    event = iosched.event('read', pair.mine, print, None, 'mine')
    assert (event.method, event.fd, event.arg) == ('read', pair.fd, 'mine')
    assert not iosched.listening(event)
    assert iosched.event('write', pair.fd, print).arg is None


@pytest.mark.parametrize('method', ['Read', 'readable', '', None, 1])
def test_unknown_method_is_refused_at_the_call(method, pair):
    with pytest.raises(OptionError, match="expected: 'read', 'write' or 'except'.*iosched.method"):
        iosched.event(method, pair.mine, print)


def test_read_event_runs_with_its_argument_and_itself(pair, seen):
    event = iosched.event('read', pair.mine, lambda arg, e: seen.append((arg, e, pair.mine.recv(9))), None, 7)
    iosched.add(event)
    iosched.poll(0)
    assert seen == []
    pair.other.send(b'hello')
    iosched.poll(1000)
    assert seen == [(7, event, b'hello')]


def test_write_event_runs_when_there_is_room(pair, seen):
    pair.fill()
    iosched.once(iosched.event('write', pair.mine, lambda arg, ioevent: seen.append('room')))
    iosched.poll(0)
    assert seen == []
    pair.take()
    iosched.poll(1000)
    assert seen == ['room']


def test_except_event_runs_for_urgent_data(seen):
    with socket.create_server(('127.0.0.1', 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            iosched.once(iosched.event('except', accepted, lambda arg, ioevent: seen.append('urgent')))
            client.send(b'!', socket.MSG_OOB)
            ready = iosched.poll(1000)
            assert seen == ['urgent']
            assert copy(ready) == [[], [], [accepted.fileno()]]


def test_event_added_stays_until_it_is_removed(pair, seen):
    event = iosched.event('read', pair.mine, lambda arg, ioevent: seen.append(pair.mine.recv(1)))
    iosched.add(event)
    pair.other.send(b'abc')
    iosched.poll(1000)
    iosched.poll(1000)
    assert iosched.listening(event)
    iosched.remove(event)
    assert not iosched.listening(event)
    iosched.poll(0)
    assert seen == [b'a', b'b']


def test_event_watched_once_runs_once_and_can_be_watched_again(pair, seen):
    event = iosched.event('read', pair.mine, lambda arg, ioevent: seen.append(pair.mine.recv(1)))
    iosched.once(event)
    pair.other.send(b'abc')
    iosched.poll(1000)
    assert not iosched.listening(event)
    iosched.poll(0)
    assert seen == [b'a']
    iosched.once(event)
    iosched.poll(1000)
    assert seen == [b'a', b'b']


def test_event_may_watch_itself_again_from_its_callback(pair, seen):
    def read(arg, ioevent):
        seen.append(pair.mine.recv(1))
        if len(seen) < 2:
            iosched.once(ioevent)

    iosched.once(iosched.event('read', pair.mine, read))
    pair.other.send(b'abc')
    for _ in range(5):
        iosched.poll(0)
    assert seen == [b'a', b'b']


def test_adding_twice_runs_it_once_a_turn(pair, seen):
    event = iosched.event('write', pair.mine, lambda arg, ioevent: seen.append('run'))
    iosched.add(event)
    iosched.add(event)
    iosched.poll(0)
    assert seen == ['run']
    iosched.remove(event)
    assert not iosched.listening(event)


def test_two_events_of_one_descriptor_are_kept_apart(pair, seen):
    read = iosched.event('read', pair.mine, lambda arg, ioevent: seen.append('read'))
    write = iosched.event('write', pair.mine, lambda arg, ioevent: seen.append('write'))
    iosched.add(read)
    iosched.add(write)
    iosched.poll(0)
    assert seen == ['write']
    iosched.remove(write)
    pair.other.send(b'x')
    iosched.poll(1000)
    assert seen == ['write', 'read']


def test_two_events_of_one_descriptor_and_method_run_in_the_order_they_were_added(pair, seen):
    for name in 'abc':
        iosched.once(iosched.event('write', pair.mine, lambda arg, ioevent: seen.append(arg), None, name))
    iosched.poll(0)
    assert seen == ['a', 'b', 'c']


def test_removing_what_is_not_watched_is_fine(pair):
    event = iosched.event('read', pair.mine, print)
    iosched.remove(event)
    iosched.add(event)
    iosched.remove(event)
    iosched.remove(event)
    iosched.remove()
    assert iosched.fds() == [[], [], []]


def test_remove_without_an_event_removes_all(pairs):
    events = [iosched.event('read', pair.mine, print) for pair in pairs]
    for event in events:
        iosched.add(event)
    iosched.remove()
    assert not any(iosched.listening(event) for event in events)
    assert iosched.fds() == [[], [], []]


def test_remove_without_an_event_leaves_streams_alone(pair, seen):
    stream = Stream(pair.mine, Collector(seen))
    iosched.remove()
    pair.other.send(b'x')
    turn_until(lambda: seen)
    stream.abort()
    assert seen[0] == b'x'


class Collector:
    """A stream's protocol that keeps what comes."""

    def __init__(self, seen):
        self.seen = seen

    def feed(self, data, end):
        self.seen.append(bytes(data[:end]))

    def on_close(self, reason):
        self.seen.append(reason)


def test_descriptor_of_a_stream_cannot_be_watched_besides(pair, seen):
    stream = Stream(pair.mine, Collector(seen))
    with pytest.raises(OptionError, match='iosched.fd_taken'):
        iosched.add(iosched.event('read', pair.fd, print))
    with pytest.raises(OptionError, match='iosched.fd_taken'):
        iosched.select([[pair.fd], [], []], 0)
    stream.abort()


def test_event_removed_by_another_one_of_the_same_descriptor_does_not_run(pair, seen):
    first = iosched.event('write', pair.mine, lambda arg, ioevent: (seen.append('first'), iosched.remove(second)))
    second = iosched.event('write', pair.mine, lambda arg, ioevent: seen.append('second'))
    iosched.add(first)
    iosched.add(second)
    iosched.poll(0)
    assert seen == ['first']


def test_events_removed_by_one_of_another_descriptor_do_not_run(pairs, seen):
    def run(arg, ioevent):
        seen.append(arg)
        iosched.remove()

    for i, pair in enumerate(pairs):
        iosched.add(iosched.event('write', pair.mine, run, None, i))
    iosched.poll(0)
    assert len(seen) == 1


def test_event_added_by_a_callback_runs_in_a_later_turn(pairs, seen):
    second = iosched.event('write', pairs[1].mine, lambda arg, ioevent: seen.append('second'))
    iosched.once(iosched.event('write', pairs[0].mine, lambda arg, e: (seen.append('first'), iosched.once(second))))
    iosched.poll(0)
    assert seen == ['first']
    iosched.poll(0)
    assert seen == ['first', 'second']


def test_peer_that_is_gone_is_told_to_readers_and_writers(pair, seen):
    for method in ('read', 'write'):
        iosched.once(iosched.event(method, pair.mine, lambda arg, ioevent: seen.append(ioevent.method)))
    pair.other.close()
    iosched.poll(1000)
    assert sorted(seen) == ['read', 'write']


# -- errback, exceptions -----------------------------------------------------------------------------------------


def test_errback_runs_when_the_callback_returns_false(pair, seen):
    event = iosched.event('write', pair.mine, lambda arg, e: False, lambda arg, e: seen.append((arg, e)), 'mine')
    iosched.once(event)
    iosched.poll(0)
    assert seen == [('mine', event)]


@pytest.mark.parametrize('value', [None, True, 0, '', 1])
def test_errback_does_not_run_for_any_other_value(value, pair, seen):
    iosched.once(iosched.event('write', pair.mine, lambda arg, e: value, lambda arg, e: seen.append('errback')))
    iosched.poll(0)
    assert seen == []


def test_false_without_an_errback_is_fine(pair):
    iosched.once(iosched.event('write', pair.mine, lambda arg, ioevent: False))
    iosched.poll(0)


def test_exception_in_a_callback_is_reported_once_with_its_place_and_the_others_run(pairs, seen, reports):
    def fail(arg, ioevent):
        raise ValueError('on purpose')

    iosched.once(iosched.event('write', pairs[0].mine, fail))
    for pair in pairs:
        iosched.once(iosched.event('write', pair.mine, lambda arg, ioevent: seen.append(ioevent.fd)))
    iosched.poll(0)
    assert sorted(seen) == sorted(pair.fd for pair in pairs)
    assert [(str(e), where) for e, where in reports] == [('on purpose', f'write event of descriptor {pairs[0].fd}')]
    reports.clear()


def test_report_shows_the_traceback(pair, capsys):
    def fail_on_purpose(arg, ioevent):
        raise ValueError('on purpose')

    earlier = set_on_error()
    iosched.once(iosched.event('write', pair.mine, fail_on_purpose))
    iosched.poll(0)
    set_on_error(earlier)
    printed = capsys.readouterr().err
    assert f'edgeio: error in write event of descriptor {pair.fd}:' in printed
    assert 'in fail_on_purpose' in printed
    assert printed.count('ValueError: on purpose') == 1


def test_exception_keeps_its_traceback(pair, reports):
    def fail_on_purpose(arg, ioevent):
        raise ValueError('on purpose')

    iosched.once(iosched.event('write', pair.mine, fail_on_purpose))
    iosched.poll(0)
    (exc, _) = reports.pop()
    assert traceback.extract_tb(exc.__traceback__)[-1].name == 'fail_on_purpose'


def test_exception_in_an_errback_is_reported(pair, reports):
    iosched.once(iosched.event('write', pair.mine, lambda arg, e: False, lambda arg, e: 1 / 0))
    iosched.poll(0)
    assert [type(exc) for exc, _ in reports] == [ZeroDivisionError]
    reports.clear()


def test_exception_in_a_watcher_is_reported_and_what_was_not_served_comes_again(pairs, seen, reports):
    class Watcher:
        def __init__(self, pair, fails):
            self.fd, self.fails, self.sock = pair.fd, fails, pair.mine

        def on_readable(self):
            pollset.forget(self)
            if self.fails:
                raise ValueError('on purpose')
            seen.append(self.sock.recv(1))

    for i, pair in enumerate(pairs):
        pair.other.send(b'x')
        pollset.watch(Watcher(pair, i == 0), pollset.POLLIN)
    turn_until(lambda: len(seen) == 3)
    assert [(str(exc), where) for exc, where in reports] == [('on purpose', 'the poll loop')]
    reports.clear()


def test_interrupt_in_a_callback_leaves_the_loop(pair):
    def interrupt(arg, ioevent):
        raise KeyboardInterrupt

    iosched.once(iosched.event('write', pair.mine, interrupt))
    with pytest.raises(KeyboardInterrupt):
        iosched.poll(0)
    iosched.poll(0)


def test_coroutine_callback_is_run_as_a_task(pair, seen):
    async def read(arg, ioevent):
        await iosched.sleep(1)
        seen.append(pair.mine.recv(1))

    iosched.once(iosched.event('read', pair.mine, read))
    pair.other.send(b'x')
    turn_until(lambda: seen)
    assert seen == [b'x']
