"""The board's LEDs, through sysfs (Linux: Documentation/leds/leds-class.rst). Needs the permission `devices`."""

import os

from . import permission
from .errors import EdgeError, OptionError

FOLDER = '/sys/class/leds'


def names():
    """The LEDs of the board, sorted (list of str)."""
    try:
        return sorted(os.listdir(FOLDER))
    except OSError:
        return []


class Led:
    """The LED `name`. EdgeError `led.none` where the board has none of that name."""

    def __init__(self, name):
        permission.require('devices')
        self.name = name
        if name not in names():
            raise EdgeError('led.none', 'no such LED: ' + str(name), expected=', '.join(names()) or 'none here')
        self.max = int(self._read('max_brightness'))

    @property
    def value(self):
        """Its brightness, 0 to `max`. Setting one ends what the trigger did."""
        return int(self._read('brightness'))

    @value.setter
    def value(self, brightness):
        if isinstance(brightness, bool):
            brightness = self.max if brightness else 0
        if not isinstance(brightness, int) or not 0 <= brightness <= self.max:
            raise OptionError('led.value', 'not a brightness', repr(brightness), '0 to ' + str(self.max))
        self._write('trigger', 'none')
        self._write('brightness', str(brightness))

    @property
    def on(self):
        """True while it shines."""
        return self.value > 0

    @property
    def trigger(self):
        """What makes it shine: 'none' (the app), 'heartbeat', 'timer', ..."""
        for word in self._read('trigger').split():
            if word[:1] == '[':
                return word[1:-1]
        return 'none'

    @trigger.setter
    def trigger(self, name):
        known = [word.strip('[]') for word in self._read('trigger').split()]
        if name not in known:
            raise OptionError('led.trigger', 'no such trigger', repr(name), ', '.join(known))
        self._write('trigger', name)

    def _read(self, attribute):
        with open(FOLDER + '/' + self.name + '/' + attribute) as file:
            return file.read()

    def _write(self, attribute, text):
        path = FOLDER + '/' + self.name + '/' + attribute
        try:
            with open(path, 'w') as file:
                file.write(text)
        except OSError as exc:
            raise EdgeError(
                'led.write', 'the LED ' + self.name + ' cannot be set', path + ': ' + str(exc),
                setting='a group that may write there: board/systemd/60-edgeio.rules',
            ) from None  # fmt: skip
