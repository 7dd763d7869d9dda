"""The runner itself: what counts as passed and what as failed."""

import io

from edgeio import iosched
from firmware_tests import harness


def _count(test):
    tally = harness.Tally(io.StringIO())
    harness.run_test('sample', test, tally)
    return tally


def test_returning_is_passing():
    harness.same(_count(lambda: None).closing_line(), '1 passed, 0 failed')


def test_raising_is_failing():
    def test():
        raise ValueError('on purpose')

    tally = _count(test)
    harness.same(tally.closing_line(), '0 passed, 1 failed')
    assert 'FAILED sample' in tally.out.getvalue() and 'on purpose' in tally.out.getvalue()


def test_coroutine_is_run_to_its_end():
    steps = []

    async def test():
        await iosched.sleep(1)
        steps.append('end')

    harness.same(_count(test).failed, 0)
    harness.same(steps, ['end'])


def test_coroutine_that_raises_fails():
    async def test():
        await iosched.sleep(1)
        raise ValueError('on purpose')

    harness.same(_count(test).failed, 1)


def test_error_reported_by_the_loop_fails_the_test():
    async def test():
        iosched.set_timeout(lambda: 1 / 0, 0)
        await iosched.sleep(5)

    harness.same(_count(test).failed, 1)


def test_same_shows_both_sides():
    error = harness.raises(AssertionError, harness.same, 1, 2)
    harness.same(str(error), 'seen 1, expected 2')


def test_raises_fails_where_nothing_is_raised():
    harness.raises(AssertionError, harness.raises, ValueError, len, '')
