"""An app's manifest, `app.json`: name, version, main, permissions."""

from .compat import json_decode
from .errors import EdgeError

FILE = 'app.json'

_KEYS = {'name': str, 'version': str, 'main': str, 'permissions': list}


def read_manifest(folder):
    """The manifest of the app in `folder`, as a dict. EdgeError says what is wrong with it."""
    path = folder + '/' + FILE
    try:
        with open(path) as file:
            text = file.read()
    except OSError:
        raise EdgeError(
            'app.manifest',
            'no app there',
            path + ' cannot be read',
            'a folder with ' + FILE,
            'python3 -m edgeio new NAME',
        ) from None
    try:
        manifest = json_decode(text)
    except ValueError as exc:
        raise EdgeError('app.manifest', path + ' is not JSON', str(exc)) from None
    return check_manifest(manifest, path)


def check_manifest(manifest, path):
    """`manifest` itself, its defaults filled in; EdgeError where it is not valid."""
    if not isinstance(manifest, dict):
        raise EdgeError('app.manifest', path + ' is not an object', type(manifest).__name__)
    manifest.setdefault('main', 'main.py')
    manifest.setdefault('version', '0.0.0')
    manifest.setdefault('permissions', [])
    for key, kind in _KEYS.items():
        if not isinstance(manifest.get(key), kind):
            seen = repr(manifest.get(key))
            raise EdgeError('app.manifest', path + ' has no valid ' + repr(key), seen, kind.__name__)
    main = manifest['main']
    if main[:1] == '/' or '..' in main.split('/'):
        raise EdgeError('app.manifest', 'the main program lies outside the app', main, 'a path inside the folder')
    return manifest
