"""The keys of boards, on the desktop: a file each, for its owner alone. No key is ever printed."""

import os
from pathlib import Path

from board.link import KEY, new_key

from .port import DeployError

DEFAULT = Path(os.environ.get('XDG_CONFIG_HOME') or Path.home() / '.config') / 'edgeio' / 'board.key'


def make_key(path, force=False):
    """Makes a key in the file `path`. DeployError where there is one already, unless `force`."""
    path = Path(path)
    if path.exists() and not force:
        raise DeployError(
            'deploy.key_exists', f'there is a key in {path} already', expected='a new file',
            setting='--key FILE, or --force (a board that has the old key is then lost to you)',
        )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + '.new')
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'w') as file:
        file.write(new_key().hex() + '\n')
    draft.rename(path)


def read_key(path):
    """The key (bytes) in the file `path`. DeployError where there is none."""
    try:
        text = Path(path).read_text().strip()
    except OSError as exc:
        raise DeployError('deploy.no_key', 'no key', str(exc), setting='--key FILE, or keygen') from None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b''
    if len(key) != KEY:
        raise DeployError('deploy.bad_key', f'{path} holds no key', f'{len(text)} characters', f'{KEY * 2} digits')
    return key
