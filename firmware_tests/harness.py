"""Runs test functions and counts them, on CPython and MicroPython alike, with nothing installed.

A test is a function `test_*` of a module `test_*.py` in this folder. It passes when it returns. A coroutine function
is run by `edgeio.iosched`, so that a server and its client share one process and one loop.
"""

import gc
import sys

from edgeio import compat, iosched, pollset

PATIENCE_MS = 60000
"""How long a test may wait for something, in ms: it only ends what hangs, so an emulated board must not reach it."""

LEAK_MS = 10000
"""How long a test's connections may take to close after its end, in ms."""


class Tally:
    """How many tests passed and failed, and which ones failed. out: the file that failures are printed to."""

    def __init__(self, out=sys.stdout):
        self.out = out
        self.passed = 0
        self.failures = []

    @property
    def failed(self):
        """The number of failed tests."""
        return len(self.failures)

    def closing_line(self):
        """The line that ends every run, on every target."""
        return '%d passed, %d failed' % (self.passed, self.failed)


def run_module(name, wanted, tally):
    """Imports `firmware_tests.<name>` and runs those of its tests for which `wanted(test name)` is true."""
    full = 'firmware_tests.' + name
    try:
        __import__(full)
    except Exception as exc:
        _failed(tally, name, exc)
        return
    module = sys.modules.pop(full)
    tests = sorted([test for test in dir(module) if test.startswith('test_') and wanted(name + '.' + test)])
    before, started = tally.passed, compat.monotonic_ms()
    for test in tests:
        run_test(name + '.' + test, getattr(module, test), tally)
    if tests:
        seconds = (compat.monotonic_ms() - started) / 1000
        print('%-24s %3d passed %6.1f s' % (name, tally.passed - before, seconds), file=tally.out)
    # A module is dropped once it has run: the whole suite must fit in a small heap.
    module = tests = None
    gc.collect()


def run_test(name, test, tally):
    """Runs one test and counts it. It also fails if the loop reported an error or a descriptor stayed open."""
    try:
        outcome = test()
        if compat.is_generator(outcome):
            _run_coroutine(outcome)
        until(lambda: not pollset.watchers, 'every descriptor to be closed', LEAK_MS)
        if reports:
            raise reports[0][0]
    except Exception as exc:
        _failed(tally, name, exc)
    else:
        tally.passed += 1
    reports.clear()
    for watcher in list(pollset.watchers.values()):
        pollset.forget(watcher)


def _failed(tally, name, exc):
    tally.failures.append(name)
    print('FAILED ' + name, file=tally.out)
    compat.print_exception(exc, tally.out)
    for exc, where in reports:
        print('reported meanwhile, in ' + str(where) + ':', file=tally.out)
        compat.print_exception(exc, tally.out)


# -- the loop ----------------------------------------------------------------------------------------------------

reports = []
"""(exception, where) of what the loop reported in this test; a test that expects a report calls `take_reports`."""

iosched.set_on_error(lambda exc, where: reports.append((exc, where)))


def take_reports():
    """What the loop has reported since it was last asked: [(exception, where), ...]."""
    taken = reports[:]
    reports.clear()
    return taken


def _run_coroutine(coroutine):
    task = iosched.spawn(_keep_quiet(coroutine))
    until(lambda: task.settled, 'the end of the test')
    if task.value is not None:
        raise task.value


async def _keep_quiet(coroutine):
    # The exception is the task's result, so that the loop does not report it as well.
    try:
        await coroutine
    except Exception as exc:
        return exc


def until(condition, what, ms=PATIENCE_MS):
    """Polls the loop until `condition()` is true; AssertionError, naming `what` was awaited, after `ms`."""
    deadline = compat.monotonic_ms() + ms
    while not condition():
        assert compat.monotonic_ms() < deadline, 'waited %d s for %s' % (ms // 1000, what)
        iosched.poll(20)


# -- what asserts need -------------------------------------------------------------------------------------------


def same(seen, expected):
    """Asserts equality and shows both sides; a bare assert shows neither on MicroPython."""
    if seen != expected:
        raise AssertionError('seen %s, expected %s' % (_short(seen), _short(expected)))


def raises(kind, call, *args):
    """The exception of type `kind` that `call(*args)` raises; AssertionError where it raises none."""
    try:
        result = call(*args)
    except kind as exc:
        return exc
    raise AssertionError('%s was not raised; the call gave %s' % (kind.__name__, _short(result)))


def _short(value):
    text = repr(value)
    return text if len(text) <= 400 else text[:397] + '...'
