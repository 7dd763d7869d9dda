"""The board's kernel and the modules it cannot do without, from the distribution's kernel package."""

import re

from ..targets import build
from ..targets.debian import Archive
from . import uimage

META_PACKAGE = 'linux-image-armmp'

WANTED = ('virtio_mmio', 'virtio_pci', 'virtio_blk', 'virtio_net', 'crc32c_generic', 'ext4', 'softdog', 'leds-gpio')
"""Bus, disk, network, file system (ext4 asks for crc32c by name), watchdog, LEDs; built-in ones are passed over."""

UNPACKED = (
    './boot/vmlinuz-*',
    '*/modules.builtin',
    '*/kernel/drivers/virtio/*',
    '*/kernel/drivers/net/*',
    '*/kernel/drivers/block/*',
    '*/kernel/drivers/watchdog/softdog.ko*',
    '*/kernel/drivers/leds/*',
    '*/kernel/fs/*',
    '*/kernel/net/core/*',
    '*/kernel/lib/*',
    '*/kernel/crypto/*',
)


class Kernel:
    """image: the path of the kernel; modules: the paths of its modules, each after those that it needs."""

    def __init__(self, folder):
        self.image = next(folder.glob('boot/uImage'), None) or next(folder.glob('boot/vmlinuz-*'))
        self._paths = {_name(path): path for path in folder.rglob('*.ko')}
        self._builtin = {_name(line) for line in next(folder.rglob('modules.builtin')).read_text().split()}
        self.modules = []
        for name in WANTED:
            self._add(name.replace('-', '_'))

    def _add(self, name):
        if name in self._builtin:
            return
        path = self._paths.get(name)
        if path is None:
            raise build.TargetError(f'the kernel {self.image.name} has no module {name}')
        for needed in _dependencies(path):
            self._add(needed)
        if path not in self.modules:
            self.modules.append(path)


def make():
    """The Kernel, fetched unless it is there."""
    return Kernel(build.made('kernel', (META_PACKAGE, UNPACKED, uimage.LOAD_ADDRESS), _unpack))


def _unpack(folder):
    archive = Archive('armhf')
    package = archive.dependency(META_PACKAGE, 'linux-image-')
    build.say(f'fetching {package}')
    archive.unpack_single(folder, package, UNPACKED)
    unpacked = uimage.make(next(folder.glob('boot/vmlinuz-*')).read_bytes())
    if unpacked is not None:
        (folder / 'boot/uImage').write_bytes(unpacked)


def _dependencies(path):
    # A module names what it needs in its .modinfo section, as zero-terminated "depends=a,b" (kernel/module).
    found = re.search(rb'\0depends=([^\0]*)\0', path.read_bytes())
    return [name.replace('-', '_') for name in found[1].decode().split(',') if name] if found else []


def _name(path):
    return str(path).rsplit('/', 1)[-1].split('.ko')[0].replace('-', '_')
