"""The heap that the chat takes on 32 bits: MicroPython's WebAssembly build under Node.js, which has no sockets.

What it lacks is replaced by `standins`: the chat is loaded and listens, and nobody comes.
"""

import subprocess
from pathlib import Path

from firmware_tests.targets.person import NODE_MODULES

from .heap import APP

HERE = Path(__file__).parent

PACKAGE = '@micropython/micropython-webassembly-pyscript'

MISSING = f'not measured on 32 bits: no {PACKAGE} for Node.js; this sets it up: python3 tools/test.py --setup'


def in_use(library):
    """KB of heap in use when the chat listens; None where the build is not there. library: the folder it is in."""
    if not Path(NODE_MODULES, PACKAGE).exists():
        return None
    micropython = Path(NODE_MODULES, PACKAGE, 'micropython.mjs')
    command = ['node', HERE / 'wasm.mjs', micropython, library, HERE / 'standins', APP]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f'the chat does not listen on the WebAssembly build:\n{done.stderr}')
    return round(int(done.stdout) / 1024)
