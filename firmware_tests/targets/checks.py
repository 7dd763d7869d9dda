"""Checks of a machine, made from the desktop: one after another, each timed and counted."""

import time

from ..emulator.console import ConsoleError


class CheckError(Exception):
    """The machine did not behave; the text says what was seen and what was expected."""


def expect(condition, text):
    """CheckError with `text` unless `condition`."""
    if not condition:
        raise CheckError(text)


def run(title, checks, machine, evidence):
    """Runs the functions `checks` on `machine`, each of which stands on the ones before; (passed, failed).

    evidence: the command that shows, on the board's console, what went wrong.
    """
    for number, check in enumerate(checks):
        name = check.__name__.removeprefix('check_')
        started = time.monotonic()
        try:
            check(machine)
        except Exception as exc:
            print(f'FAILED {title}.{name}\n{type(exc).__name__}: {exc}\n{_show(machine, evidence)}', flush=True)
            return number, len(checks) - number
        words = f'{title}: {name.replace("_", " ")}'
        print(f'{words:88} {time.monotonic() - started:6.1f} s', flush=True)
    print(f'{title:24} {len(checks):3} passed', flush=True)
    return len(checks), 0


def _show(machine, evidence):
    if machine.console is None:
        return 'it is switched off'
    try:
        return machine.console.run(evidence)[1]
    except ConsoleError as exc:
        return str(exc)
