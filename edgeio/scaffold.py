"""`python3 -m edgeio new NAME`: makes an app that runs at once."""

import os

from .compat import print_error
from .errors import EdgeError, OptionError

_TEMPLATE = __file__.rsplit('/', 1)[0] + '/template/'
_FILES = ('app.json', 'main.py', 'index.html')


def new_command(args):
    """Runs the command's arguments (list of str); returns the exit code."""
    try:
        if len(args) != 1 or args[0][:1] == '-':
            raise OptionError('new.name', 'one name is needed', ' '.join(args) or None, 'python3 -m edgeio new NAME')
        make_app(args[0])
    except EdgeError as exc:
        print_error('edgeio: ' + str(exc))
        return 1
    print('made ' + args[0] + '; run it: python3 -m edgeio run ' + args[0])
    return 0


def make_app(folder):
    """Makes the app `folder` from the template. EdgeError where something is there already."""
    name = folder.rstrip('/').rsplit('/', 1)[-1]
    if not name or not all(c.isalpha() or c.isdigit() or c in '-_.' for c in name):
        raise OptionError('new.name', 'not a name for an app', repr(name), 'letters, digits, - and _')
    try:
        os.mkdir(folder)
    except OSError as exc:
        raise EdgeError('new.folder', 'the folder cannot be made', folder + ': ' + str(exc), 'a new name') from None
    for file in _FILES:
        with open(_TEMPLATE + file) as source:
            text = source.read()
        with open(folder + '/' + file, 'w') as target:
            target.write(text.replace('APP_NAME', name))
