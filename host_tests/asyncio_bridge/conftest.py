"""Fixtures: asyncio under its two names, the loop that is stepped, turns counted."""

import asyncio
import importlib
import sys
from types import SimpleNamespace

import pytest

from edgeio import asyncio_bridge, iosched


@pytest.fixture(params=['asyncio', 'uasyncio'])
def aio(request, monkeypatch):
    """The module asyncio, or `uasyncio` (micropython-cpython-uasyncio), with the sleep_ms that it lacks."""
    if request.param == 'asyncio':
        return asyncio
    # Importing it changes asyncio itself: that ends with the test.
    monkeypatch.setattr(asyncio.tasks, 'Task', asyncio.tasks.Task)
    monkeypatch.setattr(asyncio.streams, 'StreamWriter', asyncio.streams.StreamWriter)
    monkeypatch.delitem(sys.modules, 'uasyncio', raising=False)
    module = importlib.import_module('uasyncio')
    monkeypatch.setattr(module, 'sleep_ms', lambda ms: asyncio.sleep(ms / 1000), raising=False)
    return module


@pytest.fixture
def stepped(reports):
    """Closes the asyncio loop that `iosched.poll` steps, at the end of the test."""
    yield
    asyncio_bridge.close()


@pytest.fixture
def turns(monkeypatch):
    """`turns.count`: how often `iosched.poll` was called."""
    counted, poll = SimpleNamespace(count=0), iosched.poll

    def counting(timeout=None):
        counted.count += 1
        return poll(timeout)

    monkeypatch.setattr(iosched, 'poll', counting)
    return counted
