"""The programs that make and run a machine: from the distribution's packages, unpacked into the build folder."""

from ..targets import build
from ..targets.debian import Archive, host_architecture

PACKAGES = ('qemu-system-arm', 'e2fsprogs')
"""The board's emulator, and mke2fs for its disk."""


def tool(path):
    """The command (list) that starts the program `path`, such as 'usr/bin/qemu-system-arm'."""
    root = build.made('tools', PACKAGES, _unpack)
    # They run with the libraries they came with, whatever this machine has.
    loader = next(root.glob('lib*/ld-linux*.so*'))
    libraries = ':'.join(str(folder) for place in ('lib', 'usr/lib') for folder in root.glob(f'{place}/*-linux-gnu*'))
    return [str(loader), '--library-path', libraries, str(root / path)]


def _unpack(root):
    build.say('fetching the emulator of a whole machine')
    Archive(host_architecture()).unpack(root, PACKAGES)
    build.say(f'emulator unpacked, {build.size_mb(root):.0f} MB')
