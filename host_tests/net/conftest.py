"""Fixtures: streams over loopback."""

import pytest

from host_tests.net.wires import Wire, wires


@pytest.fixture
def make_wire():
    yield from wires(Wire)


@pytest.fixture
def wire(make_wire):
    return make_wire()


@pytest.fixture
def narrow(make_wire):
    """A wire with small buffers in the system, so that little is enough to fill it."""
    return make_wire(buffer=4096, limits=(10000, 1000000))
