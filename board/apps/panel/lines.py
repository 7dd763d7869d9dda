"""What can be switched and seen: GPIO inputs and outputs by name, and LEDs."""

from edgeio import apphost, gpio, leds
from edgeio.errors import EdgeError, OptionError
from edgeio.gpio import Gpio


class Panel:
    """Every line and LED of the board. changed(kind, name, value): called when one is another than before.

    kind: 'input', 'output' or 'led'. problems: why a line cannot be used (list of str).
    """

    def __init__(self, changed):
        self._changed = changed
        self.problems = []
        named = apphost.setting('gpio', {})
        chip = named.get('chip', gpio.CHIP)
        edges = Gpio.DIR_IN | Gpio.TRIG_RISE | Gpio.TRIG_FALL
        self._inputs = self._open(named.get('inputs', {}), lambda line: Gpio(line, edges, chip))
        self._outputs = self._open(named.get('outputs', {}), lambda line: Gpio(line, 0, chip))
        self._leds = self._open({name: name for name in leds.names()}, leds.Led)
        for name in self._inputs:
            self._follow(name)

    def state(self):
        """All of it: {'input': {name: level}, 'output': ..., 'led': {name: [brightness, highest]}, 'problems': ...}."""
        return {
            'input': {name: line.value for name, line in self._inputs.items()},
            'output': {name: line.value for name, line in self._outputs.items()},
            'led': {name: [led.value, led.max] for name, led in self._leds.items()},
            'problems': self.problems,
        }

    def set(self, kind, name, value):
        """Switches an output or a LED. OptionError for one that there is not."""
        kinds = {'output': self._outputs, 'led': self._leds}
        if kind not in kinds or name not in kinds[kind]:
            raise OptionError('panel.name', 'there is no such ' + str(kind), repr(name))
        kinds[kind][name].value = value
        self._changed(kind, name, kinds[kind][name].value)

    def _follow(self, name):
        self._inputs[name].on('interrupt', lambda level: self._changed('input', name, level))

    def _open(self, named, make):
        opened = {}
        for name in named:
            try:
                opened[name] = make(named[name])
            except EdgeError as exc:
                self.problems.append(name + ': ' + str(exc))
        return opened
