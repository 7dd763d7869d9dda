"""Pushing an app: only what the board lacks is sent, and a push goes on where a pulled cable stopped it."""

import hashlib
import sys
from collections import deque
from pathlib import Path

from edgeio.manifest import read_manifest

from .port import DeployError, LineLost
from .progress import Progress, size
from .session import Refused

PIECE = 4096
"""Bytes sent in one request."""

UNDER_WAY = 8
"""Requests that are sent before the first is answered."""

RECONNECT = 120
"""Seconds that a push waits for a line that is gone."""


class App:
    """The app in `folder`, as it is pushed. files: {path: [size, hash, mode]}; places: {hash: path here}."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.name = read_manifest(str(self.folder).rstrip('/') or '/')['name']
        self.files, self.places = {}, {}
        for path in sorted(self.folder.rglob('*')):
            inside = path.relative_to(self.folder)
            if path.is_file() and not _ignored(inside):
                data = path.read_bytes()
                digest = hashlib.sha256(data).hexdigest()
                self.files[inside.as_posix()] = [len(data), digest, path.stat().st_mode & 0o777]
                self.places[digest] = path

    @property
    def total(self):
        """Bytes of all files."""
        return sum(length for length, _, _ in self.files.values())


def push(session, folder, say=print, reconnect=RECONNECT):
    """Pushes the app in `folder` and waits until the board has found it well; the board's answer (dict).

    Refused where it was not well, and was taken back; LineLost where the line does not come back in `reconnect` s.
    """
    app = App(folder)
    while True:
        try:
            return _push(session, app, say)
        except LineLost as exc:
            say(f'{exc.text} ({exc.seen}); waiting for it')
            session.resume(reconnect)
            say('the line is back')


def _push(session, app, say):
    missing = session.ask('push_begin', name=app.name, files=app.files)
    sizes = {digest: length for length, digest, _ in app.files.values()}
    left = sum(sizes[digest] - offset for digest, offset in missing.items())
    say(f'{app.name}: {len(app.files)} files, {size(app.total)}; {len(missing)} to send, {size(left)}')
    if missing:
        _send(session, app, missing, sizes, say)
    say('all of it is there; the board sees whether it runs well')
    sys.stdout.flush()
    return session.ask('push_end')


def _send(session, app, missing, sizes, say):
    total = sum(sizes[digest] for digest in missing)
    done = sum(missing.values())
    progress = Progress(total)
    progress.show(done)
    under_way = deque()
    try:
        for digest, offset in missing.items():
            data = app.places[digest].read_bytes()
            if hashlib.sha256(data).hexdigest() != digest:
                raise DeployError('push.changed', 'a file changed while it was sent', str(app.places[digest]))
            while offset < len(data):
                piece = data[offset : offset + PIECE]
                request = session.request('push_data', hash=digest, offset=offset, data=piece, size=len(data))
                under_way.append((request, len(piece)))
                offset += len(piece)
                if len(under_way) >= UNDER_WAY:
                    done += _await(session, under_way)
                    progress.show(done)
        while under_way:
            done += _await(session, under_way)
            progress.show(done)
    finally:
        progress.end()


def _await(session, under_way):
    request, length = under_way.popleft()
    session.answer(request)
    return length


def _ignored(path):
    return any(part[0] == '.' or part == '__pycache__' for part in path.parts) or path.suffix == '.pyc'


__all__ = ['App', 'Refused', 'push']
