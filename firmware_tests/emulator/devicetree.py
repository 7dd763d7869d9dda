"""The emulated board's device tree with a LED in it: qemu's own tree, and a leds-gpio node on a pin of its GPIO chip.

The flattened form: Devicetree Specification 0.4, chapter 5.
"""

import struct
import subprocess

from ..targets import build
from .machine import HARDWARE, PROCESSOR
from .tools import tool

LED, LED_LINE = 'status', 6
"""The name of the LED, and the line of the GPIO chip that it is on."""

BEGIN_NODE, END_NODE, PROP = 1, 2, 3
_HEADER = struct.Struct('>10I')
_CHIP = b'pl061@9030000\0'


def make(memory):
    """The path of the tree for a board with `memory` MiB."""
    recipe = (HARDWARE, PROCESSOR, LED, LED_LINE)
    with build.locked():
        folder = build.made(f'devicetree-{memory}', recipe, lambda folder: _make(folder, memory))
    return folder / 'board.dtb'


def _make(folder, memory):
    dumped = folder / 'dumped.dtb'
    board = ['-M', f'{HARDWARE},dumpdtb={dumped}', '-cpu', PROCESSOR, '-m', str(memory)]
    command = [*tool('usr/bin/qemu-system-arm'), *board, '-display', 'none', '-nodefaults']
    done = subprocess.run(command, capture_output=True, text=True)
    if not dumped.exists():
        raise build.TargetError(f'the emulator gave no device tree: {done.stderr.strip()}')
    (folder / 'board.dtb').write_bytes(with_led(dumped.read_bytes()))


def with_led(tree):
    """`tree` (bytes) with the LED."""
    magic, _, at, strings_at, reserved_at, version, oldest, cpu, strings_size, size = _HEADER.unpack_from(tree)
    nodes, strings = tree[at : at + size], bytearray(tree[strings_at : strings_at + strings_size])
    led = struct.pack('>III', _phandle(nodes, strings), LED_LINE, 0)
    node = _node(
        'leds',
        _property(strings, 'compatible', b'gpio-leds\0')
        + _node(LED, _property(strings, 'label', LED.encode() + b'\0') + _property(strings, 'gpios', led)),
    )
    # Before the end of the root node, which is the last but one word.
    nodes = nodes[:-8] + node + nodes[-8:]
    reserved = tree[reserved_at:at]
    at = reserved_at + len(reserved)
    strings_at = at + len(nodes)
    header = _HEADER.pack(
        magic, strings_at + len(strings), at, strings_at, reserved_at, version, oldest, cpu, len(strings), len(nodes)
    )
    return header + tree[_HEADER.size : reserved_at] + reserved + nodes + bytes(strings)


def _phandle(nodes, strings):
    """The number by which other nodes refer to the GPIO chip."""
    place = _aligned(nodes.index(_CHIP) + len(_CHIP))
    while struct.unpack_from('>I', nodes, place)[0] == PROP:
        length, name = struct.unpack_from('>II', nodes, place + 4)
        if strings[name : strings.index(0, name)] == b'phandle':
            return struct.unpack_from('>I', nodes, place + 12)[0]
        place = _aligned(place + 12 + length)
    raise build.TargetError('the GPIO chip of the emulated board has no phandle')


def _node(name, content):
    return struct.pack('>I', BEGIN_NODE) + _padded(name.encode() + b'\0') + content + struct.pack('>I', END_NODE)


def _property(strings, name, value):
    place = len(strings)
    strings += name.encode() + b'\0'
    return struct.pack('>III', PROP, len(value), place) + _padded(value)


def _padded(data):
    return data + bytes(-len(data) % 4)


def _aligned(place):
    return place + -place % 4
