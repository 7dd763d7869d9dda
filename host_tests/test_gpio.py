"""GPIO lines, with a chip that stands in for the kernel's (a real kernel's: the panel on the emulated board)."""

import threading

import pytest

from edgeio import gpio
from edgeio.errors import EdgeError, OptionError, StateError
from edgeio.gpio import Gpio
from host_tests.board.chip import Chip
from host_tests.looping import settle, turn_until

INPUT, OUTPUT, RISING, FALLING, PULL_UP, OPEN_DRAIN = 4, 8, 16, 32, 256, 64
"""linux/gpio.h: enum gpio_v2_line_flag"""


@pytest.fixture
def chip(monkeypatch):
    made = Chip()
    monkeypatch.setattr(gpio, '_system', lambda: made)
    return made


def test_output_begins_low_or_high_and_is_set(chip):
    low, high = Gpio(1), Gpio(2, Gpio.INIT_HIGH)
    assert (chip.levels[1], chip.levels[2]) == (0, 1)
    low.value = 1
    high.set(0)
    assert (chip.levels[1], chip.levels[2], low.value, high.value) == (1, 0, 1, 0)
    low.close()
    high.close()


@pytest.mark.parametrize(
    'flags, asked',
    [
        (0, OUTPUT), (Gpio.DIR_IN, INPUT), (Gpio.DIR_IN | Gpio.PULL_UP, INPUT | PULL_UP),
        (Gpio.OPEN_DRAIN, OUTPUT | OPEN_DRAIN), (Gpio.DIR_IN | Gpio.TRIG_RISE, INPUT | RISING),
        (Gpio.DIR_IN | Gpio.TRIG_FALL, INPUT | FALLING),
        (Gpio.DIR_IN | Gpio.TRIG_FALL | Gpio.TRIG_LEVEL, INPUT | RISING | FALLING),
    ],
)  # fmt: skip
def test_kernel_is_asked_for_what_the_flags_say(chip, flags, asked):
    line = Gpio(0, flags)
    assert chip.requests[0] == asked
    line.close()


@pytest.mark.parametrize(
    'number, flags',
    [
        (-1, 0), ('4', 0), (0, Gpio.DIR_IN | Gpio.INIT_HIGH), (0, Gpio.TRIG_RISE), (0, Gpio.PULL_UP | Gpio.PULL_DOWN),
        (0, Gpio.OPEN_DRAIN | Gpio.OPEN_SOURCE),
    ],
)  # fmt: skip
def test_flags_that_contradict_each_other_are_an_error_at_the_call(chip, number, flags):
    with pytest.raises(OptionError):
        Gpio(number, flags)


def test_line_in_use_and_line_that_is_not_there_are_told_apart(chip):
    line = Gpio(3)
    with pytest.raises(EdgeError, match='another program uses it'):
        Gpio(3)
    with pytest.raises(EdgeError, match='fewer lines'):
        Gpio(50)
    line.close()
    Gpio(3).close()


def test_input_is_read_and_cannot_be_set(chip):
    line = Gpio(0, Gpio.DIR_IN)
    chip.levels[0] = 1
    assert line.value == 1
    with pytest.raises(StateError, match='gpio.input'):
        line.value = 0
    line.close()
    with pytest.raises(StateError, match='gpio.closed'):
        assert line.value


def test_interrupts_come_through_the_loop_in_order(chip, reports):
    line = Gpio(0, Gpio.DIR_IN | Gpio.TRIG_RISE | Gpio.TRIG_FALL)
    seen = []
    line.on('interrupt', seen.append)
    for level in (1, 0, 1):
        chip.drive(0, level)
    turn_until(lambda: len(seen) == 3, 'the interrupts')
    assert seen == [1, 0, 1]
    line.close()


def test_line_without_a_trigger_refuses_an_interrupt_handler(chip):
    line = Gpio(0, Gpio.DIR_IN)
    with pytest.raises(StateError, match='TRIG_FALL or TRIG_RISE'):
        line.on('interrupt', print)
    line.close()


def test_level_trigger_goes_on_while_the_level_lasts(chip, reports):
    line = Gpio(0, Gpio.DIR_IN | Gpio.TRIG_RISE | Gpio.TRIG_LEVEL)
    seen = []
    line.on('interrupt', seen.append)
    chip.drive(0, 1)
    turn_until(lambda: len(seen) >= 4, 'more interrupts')
    chip.drive(0, 0)
    settle()
    count = len(seen)
    settle()
    assert len(seen) == count and set(seen) == {1}
    line.close()


def test_wait_returns_at_an_interrupt_or_after_its_time(chip):
    line = Gpio(0, Gpio.DIR_IN | Gpio.TRIG_RISE)
    assert line.wait(1) is False
    thread = threading.Timer(0.05, chip.drive, (0, 1))
    thread.start()
    assert line.wait(20000) is True
    thread.join()
    line.close()
