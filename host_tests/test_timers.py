"""Timers, against a clock that stands still until the test moves it."""

import pytest

from edgeio import iosched, timers
from edgeio.errors import OptionError

pytestmark = pytest.mark.usefixtures('reports')


class Clock:
    """A clock for the timers. now: ms."""

    def __init__(self):
        self.now = 1000

    def read(self):
        return self.now

    def advance(self, ms):
        """Moves it by `ms` milliseconds and gives the loop one turn."""
        self.now += ms
        iosched.poll(0)


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(timers, 'monotonic_ms', made.read)
    monkeypatch.setattr(timers, '_heap', [])
    monkeypatch.setattr(timers, '_cleared', 0)
    return made


@pytest.fixture
def seen():
    return []


def test_timers_fire_in_the_order_they_are_due_not_in_the_order_they_were_set(clock, seen):
    for ms in (30, 10, 20):
        iosched.set_timeout(seen.append, ms, ms)
    clock.advance(100)
    assert seen == [10, 20, 30]


def test_timers_due_at_the_same_time_fire_in_the_order_they_were_set(clock, seen):
    for name in 'abcdefgh':
        iosched.set_timeout(seen.append, 10, name)
    clock.advance(10)
    assert ''.join(seen) == 'abcdefgh'


def test_timer_does_not_fire_a_millisecond_early(clock, seen):
    iosched.set_timeout(seen.append, 10, 'fired')
    clock.advance(9)
    assert seen == []
    clock.advance(1)
    assert seen == ['fired']


def test_timer_fires_once(clock, seen):
    iosched.set_timeout(seen.append, 10, 'fired')
    clock.advance(10)
    clock.advance(1000)
    assert seen == ['fired']


def test_negative_time_means_now(clock, seen):
    iosched.set_timeout(seen.append, -50, 'fired')
    clock.advance(0)
    assert seen == ['fired']


def test_next_wait_is_the_time_to_the_earliest_timer(clock):
    assert timers.next_wait() is None
    iosched.set_timeout(print, 70)
    iosched.set_timeout(print, 30)
    clock.now += 10
    assert timers.next_wait() == 20
    clock.now += 100
    assert timers.next_wait() == 0
    for _, _, timer in list(timers._heap):
        timer.clear()


def test_interval_does_not_drift(clock, seen):
    timer = iosched.set_interval(lambda: seen.append(clock.now), 10)
    for _ in range(4):
        clock.advance(7)  # fires at 14 and 21 and 28 instead of 10, 20, 30: never later by more than the loop is
    timer.clear()
    assert [at - 1000 for at in seen] == [14, 21]
    assert timers.count() == 0


def test_interval_keeps_its_rhythm_after_a_late_turn(clock, seen):
    timer = iosched.set_interval(lambda: seen.append(clock.now), 10)
    clock.advance(13)
    clock.advance(7)
    timer.clear()
    assert [at - 1000 for at in seen] == [13, 20]


def test_firings_that_an_interval_missed_are_not_made_up_for(clock, seen):
    timer = iosched.set_interval(seen.append, 10, 'tick')
    clock.advance(1000)
    assert seen == ['tick']
    clock.advance(1)
    clock.advance(1)
    assert len(seen) == 2
    timer.clear()


def test_interval_cleared_inside_its_own_callback_stops(clock, seen):
    def tick():
        seen.append('tick')
        timer.clear()

    timer = iosched.set_interval(tick, 10)
    clock.advance(10)
    clock.advance(10)
    assert seen == ['tick']
    assert timers.count() == 0


def test_interval_goes_on_after_an_exception(clock, seen, reports):
    def tick():
        seen.append('tick')
        raise ValueError('on purpose')

    timer = iosched.set_interval(tick, 10)
    clock.advance(10)
    clock.advance(10)
    timer.clear()
    assert seen == ['tick', 'tick']
    assert [(str(exc), where) for exc, where in reports] == [('on purpose', 'a timer')] * 2
    reports.clear()


def test_timer_cleared_by_another_one_that_is_due_at_the_same_time_does_not_fire(clock, seen):
    iosched.set_timeout(lambda: second.clear(), 10)
    second = iosched.set_timeout(seen.append, 10, 'second')
    iosched.set_timeout(seen.append, 10, 'third')
    clock.advance(10)
    assert seen == ['third']


def test_timer_set_inside_a_callback_waits_for_a_later_turn(clock, seen):
    def again():
        seen.append('again')
        iosched.set_timeout(again, 0)

    iosched.set_timeout(again, 0)
    iosched.set_timeout(seen.append, 0, 'other')
    clock.advance(0)
    assert seen == ['again', 'other']
    clock.advance(0)
    assert seen == ['again', 'other', 'again']


def test_interrupt_in_a_callback_loses_no_other_timer(clock, seen):
    def interrupt():
        iosched.set_timeout(seen.append, 0, 'set before')
        raise KeyboardInterrupt

    iosched.set_timeout(interrupt, 0)
    iosched.set_timeout(seen.append, 0, 'due as well')
    with pytest.raises(KeyboardInterrupt):
        clock.advance(0)
    clock.advance(0)
    assert sorted(seen) == ['due as well', 'set before']


def test_clear_takes_none_and_fired_timers(clock):
    iosched.clear_timeout(None)
    iosched.clear_interval(None)
    iosched.clear_immediate(None)
    timer = iosched.set_timeout(lambda: None, 0)
    clock.advance(0)
    timer.clear()
    timer.clear()
    assert timers.count() == 0


def test_cleared_timers_do_not_pile_up(clock):
    kept = iosched.set_timeout(print, 5000)
    for _ in range(5000):
        iosched.set_timeout(print, 60000).clear()
    assert len(timers._heap) <= 2 * timers.MAX_CLEARED + 2
    assert timers.count() == 1
    kept.clear()


def test_rebuilding_keeps_the_order(clock, seen):
    for i in range(300):
        timer = iosched.set_timeout(seen.append, 300 - i, 300 - i)
        if i % 3:
            timer.clear()
    clock.advance(300)
    assert seen == sorted(seen)
    assert len(seen) == 100


def test_cleared_timer_lets_go_of_its_arguments(clock):
    timer = iosched.set_timeout(print, 60000, 'large')
    timer.clear()
    assert timer.args is None and timer.callback is None


def test_immediates_run_in_order_at_the_end_of_the_turn(clock, seen):
    iosched.set_timeout(seen.append, 0, 'timer')
    iosched.set_immediate(seen.append, 'a')
    iosched.set_immediate(seen.append, 'b')
    clock.advance(0)
    assert seen == ['a', 'b', 'timer']


def test_immediate_set_inside_an_immediate_runs_in_the_next_turn(clock, seen):
    iosched.set_immediate(lambda: (seen.append('first'), iosched.set_immediate(seen.append, 'second')))
    clock.advance(0)
    assert seen == ['first']
    clock.advance(0)
    assert seen == ['first', 'second']


def test_loop_does_not_wait_while_an_immediate_is_due(clock, seen):
    iosched.set_timeout(print, 60000)
    iosched.set_immediate(seen.append, 'now')
    assert timers.next_wait() == 0
    iosched.poll()  # would wait for a minute
    assert seen == ['now']
    timers._heap[0][2].clear()


def test_immediate_cleared_by_another_immediate_does_not_run(clock, seen):
    iosched.set_immediate(lambda: second.clear())
    second = iosched.set_immediate(seen.append, 'second')
    clock.advance(0)
    assert seen == []
    assert timers.count() == 0


def test_exception_in_an_immediate_harms_no_other(clock, seen, reports):
    iosched.set_immediate(lambda: 1 / 0)
    iosched.set_immediate(seen.append, 'other')
    clock.advance(0)
    assert seen == ['other']
    assert [type(exc) for exc, _ in reports] == [ZeroDivisionError]
    reports.clear()


def test_interrupt_in_an_immediate_loses_no_other(clock, seen):
    def interrupt():
        iosched.set_immediate(seen.append, 'set before')
        raise KeyboardInterrupt

    iosched.set_immediate(interrupt)
    iosched.set_immediate(seen.append, 'due as well')
    with pytest.raises(KeyboardInterrupt):
        clock.advance(0)
    clock.advance(0)
    assert seen == ['due as well', 'set before']


def test_poll_inside_an_immediate_runs_each_other_once(clock, seen):
    iosched.set_immediate(lambda: iosched.poll(0))
    iosched.set_immediate(seen.append, 'a')
    iosched.set_immediate(seen.append, 'b')
    clock.advance(0)
    clock.advance(0)
    assert seen == ['a', 'b']


def test_coroutine_function_is_run_as_a_task(clock, seen):
    async def work(name):
        await iosched.sleep(5)
        seen.append(name)

    iosched.set_timeout(work, 10, 'done')
    clock.advance(10)
    assert seen == []
    clock.advance(5)
    assert seen == ['done']


@pytest.mark.parametrize('make', [iosched.set_timeout, iosched.set_interval])
@pytest.mark.parametrize('callback', [None, 'text', 5])
def test_callback_that_cannot_be_called_is_refused_at_the_call(make, callback, clock):
    with pytest.raises(OptionError, match='timer.callback'):
        make(callback, 10)
    with pytest.raises(OptionError, match='timer.callback'):
        iosched.set_immediate(callback)
    assert timers.count() == 0
