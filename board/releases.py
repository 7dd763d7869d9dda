"""The releases of the app on the board's disk. A power cut at any point leaves the old one or the new one, whole.

    STATE/releases/0007-1f3a9c20/app/...        a release: the app's files, never changed
    STATE/releases/0007-1f3a9c20/release.json   what it is made of: {path: [size, hash, mode]}
    STATE/releases/*.draft                      one that is being made; removed at the start
    STATE/incoming/<hash>                       files that a push has brought so far; they survive a cut line
    STATE/active.json                           which release is to run: replaced by one rename, nothing else decides

A new release is on trial until it has shown itself healthy; `fallback` is where a failed trial goes back to.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from edgeio.errors import EdgeError

from . import disk

MAX_FILES = 4096
"""Files of an app, at most."""

MAX_FILE = 67108864
"""Bytes of one file, at most."""

MAX_PATH = 255
"""Characters of a file's path inside the app, at most."""

BLOCK = 4096
"""Bytes that the disk gives to a file at a time."""

SPARE = 1048576
"""Bytes that are left free on the disk."""

MAX_TRIES = 3
"""Starts of a release on trial (a power cut may come between) before it is given up."""


class ReleaseError(EdgeError):
    """A push cannot be taken, or there is nothing to go back to."""


class Releases:
    """The releases below `folder` (str or Path). keep: how many are kept."""

    def __init__(self, folder, keep=3):
        self.folder = Path(folder)
        self._keep = keep
        self._releases = self.folder / 'releases'
        self._incoming = self.folder / 'incoming'
        self._active_file = self.folder / 'active.json'
        for path in (self._releases, self._incoming):
            path.mkdir(parents=True, exist_ok=True)
        for draft in self._releases.glob('*.draft'):
            disk.remove_tree(draft)
        self._active = self._read_active()

    # -- what runs -----------------------------------------------------------------------------------------------

    @property
    def current(self):
        """The name of the release that is to run; None: none."""
        return self._active['release']

    @property
    def fallback(self):
        """The name of the release before it, which a failed trial or `rollback` goes back to; None: none."""
        return self._active['fallback']

    @property
    def on_trial(self):
        """True until the current release has shown itself healthy."""
        return self._active['tries'] is not None

    @property
    def wanted(self):
        """True where the app is to run, False where it was stopped on purpose."""
        return self._active['wanted']

    def set_wanted(self, wanted):
        """Remembers whether the app is to run."""
        if wanted != self.wanted:
            self._write_active(wanted=wanted)

    def app_folder(self, name):
        """Where the app of the release `name` is (Path)."""
        return self._releases / name / 'app'

    def names(self):
        """The releases there are, oldest first."""
        return sorted(path.name for path in self._releases.iterdir() if _NAME.fullmatch(path.name))

    def switch(self, name):
        """Makes `name` current, on trial; the one before becomes the fallback."""
        if name == self.current:
            return
        fallback = self.fallback if self.on_trial else self.current
        self._write_active(release=name, fallback=fallback, tries=0, wanted=True)

    def begin_try(self):
        """Counts a start of a release on trial; False where it has had enough of them."""
        if not self.on_trial:
            return True
        if self._active['tries'] >= MAX_TRIES:
            return False
        self._write_active(tries=self._active['tries'] + 1)
        return True

    def confirm(self):
        """The current release is healthy. What is older than its fallback may go."""
        self._write_active(tries=None)
        self._prune()

    def roll_back(self):
        """Makes the fallback current; its name (None: there was none, and nothing runs). It was healthy before."""
        fallback = self.fallback
        self._write_active(release=fallback, fallback=None, tries=None)
        return fallback

    # -- a push --------------------------------------------------------------------------------------------------

    def missing(self, files):
        """{hash: bytes that are there already} of what is needed to make a release of `files`.

        files: {path: [size, hash, mode]}. ReleaseError for a path or size that cannot be, or for want of room.
        """
        _check_files(files)
        sizes = {digest: size for size, digest, _ in files.values()}
        kept = self._kept(sizes)
        there = {digest: self._arrived(digest, size) for digest, size in sizes.items() if digest not in kept}
        needed = sum(_blocks(size) for size, _, _ in files.values())
        room = disk.free_bytes(self.folder) - SPARE + sum(map(_blocks, there.values()))
        if needed > room:
            self._prune(keep=0)
            room = disk.free_bytes(self.folder) - SPARE + sum(map(_blocks, there.values()))
        if needed > room:
            raise ReleaseError(
                'push.room', 'not enough room on the board', f'{max(0, room)} bytes free', f'{needed} bytes',
                'a smaller app, or a larger disk',
            )  # fmt: skip
        return {digest: arrived for digest, arrived in there.items() if arrived < sizes[digest]}

    def receive(self, digest, offset, data, size):
        """Adds `data` (bytes) at `offset` of the file with that hash; how many of its `size` bytes are there now.

        ReleaseError where it does not fit what is there, or where the whole has another hash.
        """
        if not _HASH.fullmatch(digest) or not 0 <= size <= MAX_FILE:
            raise ReleaseError('push.file', 'no such file', repr(digest)[:80])
        path = self._incoming / digest
        arrived = self._arrived(digest, size)
        if offset != arrived or offset + len(data) > size:
            raise ReleaseError('push.offset', 'a piece that does not follow', offset, arrived)
        with open(path, 'ab') as file:
            file.write(data)
            if offset + len(data) == size:
                disk.sync_file(file)
        if offset + len(data) == size and _digest(path) != digest:
            # Such as after a power cut, when the file's length was on the disk and its content was not.
            path.unlink()
            raise ReleaseError('push.hash', 'a file did not arrive whole; it will be sent again', digest[:16])
        return offset + len(data)

    def make(self, files, name):
        """Makes a release of what has arrived and of what older releases have; its name. Nothing runs it yet."""
        _check_files(files)
        if self.current and self._files_of(self.current) == files:
            return self.current
        recipe = json.dumps({'name': name, 'files': files}, sort_keys=True).encode()
        release = f'{self._next_number():04}-{hashlib.sha256(recipe).hexdigest()[:8]}'
        draft = self._releases / (release + '.draft')
        disk.remove_tree(draft)
        (draft / 'app').mkdir(parents=True)
        kept = self._kept({digest: size for size, digest, _ in files.values()})
        for path, (size, digest, mode) in files.items():
            self._lay(draft / 'app' / path, digest, size, mode, kept)
        disk.replace_file(draft / 'release.json', recipe)
        disk.sync_tree(draft)
        draft.rename(self._releases / release)
        disk.sync_folder(self._releases)
        for path in self._incoming.iterdir():
            path.unlink()
        return release

    def _lay(self, path, digest, size, mode, kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        source, arrived = kept.get(digest), self._incoming / digest
        if source is None and self._arrived(digest, size) != size:
            raise ReleaseError('push.incomplete', 'a file has not arrived', path.name)
        if source is None and arrived.stat().st_nlink == 1:
            os.link(arrived, path)  # checked and on the disk since it arrived
            path.chmod(_mode(mode))
            return
        with open(source or arrived, 'rb') as old, open(path, 'wb') as new:
            shutil.copyfileobj(old, new, 65536)
            os.fchmod(new.fileno(), _mode(mode))
            disk.sync_file(new)
        if _digest(path) != digest:
            raise ReleaseError('push.hash', 'a file on the board has changed', str(source))

    def _kept(self, sizes):
        """{hash: path} of the files in releases that are what they were when they came."""
        found = {}
        for name in reversed(self.names()):
            for path, (size, digest, _) in self._files_of(name).items():
                if digest in sizes and digest not in found:
                    place = self.app_folder(name) / path
                    if place.is_file() and place.stat().st_size == size and _digest(place) == digest:
                        found[digest] = place
        return found

    def _arrived(self, digest, size):
        try:
            arrived = (self._incoming / digest).stat().st_size
        except FileNotFoundError:
            if size == 0:
                (self._incoming / digest).touch()
            return 0
        return arrived if arrived <= size else self._restart(digest)

    def _restart(self, digest):
        (self._incoming / digest).unlink()
        return 0

    def _files_of(self, name):
        try:
            return json.loads((self._releases / name / 'release.json').read_bytes())['files']
        except (OSError, ValueError, KeyError):
            return {}

    def _next_number(self):
        return max([int(name[:4]) for name in self.names()], default=0) + 1

    def _prune(self, keep=None):
        """Removes the oldest releases; never the current one and its fallback."""
        spared = (self.current, self.fallback)
        others = [name for name in self.names() if name not in spared]
        keep = self._keep if keep is None else keep
        for name in others[: max(0, len(others) + len(set(spared) - {None}) - keep)]:
            doomed = self._releases / (name + '.draft')  # removed at the next start, should the power fail meanwhile
            (self._releases / name).rename(doomed)
            disk.remove_tree(doomed)

    def _read_active(self):
        active = {'release': None, 'fallback': None, 'tries': None, 'wanted': True}
        with contextlib.suppress(OSError, ValueError):
            active.update(json.loads(self._active_file.read_bytes()))
        for key in ('release', 'fallback'):
            if active[key] is not None and not self.app_folder(active[key]).is_dir():
                active[key] = None
        return active

    def _write_active(self, **changes):
        self._active = {**self._active, **changes}
        disk.replace_file(self._active_file, json.dumps(self._active).encode())


def _check_files(files):
    if not isinstance(files, dict) or not 0 < len(files) <= MAX_FILES:
        raise ReleaseError('push.files', 'not a list of files', repr(files)[:80], f'1 to {MAX_FILES} files')
    for path, (size, digest, mode) in files.items():
        parts = path.split('/')
        if len(path) > MAX_PATH or '\0' in path or any(part in ('', '.', '..') for part in parts):
            raise ReleaseError('push.path', 'not a path inside the app', path)
        if not _HASH.fullmatch(digest) or not 0 <= size <= MAX_FILE or not isinstance(mode, int):
            raise ReleaseError('push.file', 'not a file that can be taken', path, f'{MAX_FILE} bytes at most')


def _digest(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def _mode(mode):
    return 0o755 if mode & 0o100 else 0o644


def _blocks(size):
    return (size + BLOCK - 1) // BLOCK * BLOCK


_HASH = re.compile('[0-9a-f]{64}')
_NAME = re.compile(r'\d{4,}-[0-9a-f]{8}')
