"""Many deadlines on one timer, against a clock that stands still until the test moves it."""

import pytest

from edgeio import iosched, sweep, timers

pytestmark = pytest.mark.usefixtures('reports')


class Item:
    """Something with a deadline. act: called with the item; what it returns is the next deadline."""

    def __init__(self, act=None):
        self.bucket = None
        self.asked = []
        self.act = act

    def on_deadline(self, now):
        self.asked.append(now)
        return self.act(self) if self.act else None


class Bench:
    """A sweep of 10 ms and its clock."""

    def __init__(self):
        self.now = 1003
        self.sweep = iosched.Sweep(10)

    def read(self):
        return self.now

    def pass_time(self, ms):
        """Lets `ms` milliseconds go by, one at a time."""
        for _ in range(ms):
            self.now += 1
            iosched.poll(0)

    def watch(self, ms, act=None):
        """An item with a deadline in `ms` milliseconds."""
        item = Item(act)
        self.sweep.watch(item, self.now + ms)
        return item


@pytest.fixture
def bench(monkeypatch):
    made = Bench()
    monkeypatch.setattr(timers, 'monotonic_ms', made.read)
    monkeypatch.setattr(sweep, 'monotonic_ms', made.read)
    monkeypatch.setattr(timers, '_heap', [])
    monkeypatch.setattr(timers, '_cleared', 0)
    yield made
    made.sweep.close()
    assert timers.count() == 0, 'a closed sweep leaves no timer'


def test_item_is_asked_at_its_deadline_never_before_and_a_tick_later_at_most(bench):
    items = [bench.watch(ms) for ms in range(40)]
    bench.pass_time(60)
    for ms, item in enumerate(items):
        (asked,) = item.asked
        assert 1003 + ms <= asked <= 1003 + ms + 10


def test_item_that_names_a_new_deadline_is_asked_again_then(bench):
    item = bench.watch(10, lambda item: bench.now + 50 if len(item.asked) < 3 else None)
    bench.pass_time(200)
    assert len(item.asked) == 3
    assert all(50 <= later - earlier <= 60 for earlier, later in zip(item.asked, item.asked[1:]))
    assert item.bucket is None and len(bench.sweep) == 0


def test_deadline_that_is_past_is_asked_in_the_next_turns_not_for_ever_in_this_one(bench):
    item = bench.watch(0, lambda item: bench.now - 1000)
    bench.pass_time(8)
    assert len(item.asked) == 1
    bench.pass_time(20)
    assert len(item.asked) == 3


def test_item_watched_again_is_moved(bench):
    item = bench.watch(10)
    bench.sweep.watch(item, bench.now + 100)
    assert len(bench.sweep) == 1
    bench.pass_time(99)
    assert item.asked == []
    bench.pass_time(11)
    assert len(item.asked) == 1


def test_earlier_deadline_wakes_it_earlier(bench):
    late, early = bench.watch(1000), bench.watch(20)
    bench.pass_time(30)
    assert (len(late.asked), len(early.asked)) == (0, 1)


def test_dropped_item_is_not_asked(bench):
    item = bench.watch(10)
    bench.sweep.drop(item)
    bench.sweep.drop(item)
    assert item.bucket is None and len(bench.sweep) == 0
    bench.pass_time(30)
    assert item.asked == []


def test_item_dropped_by_another_one_that_is_due_at_the_same_time_is_not_asked(bench):
    items = []

    def drop_others(item):
        for other in items:
            if other is not item:
                bench.sweep.drop(other)

    items += [bench.watch(10, drop_others) for _ in range(5)]
    bench.pass_time(30)
    assert sum(len(item.asked) for item in items) == 1
    assert len(bench.sweep) == 0


def test_item_moved_by_another_one_that_is_due_at_the_same_time_is_asked_later(bench):
    items = []

    def move_others(item):
        for other in items:
            if other is not item and other.bucket is not None:
                bench.sweep.watch(other, bench.now + 100)

    items += [bench.watch(10, move_others) for _ in range(3)]
    bench.pass_time(30)
    assert sum(len(item.asked) for item in items) == 1
    bench.pass_time(300)
    assert [len(item.asked) for item in items] == [1, 1, 1]


def test_sweep_closed_by_an_item_asks_nobody_else(bench):
    items = [bench.watch(ms, lambda item: bench.sweep.close()) for ms in (10, 10, 10, 20, 20)]
    bench.now += 100
    bench.pass_time(1)
    assert sum(len(item.asked) for item in items) == 1
    assert all(item.bucket is None for item in items)


def test_exception_of_an_item_is_reported_and_the_others_are_asked(bench, reports):
    def fail(item):
        raise ValueError('on purpose')

    bad, good = bench.watch(10, fail), bench.watch(10)
    bench.pass_time(30)
    assert (len(bad.asked), len(good.asked)) == (1, 1)
    assert [(str(exc), where) for exc, where in reports] == [('on purpose', 'a deadline of Item')]
    assert bad.bucket is None
    reports.clear()


def test_a_thousand_items_need_one_timer(bench):
    for i in range(1000):
        bench.watch(i)
    assert timers.count() == 1
    assert len(bench.sweep) == 1000
