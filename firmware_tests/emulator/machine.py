"""A board: a Cortex-A7 with serial lines, a disk and a network card, emulated by qemu-system-arm.

Its network is restricted: nothing leads out of it. What leads in is a port of 127.0.0.1 for each `forward`.
"""

import ctypes
import re
import shutil
import signal
import subprocess

from . import scratch
from .console import Console
from .monitor import Monitor
from .tools import tool

HARDWARE, PROCESSOR = 'virt,highmem=off', 'cortex-a7'
"""What the emulator calls the board, and its processor."""

BOOT_SECONDS = 120
"""Time for the board to come up; about 4 s on an idle desktop."""

MONITOR_SECONDS = 10
"""Time for the emulator to open its control channel."""

PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(number=signal.SIGKILL):
    """Has this process get the signal `number` when the one that started it ends, however it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


class MachineError(Exception):
    """The machine did not start; the text has the emulator's own words."""


class Machine:
    """A board with `memory` MiB that boots from `image`.

    extra: further arguments of qemu-system-arm; reboot: whether a reset of the guest (a watchdog's) boots it again.
    Usable with `with`. The disk is a copy and lasts from the first `start` to `stop`: a power cut keeps it.
    """

    def __init__(self, image, memory=64, extra=(), reboot=True):
        self.image = image
        self.memory = memory
        self.console = None
        self.uart2 = None
        self._extra = [*extra] if reboot else [*extra, '-no-reboot']
        self._folder = None
        self._process = None
        self._monitor = None
        self._forwards = {}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc_info):
        self.stop()

    @property
    def running(self):
        """True while the emulator runs."""
        return self._process is not None and self._process.poll() is None

    def start(self, log_in=True):
        """Switches the power on and waits until the console has a shell (unless `log_in` is False)."""
        if self._folder is None:
            self._folder = scratch.folder('board')
            subprocess.run(['cp', '--sparse=always', self.image.disk, self._folder / 'disk'], check=True)
        control = self._folder / 'control'
        control.unlink(missing_ok=True)
        with open(self._folder / 'emulator.log', 'w') as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent
            )
        try:
            self._connect(control)
            if log_in:
                self.console.log_in(BOOT_SECONDS)
        except BaseException:
            self.cut_power()
            raise

    def forward(self, guest_port):
        """The port of 127.0.0.1 that leads to `guest_port` of the board (int); it stays the same after a power cut."""
        if guest_port not in self._forwards:
            self._forwards[guest_port] = self._open_forward(guest_port, 0)
        return self._forwards[guest_port]

    def cut_power(self):
        """Stops the machine between two instructions. What it had not written to its disk is lost; `start` boots it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for part in (self.console, self._monitor):
            if part is not None:
                part.close()
        self._process = self._monitor = self.console = self.uart2 = None

    def set_link(self, up):
        """Plugs the network cable in (True) or out (False)."""
        self._monitor.execute('set_link', name='network', up=up)

    def monitor(self, line):
        """Runs a command of the emulator's own monitor; its output (str)."""
        return self._monitor.human(line)

    def stop(self):
        """Switches off for good; the disk is gone."""
        self.cut_power()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        self._forwards.clear()

    def _connect(self, control):
        try:
            self._monitor = Monitor(control, MONITOR_SECONDS)
        except Exception as exc:
            raise MachineError(f'{exc}\n{(self._folder / "emulator.log").read_text().strip()}') from None
        terminals = {device['label']: device['filename'] for device in self._monitor.execute('query-chardev')}
        self.console = Console(terminals['console'].removeprefix('pty:'))
        self.uart2 = terminals['uart2'].removeprefix('pty:')
        for guest_port, port in self._forwards.items():
            self._open_forward(guest_port, port)

    def _open_forward(self, guest_port, port):
        answer = self.monitor(f'hostfwd_add network-back tcp:127.0.0.1:{port}-:{guest_port}')
        found = re.search(
            rf'TCP\[HOST_FORWARD\].* 127\.0\.0\.1 +(\d+) +\S+ +{guest_port}\b', self.monitor('info usernet')
        )
        if found is None:
            raise MachineError(f'port {guest_port} of the board cannot be reached: {answer.strip()}')
        return int(found[1])

    def _command(self):
        return [
            *tool('usr/bin/qemu-system-arm'),
            *('-M', HARDWARE, '-cpu', PROCESSOR, '-m', str(self.memory), '-accel', 'tcg,tb-size=64'),
            *('-nodefaults', '-display', 'none', '-monitor', 'none'),
            *('-kernel', str(self.image.kernel), '-initrd', str(self.image.initramfs)),
            *('-append', 'console=ttyAMA0,115200 quiet panic=1'),
            *('-chardev', 'pty,id=console', '-serial', 'chardev:console'),
            *('-chardev', 'pty,id=uart2', '-device', 'pci-serial,chardev=uart2'),
            *(
                '-drive',
                f'if=none,id=disk,file={self._folder / "disk"},format=raw',
                '-device',
                'virtio-blk-device,drive=disk',
            ),
            *('-netdev', 'user,id=network-back,restrict=on'),
            *('-device', 'virtio-net-device,id=network,netdev=network-back'),
            *('-qmp', f'unix:{self._folder / "control"},server=on,wait=off'),
            *self._extra,
        ]
