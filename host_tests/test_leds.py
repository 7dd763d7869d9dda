"""LEDs through sysfs, in a folder that looks like it. (Real ones: none on the emulated board.)"""

import pytest

from edgeio import leds
from edgeio.errors import EdgeError, OptionError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, highest in (('power', 1), ('status', 255)):
        (tmp_path / name).mkdir()
        for attribute, text in (
            ('brightness', '0\n'), ('max_brightness', f'{highest}\n'), ('trigger', 'none [heartbeat] timer\n')
        ):  # fmt: skip
            (tmp_path / name / attribute).write_text(text)
    monkeypatch.setattr(leds, 'FOLDER', str(tmp_path))
    return tmp_path


def test_leds_are_listed(folder):
    assert leds.names() == ['power', 'status']


def test_setting_a_brightness_ends_the_trigger(folder):
    led = leds.Led('status')
    led.value = 80
    assert (folder / 'status/brightness').read_text() == '80' and (folder / 'status/trigger').read_text() == 'none'
    assert led.value == 80 and led.on and led.max == 255


def test_true_is_the_highest_brightness(folder):
    led = leds.Led('status')
    led.value = True
    assert led.value == 255
    led.value = False
    assert not led.on


@pytest.mark.parametrize('brightness', [-1, 256, 1.5, 'on', None])
def test_brightness_out_of_range_is_an_error(folder, brightness):
    with pytest.raises(OptionError, match='0 to 255'):
        leds.Led('status').value = brightness


def test_trigger_is_read_and_set(folder):
    led = leds.Led('power')
    assert led.trigger == 'heartbeat'
    led.trigger = 'timer'
    assert (folder / 'power/trigger').read_text() == 'timer'
    with pytest.raises(OptionError, match='disco'):
        led.trigger = 'disco'


def test_unknown_led_lists_those_there_are(folder):
    with pytest.raises(EdgeError, match='power, status'):
        leds.Led('none')
