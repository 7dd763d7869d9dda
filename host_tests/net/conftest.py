"""Fixtures: streams over loopback."""

import pytest

from host_tests.net.wires import Wire


@pytest.fixture
def make_wire():
    made = []

    def make(**options):
        made.append(Wire(**options))
        return made[-1]

    yield make
    for wire in made:
        wire.stream.abort()
        wire.peer.close()


@pytest.fixture
def wire(make_wire):
    return make_wire()


@pytest.fixture
def narrow(make_wire):
    """A wire with small buffers in the system, so that little is enough to fill it."""
    return make_wire(buffer=4096, limits=(10000, 1000000))
