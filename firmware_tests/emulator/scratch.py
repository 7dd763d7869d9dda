"""The boards' temporary folders. Each has the process that made it in its name: what a killed one leaves is found."""

import os
import re
import shutil
import tempfile
from pathlib import Path

PREFIX = 'edgeio-'


def folder(kind):
    """A new folder 'edgeio-KIND-PID-...' among the temporary ones. Those of processes that are gone are removed."""
    sweep()
    return Path(tempfile.mkdtemp(prefix=f'{PREFIX}{kind}-{os.getpid()}-'))


def sweep():
    """Removes what processes left behind that were ended by SIGKILL, and could not."""
    for path in Path(tempfile.gettempdir()).glob(PREFIX + '*'):
        found = re.match(PREFIX + r'(?:board|owner)-(\d+)-', path.name)
        if found and not _lives(int(found[1])):
            shutil.rmtree(path, ignore_errors=True)


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        pass
    return True
