"""The build folder: what is made once and used by every run, with a lock, stamps and a progress report."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get('EDGEIO_BUILD', ROOT / '.build')).resolve()
"""Where everything that can be made again is kept; set EDGEIO_BUILD to keep it elsewhere."""

_started = time.monotonic()


class TargetError(Exception):
    """A target cannot be set up; the text says what was seen and which command helps."""


def say(text):
    """Reports progress, with the seconds since the start, on stderr."""
    print(f'[{time.monotonic() - _started:6.1f} s] {text}', file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked():
    """Holds the build folder for this process: two runs at once would unpack over each other."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / 'lock', 'w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say('waiting for another run that is using ' + str(FOLDER))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made(name, recipe, make):
    """The folder `name` of the build folder, filled by `make(folder)` unless the same `recipe` filled it before.

    recipe: anything whose repr changes when the result would; a failed `make` leaves no folder behind.
    """
    folder, stamp = FOLDER / name, FOLDER / (name + '.stamp')
    digest = hashlib.sha256(repr(recipe).encode()).hexdigest()
    if folder.is_dir() and stamp.is_file() and stamp.read_text() == digest:
        return folder
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        make(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    stamp.write_text(digest)
    return folder


def size_mb(folder):
    """Megabytes of the files below `folder`."""
    return sum(path.lstat().st_size for path in folder.rglob('*')) / 1e6
