"""Boards with the agent on them, and everything that can go wrong with them: several at the same time, each in a
process of its own, because most of what they do is waiting."""

import multiprocessing
import os
import signal
import sys

from ..emulator import image
from ..emulator.machine import die_with_parent
from ..emulator.owner import PAYLOAD
from . import agent, build, power, systemd
from .person import require_client

BOARDS = {
    # name: (what runs its checks, the init on its disk)
    'agent': (agent.run, 'busybox'),
    'systemd': (systemd.run, 'systemd'),
    'power-sent': (power.run_sent, 'busybox'),
    'power-trial': (power.run_trial, 'busybox'),
}

END_SECONDS = 8
"""Time for a process that is interrupted to switch its board off."""


def run(names):
    """Runs the checks of the boards `names`, of all where there are none; (passed, failed)."""
    unknown = [name for name in names if name not in BOARDS]
    if unknown:
        raise build.TargetError(f'no board {unknown[0]!r}; those of the target deploy are: {", ".join(BOARDS)}')
    require_client()
    images = {init: image.make(PAYLOAD, init) for init in ('busybox', 'systemd')}
    context = multiprocessing.get_context('fork')
    counts = context.SimpleQueue()
    processes = []
    try:
        for name in names or BOARDS:
            check, init = BOARDS[name]
            processes.append(context.Process(target=_run_board, args=(check, images[init], counts), name=name))
            processes[-1].start()
        build.say(f'starting {len(processes)} boards')
        for process in processes:
            process.join()
    finally:
        _end(processes)
    return _sum(processes, counts)


def _run_board(check, image, counts):
    # In a group of its own: an interrupt from the terminal comes once, passed on by the parent.
    os.setpgid(0, 0)
    die_with_parent(signal.SIGINT)
    try:
        counts.put(check(image))
    except KeyboardInterrupt:
        sys.exit(1)


def _end(processes):
    for process in processes:
        if process.is_alive():
            os.kill(process.pid, signal.SIGINT)
    for process in processes:
        process.join(END_SECONDS)
        process.kill()


def _sum(processes, counts):
    broken = [process for process in processes if process.exitcode]
    for process in broken:
        print(f'the checks of the board {process.name} broke off, exit code {process.exitcode}', flush=True)
    passed, failed = 0, len(broken)
    while not counts.empty():
        more = counts.get()
        passed, failed = passed + more[0], failed + more[1]
    return passed, failed
