"""Serial lines as streams in the poll loop, over a terminal pair."""

import os
import termios
import tty

import pytest

from edgeio import uart
from edgeio.errors import EdgeError, OptionError
from host_tests.looping import settle, turn_until


class Keeper:
    """A protocol that keeps what comes."""

    def __init__(self):
        self.data = b''
        self.closed = []
        self.drained = 0

    def feed(self, data, end):
        self.data += bytes(data[:end])

    def on_eof(self):
        self.closed.append('eof')

    def on_drain(self):
        self.drained += 1

    def on_close(self, reason):
        self.closed.append(reason)


@pytest.fixture
def line(reports):
    """(the far end's descriptor, the path of the near end)."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    yield master, os.ttyname(slave)
    for fd in (slave, master):
        try:
            os.close(fd)
        except OSError:
            pass  # the test pulled the cable


def test_every_byte_goes_both_ways(line):
    far, path = line
    keeper = Keeper()
    stream = uart.open_uart(path, 115200, protocol=keeper)
    every = bytes(range(256))
    os.write(far, every)
    turn_until(lambda: keeper.data == every, 'the input')
    stream.write(every)
    settle()
    assert os.read(far, 1000) == every
    stream.abort()
    assert keeper.closed == ['forced close']


def test_output_waits_for_a_slow_reader(line):
    far, path = line
    keeper = Keeper()
    stream = uart.open_uart(path, protocol=keeper)
    blob = os.urandom(200000)
    stream.write(blob)
    got = b''

    def read():
        nonlocal got
        try:
            got += os.read(far, 4096)
        except BlockingIOError:
            pass
        return len(got) == len(blob)

    settle(3)
    assert not stream.writable
    turn_until(read, 'the output')
    assert got == blob and keeper.drained == 1
    stream.abort()


def test_pulled_cable_ends_the_stream(line):
    far, path = line
    keeper = Keeper()
    stream = uart.open_uart(path, protocol=keeper)
    os.close(far)
    turn_until(lambda: keeper.closed, 'the end')
    stream.abort()
    assert stream.closed


def test_line_is_raw_at_the_speed_asked_for(line):
    _, path = line
    stream = uart.open_uart(path, 9600, protocol=Keeper())
    iflag, oflag, cflag, lflag, ispeed, ospeed, characters = termios.tcgetattr(stream.fd)
    assert (iflag, oflag, lflag) == (0, 0, 0) and ispeed == ospeed == termios.B9600
    assert cflag & termios.CLOCAL and cflag & termios.CSIZE == termios.CS8 and characters[termios.VMIN] == 1
    stream.abort()


def test_unknown_speed_lists_those_there_are():
    with pytest.raises(OptionError, match=r'115201.*9600.*115200'):
        uart.open_uart('/dev/null', 115201)


@pytest.mark.parametrize('path', ['/dev/none', '/dev/null'])
def test_what_is_no_serial_line_is_an_error_with_its_path(path):
    with pytest.raises(EdgeError, match=f'uart.open|{path}') as raised:
        uart.open_uart(path)
    assert raised.value.code == 'uart.open' and path in str(raised.value)
