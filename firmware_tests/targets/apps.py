"""The apps that are put on a board under test, and what they answer."""

import http.client
import shutil
import time

from . import build
from .checks import CheckError

CHAT = build.ROOT / 'board' / 'apps' / 'chat'
PANEL = build.ROOT / 'board' / 'apps' / 'panel'

PORT = 8000
"""Where every app listens, on the board."""

PATIENCE = 120
"""Seconds after which an answer that was to come is called missing."""

VERSION = """
import time
from edgeio import WebApp, iosched, socket

app = WebApp.create('version', 0, socket.sockaddr(socket.INADDR_ANY, 8000))
app.get('/', lambda req, res: res.end('VERSION'))


def hang(req, res):
    while True:
        time.sleep(1)


app.get('/hang', hang)
app.start()
iosched.forever()
"""


def make(board, main, ballast=b''):
    """An app folder: the chat's files, `main` (str) as its main program, and `ballast` to make a push last longer."""
    folder = board.folder / 'app'
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(CHAT, folder)
    (folder / 'main.py').write_text(main)
    if ballast:
        (folder / 'blob.bin').write_bytes(ballast)
    return folder


def make_version(board, version, ballast=b''):
    """The folder of an app that answers `version` on /, and never answers on /hang."""
    return make(board, VERSION.replace('VERSION', version), ballast)


def version_of(machine):
    """What the app on the board answers on / (str), as soon as it does."""
    return get(machine, '/').decode()


def get(machine, path):
    """The body of `path` (bytes), as soon as the app gives a whole answer: it may be about to start, or to end."""
    deadline = time.monotonic() + PATIENCE
    while True:
        connection = http.client.HTTPConnection('127.0.0.1', machine.forward(PORT), timeout=20)
        try:
            connection.request('GET', path)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise CheckError(f'{path} is answered with {answer.status}: {body[:200]!r}')
            return body
        except (OSError, http.client.HTTPException) as exc:
            if time.monotonic() > deadline:
                raise CheckError(f'{path} is not answered: {exc!r}') from None
            time.sleep(0.2)
        finally:
            connection.close()
