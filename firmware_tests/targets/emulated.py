"""ARM Python under qemu's user mode emulation: a real ARM build, started like any other program."""

import shutil
import subprocess
import sys
from pathlib import Path

from . import build, isolation
from .debian import Archive, host_architecture

PACKAGES = ('python3-minimal', 'libpython3-stdlib')
"""python3-minimal alone lacks json and asyncio."""

UNUSED = ('usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/lintian')

COMPILED = ('usr/lib/python3.*', 'usr/lib/python3/dist-packages')
"""The standard library, and the distribution's other packages for Python."""

RECIPE = (PACKAGES, UNUSED, COMPILED)
"""What a minimal system is made from."""

PROCESSORS = {
    # architecture: (emulator, processor that it shows)
    'armhf': ('qemu-arm-static', 'cortex-a7'),
    'armel': ('qemu-arm-static', 'arm926'),
    'arm64': ('qemu-aarch64-static', 'cortex-a53'),
}


def command(architecture):
    """The command that starts Python on `architecture`, to be followed by Python's own arguments."""
    processor = PROCESSORS[architecture][1]
    with build.locked():
        qemu = emulator(architecture)
        root = build.made(f'root-{architecture}', RECIPE, lambda folder: unpack_root(folder, architecture))
    isolated = [sys.executable, isolation.__file__]
    return [*isolated, str(qemu), '-cpu', processor, '-L', str(root), str(python_of(root))]


def emulator(architecture):
    """The path of the program that runs a single program of `architecture`."""
    name = PROCESSORS[architecture][0]
    return build.made(f'emulator-{name}', name, lambda folder: _unpack_emulator(folder, name)) / name


def python_of(root):
    """The path of the Python program in `root`."""
    return next(path for path in sorted(root.glob('usr/bin/python3.*')) if path.suffix[1:].isdigit())


def unpack_root(root, architecture, extra=()):
    """Unpacks a minimal system with Python for `architecture`, its modules compiled."""
    build.say(f'{architecture}: fetching Python from the distribution')
    Archive(architecture).unpack(root, (*PACKAGES, *extra))
    for unused in (*UNUSED, *_unused_modules(root)):
        shutil.rmtree(root / unused, ignore_errors=True)
    link = root / 'usr/bin/python3'
    link.unlink(missing_ok=True)
    link.symlink_to(python_of(root).name)
    for pattern in COMPILED:
        for folder in root.glob(pattern):
            compile_folder(root, folder.relative_to(root), architecture)
    build.say(f'{architecture}: Python unpacked, {build.size_mb(root):.0f} MB')


def _unused_modules(root):
    library = python_of(root).name
    return [f'usr/lib/{library}/{name}' for name in ('test', 'idlelib', 'lib2to3', 'turtledemo', 'ensurepip')]


def compile_folder(root, folder, architecture):
    """Compiles the modules below `folder` of `root`, for the Python that is in `root`."""
    # Unchecked: an import neither compiles nor looks at the source, which makes it four times faster when emulated.
    # The machine's own Python compiles 20 times faster, but only the same version writes what the target can read.
    python = python_of(root)
    same = python.name == f'python{sys.version_info[0]}.{sys.version_info[1]}'
    runner = [sys.executable] if same else [str(emulator(architecture)), '-L', str(root), str(python)]
    arguments = ['-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash', '-s', str(root), '-p', '/']
    # The standard library has files for tests of the compiler that do not compile: its exit code says nothing.
    subprocess.run([*runner, *arguments, str(root / folder)], capture_output=True, check=False)


def _unpack_emulator(folder, name):
    build.say('fetching ' + name)
    member = './usr/bin/' + name
    Archive(host_architecture()).unpack_single(folder, 'qemu-user-static', [member])
    Path(folder / member).rename(folder / name)
