"""Where things are, seen from the desktop."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / '.venv'
PYTHON = VENV / 'bin' / 'python'
NODE = ROOT / 'host_tests' / 'node'
BUILD = Path(os.environ.get('EDGEIO_BUILD', ROOT / '.build')).resolve()
"""What can be made again: caches, reports, screenshots. EDGEIO_BUILD keeps it elsewhere."""
