"""Timers: set_timeout, set_interval, set_immediate; and many deadlines on one timer."""

from edgeio import iosched
from edgeio.compat import monotonic_ms

from .harness import same, take_reports, until


def test_timers_fire_in_the_order_they_are_due():
    seen = []
    iosched.set_timeout(seen.append, 20, 'late')
    iosched.set_timeout(seen.append, 1, 'early')
    iosched.set_timeout(seen.append, 1, 'early, set second')
    until(lambda: len(seen) == 3, 'three timers')
    same(seen, ['early', 'early, set second', 'late'])


def test_timer_never_fires_early():
    seen = []
    start = monotonic_ms()
    iosched.set_timeout(lambda: seen.append(monotonic_ms() - start), 15)
    until(lambda: seen, 'the timer')
    assert seen[0] >= 15, seen


def test_cleared_timer_does_not_fire():
    seen = []
    timer = iosched.set_timeout(seen.append, 1, 'cleared')
    iosched.clear_timeout(timer)
    iosched.clear_timeout(timer)
    iosched.clear_timeout(None)
    iosched.set_timeout(seen.append, 5, 'kept')
    until(lambda: seen, 'the other timer')
    same(seen, ['kept'])


def test_interval_fires_until_it_is_cleared():
    seen = []

    def tick():
        seen.append(1)
        if len(seen) == 3:
            iosched.clear_interval(interval)

    interval = iosched.set_interval(tick, 1)
    until(lambda: len(seen) == 3, 'three ticks')
    iosched.set_timeout(seen.append, 5, 'end')
    until(lambda: seen[-1] == 'end', 'the end')
    same(len(seen), 4)


def test_immediate_runs_in_the_next_turn():
    seen = []
    iosched.set_immediate(seen.append, 'a')
    iosched.clear_immediate(iosched.set_immediate(seen.append, 'cleared'))
    iosched.set_immediate(seen.append, 'b')
    same(seen, [])
    iosched.poll(1000)
    same(seen, ['a', 'b'])


def test_timer_of_no_time_that_sets_itself_again_does_not_hold_the_loop():
    seen = []

    def again():
        seen.append(1)
        if len(seen) < 5:
            iosched.set_timeout(again, 0)

    iosched.set_timeout(again, 0)
    iosched.poll(100)
    assert len(seen) < 5
    until(lambda: len(seen) == 5, 'the last one')


def test_exception_in_a_timer_is_reported_and_the_others_fire():
    seen = []
    iosched.set_timeout(lambda: 1 / 0, 0)
    iosched.set_timeout(seen.append, 1, 'after')
    until(lambda: seen, 'the second timer')
    same([type(exc) for exc, _ in take_reports()], [ZeroDivisionError])


class _Item:
    def __init__(self, seen, later=None):
        self.bucket = None
        self.seen = seen
        self.later = later

    def on_deadline(self, now):
        later, self.later = self.later, None
        if later is None:
            self.seen.append(self)
        return None if later is None else now + later


def test_sweep_asks_each_item_at_its_deadline():
    seen = []
    sweep = iosched.Sweep(5)
    once, twice, dropped = _Item(seen), _Item(seen, 20), _Item(seen)
    for item in (once, twice, dropped):
        sweep.watch(item, monotonic_ms() + 1)
    sweep.drop(dropped)
    until(lambda: len(seen) == 2, 'both items')
    assert seen == [once, twice]
    same(len(sweep), 0)
    sweep.close()


def test_closed_sweep_asks_nobody():
    seen = []
    sweep = iosched.Sweep(1)
    sweep.watch(_Item(seen), monotonic_ms() + 1)
    sweep.close()
    iosched.set_timeout(seen.append, 10, 'end')
    until(lambda: seen, 'the end')
    same(seen, ['end'])
