"""The board's image: kernel, first file system, and a disk with BusyBox, Python and what a test puts on it."""

import os
import shutil
import subprocess
from pathlib import Path

from ..targets import build, emulated
from . import initramfs, kernel
from .tools import tool

DISK_MB = 160
"""The size of the disk; about a third is in use."""

ARCHITECTURE = 'armhf'

EXTRA = ('busybox-static', 'python3-cbor2')
"""The system's own programs, and what the agent needs beside Python."""

INITS = {
    # init: (further packages, the board's own files, laid over the distribution's)
    'busybox': ((), Path(__file__).parent / 'board_root'),
    'systemd': (('systemd', 'systemd-sysv', 'udev'), Path(__file__).parent / 'systemd_root'),
}

IGNORED = shutil.ignore_patterns('__pycache__', 'node_modules', '.*')

FOLDERS = ('proc', 'sys', 'dev', 'tmp', 'root', 'run', 'mnt', 'opt/app')


class Image:
    """Paths of what a machine boots from: kernel, initramfs and disk. The disk is a master, never written to."""

    def __init__(self, kernel_path, initramfs_path, disk_path):
        self.kernel = kernel_path
        self.initramfs = initramfs_path
        self.disk = disk_path


def make(payload=(), init='busybox'):
    """The Image with `payload` on its disk: pairs of a file or folder here and its place there ('opt/app').

    init: what runs first, 'busybox' or 'systemd'. Nothing is made twice: the distribution's part is kept, the disk is
    made again when a file of the payload changed.
    """
    packages, files = INITS[init]
    packages = (*EXTRA, *packages)
    suffix = '' if init == 'busybox' else '-' + init
    with build.locked():
        core = kernel.make()
        system = (emulated.RECIPE, packages)
        base = build.made('board' + suffix, system, _unpacker(packages))
        packed = build.made('initramfs', ('cpio', initramfs.INIT, core.modules), lambda f: _pack(f, base, core))
        payload_seen = [(_fingerprint(source), place) for source, place in payload]
        recipe = (system, DISK_MB, FOLDERS, _fingerprint(files), payload_seen)
        disk = build.made('disk' + suffix, recipe, lambda folder: _make_disk(folder, base, files, payload))
        return Image(core.image, packed / 'initramfs.cpio', disk / 'disk.ext4')


def _unpacker(packages):
    return lambda root: emulated.unpack_root(root, ARCHITECTURE, packages)


def _pack(folder, base, core):
    (folder / 'initramfs.cpio').write_bytes(initramfs.pack(base / 'bin/busybox', core.modules))


def _make_disk(folder, base, files, payload):
    root = folder / 'root'
    shutil.copytree(base, root, symlinks=True)
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    shutil.copytree(files, root, dirs_exist_ok=True)
    for name in ('sbin/init', 'bin/sh'):  # the others are made by the board itself, as it starts
        if not (root / name).is_symlink():
            (root / name).symlink_to('/bin/busybox')
    for source, place in payload:
        _lay(source, root / place)
        emulated.compile_folder(root, place, ARCHITECTURE)
    path = folder / 'disk.ext4'
    with open(path, 'wb') as disk:
        disk.truncate(DISK_MB * 1024 * 1024)
    made = subprocess.run(
        [*tool('sbin/mke2fs'), '-q', '-t', 'ext4', '-m', '0', '-d', str(root), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise build.TargetError(f'mke2fs failed: {made.stderr.strip()}')
    shutil.rmtree(root)
    build.say(f'disk made, {os.stat(path).st_blocks * 512 / 1e6:.0f} MB of {DISK_MB} in use')


def _lay(source, place):
    if source.is_dir():
        shutil.copytree(source, place, ignore=IGNORED, dirs_exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, place)


def _fingerprint(source):
    paths = sorted(source.rglob('*')) if source.is_dir() else [source]
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths if path.is_file()]
