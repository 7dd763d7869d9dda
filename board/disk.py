"""Writing that a power cut cannot tear: a file is there whole, or it is not there.

The order is: write, fsync the file, rename it to its name, fsync the folder (open(2), rename(2), fsync(2)).
"""

import contextlib
import os
import shutil
from pathlib import Path


def replace_file(path, data, mode=0o644):
    """Writes `data` (bytes) to `path`: after a power cut either the old file is there, or the new one."""
    path = Path(path)
    draft = path.with_name(path.name + '.new')
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), 'wb') as file:
        file.write(data)
        sync_file(file)
    draft.rename(path)
    sync_folder(path.parent)


def sync_file(file):
    """What was written to `file` is on the disk when this returns."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder):
    """What was made, renamed or removed in `folder` is on the disk when this returns."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_tree(folder):
    """As `sync_folder`, for `folder` and the folders below it."""
    for path, _, _ in os.walk(folder, topdown=False):
        sync_folder(path)


def remove_tree(folder):
    """Removes `folder`, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def free_bytes(folder):
    """Bytes that can still be written below `folder`."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
