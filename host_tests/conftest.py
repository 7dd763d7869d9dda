"""Fixtures for all host tests: apps and Node.js programs as processes, and a browser."""

import os
import shutil

import hypothesis
import pytest

from edgeio import iosched, pollset, report
from edgeio.compat import Poller
from host_tests import processes
from host_tests.pairs import Pair
from host_tests.processes import App, app_command, run_node

# The same examples in every run, however slow the machine: a test that fails tells about the change that was made.
hypothesis.settings.register_profile('edgeio', deadline=None, derandomize=True)
hypothesis.settings.load_profile('edgeio')


@pytest.fixture(scope='session', autouse=True)
def no_process_is_left():
    """Fails the run where a test leaves a process behind, and names that test."""
    processes.adopt_orphans()
    yield
    left = processes.end_leftovers()
    assert not left, 'processes left by tests:\n' + '\n'.join(left)


@pytest.fixture
def reports():
    """The errors that the loop reports: [(exception, where), ...].

    A test that provokes some takes them out (`reports.clear()`); it fails on those left, and on a watched descriptor
    that it leaves behind.
    """
    found = []
    before = list(pollset.watchers.values())
    earlier = report.set_on_error(lambda exc, where: found.append((exc, where)))
    yield found
    report.set_on_error(earlier)
    left = [watcher for watcher in pollset.watchers.values() if watcher not in before]
    for watcher in left:
        pollset.forget(watcher)
    assert not found, f'reported by the loop: {found}'
    assert not left, f'still watched: {left}'


@pytest.fixture(params=['epoll', 'poll'])
def poller(request, monkeypatch):
    """A poll set of the test's own; each test that asks for it runs twice, under epoll and under poll."""
    made = Poller() if request.param == 'epoll' else Poller(None)
    assert made.forgets_closed == (request.param == 'epoll')
    monkeypatch.setattr(pollset, 'poller', made)
    yield made
    iosched.remove()
    made.close()


@pytest.fixture
def pair():
    """A Pair of sockets, closed at the end."""
    made = Pair()
    yield made
    iosched.remove()
    made.close()


@pytest.fixture
def pairs():
    """Four Pairs of sockets, closed at the end."""
    made = [Pair() for _ in range(4)]
    yield made
    iosched.remove()
    for each in made:
        each.close()


@pytest.fixture
def run_app(tmp_path):
    """`run_app(app, *arguments, env=None, expect_traceback=False)` starts a server, waits until it listens: an App.

    app: an app folder or a program file (from the project's top folder), or the text of a program. At the end of the
    test the app is ended; the test fails where it died or printed a traceback.
    """
    apps = []

    def start(app, *arguments, env=None, expect_traceback=False):
        started = App(app_command(app, tmp_path, arguments), env=env)
        started.expect_traceback = expect_traceback
        apps.append(started)
        return started

    yield start
    try:
        for app in apps:
            app.check()
    finally:
        for app in apps:
            app.stop()


@pytest.fixture
def node():
    """`node(script, **values)` runs a Node.js program with the values as JSON; the JSON values it printed."""
    return run_node


@pytest.fixture(scope='module')
def browser():
    """A headless Chromium. For a module only: while it is there, asyncio can't be used in this thread."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get('EDGEIO_CHROMIUM') or shutil.which('chromium')
    assert path, 'no chromium on PATH; this installs it (as root on Debian): python3 tools/test.py --setup'
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            # It must neither look for the world outside nor, as root, for a sandbox.
            args=['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
                  '--disable-background-networking', '--disable-component-update'],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """`open_page(url)` gives a page of a context of its own; an error on a page fails the test."""
    contexts, errors = [], []

    def open_it(url):
        context = browser.new_context(viewport={'width': 720, 'height': 560})
        contexts.append(context)
        page = context.new_page()
        page.on('pageerror', lambda error: errors.append(str(error)))
        page.goto(url)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert not errors, f'errors on a page: {errors}'
