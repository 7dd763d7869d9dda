"""iosched: descriptors and the poll loop."""

from edgeio import iosched
from edgeio.errors import OptionError

from .clients.wire import pair
from .harness import raises, same, take_reports, until


class _Pair:
    """Two sockets and the events that the test makes for them; all closed at the end."""

    def __enter__(self):
        self.one, self.other = pair()
        self.events = []
        return self

    def __exit__(self, *exc_info):
        for event in self.events:
            iosched.remove(event)
        self.one.close()
        self.other.close()

    def event(self, method, callback, errback=None, arg=None):
        event = iosched.event(method, self.one, callback, errback, arg)
        self.events.append(event)
        return event


def test_read_event_runs_with_its_argument():
    with _Pair() as both:
        seen = []
        event = both.event('read', lambda arg, ioevent: seen.append((arg, ioevent, both.one.recv(10))), None, 'mine')
        iosched.add(event)
        both.other.send(b'x')
        until(lambda: seen, 'the event')
        same(seen, [('mine', event, b'x')])
        assert event.arg == 'mine' and event.fd == both.one.fileno() and event.method == 'read'


def test_event_is_watched_until_it_is_removed():
    with _Pair() as both:
        seen = []
        event = both.event('read', lambda arg, ioevent: seen.append(both.one.recv(1)))
        assert not iosched.listening(event)
        iosched.add(event)
        assert iosched.listening(event)
        both.other.send(b'ab')
        until(lambda: len(seen) == 2, 'two events')
        iosched.remove(event)
        assert not iosched.listening(event)
        both.other.send(b'c')
        iosched.poll(10)
        same(seen, [b'a', b'b'])


def test_once_runs_once():
    with _Pair() as both:
        seen = []
        event = both.event('read', lambda arg, ioevent: seen.append(1))
        iosched.once(event)
        both.other.send(b'x')
        until(lambda: seen, 'the event')
        iosched.poll(5)
        same(seen, [1])
        assert not iosched.listening(event)


def test_write_event_runs_when_there_is_room():
    with _Pair() as both:
        seen = []
        iosched.once(both.event('write', lambda arg, ioevent: seen.append(1)))
        until(lambda: seen, 'the event')


def test_errback_runs_when_the_callback_returns_false():
    with _Pair() as both:
        seen = []
        iosched.once(both.event('write', lambda arg, ioevent: False, lambda arg, ioevent: seen.append(arg), 7))
        until(lambda: seen, 'the errback')
        same(seen, [7])


def test_exception_in_a_callback_is_reported_once_and_the_loop_goes_on():
    with _Pair() as both:
        seen = []

        def fail(arg, ioevent):
            raise ValueError('on purpose')

        iosched.once(both.event('write', fail))
        iosched.once(both.event('write', lambda arg, ioevent: seen.append(1)))
        until(lambda: seen, 'the second event')
        reports = take_reports()
        same([str(exc) for exc, _ in reports], ['on purpose'])


def test_removing_an_event_inside_another_one_keeps_it_from_running():
    with _Pair() as both:
        seen = []
        second = both.event('write', lambda arg, ioevent: seen.append('second'))

        def first(arg, ioevent):
            seen.append('first')
            iosched.remove(second)

        iosched.once(both.event('write', first))
        iosched.add(second)
        until(lambda: seen, 'the first event')
        iosched.poll(5)
        same(seen, ['first'])


def test_fds_are_those_watched_and_the_users():
    with _Pair() as both:
        iosched.add(both.event('read', lambda arg, ioevent: None))
        fd = both.one.fileno()
        same(iosched.fds(), [[fd], [], []])
        same(iosched.fds([[], [999], []]), [[fd], [999], []])
        iosched.remove()
        same(iosched.fds(), [[], [], []])


def test_select_returns_what_was_ready():
    with _Pair() as both:
        fd = both.one.fileno()
        both.other.send(b'x')
        ready = iosched.select([[fd], [], []], 1000)
        same([list(part) for part in ready], [[fd], [], []])


def test_poll_returns_after_its_timeout():
    same([list(part) for part in iosched.poll(1)], [[], [], []])


def test_forever_ends_when_its_check_says_so():
    turns = []
    iosched.forever(lambda: turns.append(1) or len(turns) > 3, 1)
    same(len(turns), 4)

    class Check:
        quit = False

    check = Check()
    iosched.set_timeout(lambda: setattr(check, 'quit', True), 1)
    iosched.forever(check, 5)


def test_unknown_method_is_refused():
    error = raises(OptionError, iosched.event, 'reading', 0, print)
    same(error.code, 'iosched.method')


def test_descriptor_closed_by_its_peer_is_readable():
    with _Pair() as both:
        seen = []
        iosched.once(both.event('read', lambda arg, ioevent: seen.append(both.one.recv(1))))
        both.other.close()
        until(lambda: seen, 'the event')
        same(seen, [b''])
