"""The target's side: `python3 -m firmware_tests [NAME ...]` runs the tests here, or those with NAME in their name."""

import os
import sys

from edgeio import compat

from . import harness


def describe():
    """One line that tells which machine and runtime the tests ran on."""
    version = '.'.join([str(n) for n in sys.implementation.version[:3]])
    machine = os.uname().machine if hasattr(os, 'uname') else sys.implementation._machine
    bits = 64 if sys.maxsize > 0xFFFFFFFF else 32
    return '%s %s, %s, %d bit, %s endian' % (sys.implementation.name, version, machine, bits, sys.byteorder)


def modules():
    """The names of the test modules in this folder, in order."""
    folder = __file__[: __file__.rfind('/')] if '/' in __file__ else '.'
    return sorted([name[:-3] for name in os.listdir(folder) if name.startswith('test_') and name.endswith('.py')])


def main(names):
    """Runs the tests; the process's exit code: 0 where at least one ran and none failed."""
    print('# ' + describe())
    compat.tune_gc()  # as the host of an app does: a small heap stays in one piece
    tally = harness.Tally()

    def wanted(test):
        return not names or any([name in test for name in names])

    for module in modules():
        harness.run_module(module, wanted, tally)
    for name in tally.failures:
        print('failed: ' + name)
    print(tally.closing_line())
    return 0 if tally.passed and not tally.failed else 1


sys.exit(main(sys.argv[1:]))
