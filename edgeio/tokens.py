"""`python3 -m edgeio token`: makes a token for a user, or a key for tokens."""

import os

from . import eos
from .compat import print_error
from .errors import EdgeError, OptionError

USAGE = 'python3 -m edgeio token --key FILE --acoid ID [--nickname NAME] [--channel local|cloud] [--hours N]'


def token_command(args):
    """Runs the command's arguments (list of str); returns the exit code. A key is never printed."""
    try:
        given = _read(args)
        if given['--new-key']:
            make_key(given['--new-key'])
            print('a new key is in ' + given['--new-key'])
        else:
            print(_make(given))
    except EdgeError as exc:
        print_error('edgeio: ' + str(exc))
        return 1
    return 0


def make_key(path):
    """Writes a new key to the file `path`. EdgeError where there is one already, or none can be written."""
    try:
        os.stat(path)
    except OSError:
        pass
    else:
        raise EdgeError('token.key_exists', 'there is a file already', path, 'a new name', '--new-key')
    text = ''.join(['%02x' % byte for byte in os.urandom(eos.MIN_KEY)])
    try:
        with open(path, 'w') as file:
            if hasattr(os, 'chmod'):
                os.chmod(path, 0o600)
            file.write(text + '\n')
    except OSError as exc:
        seen = path + ': ' + str(exc)
        raise EdgeError('token.key_file', 'the key cannot be written', seen, setting='--new-key') from None


def _make(given):
    for name in ('--key', '--acoid'):
        if not given[name]:
            raise OptionError('token.argument', name + ' is needed', expected=USAGE, setting=name)
    try:
        with open(given['--key']) as file:
            key = eos.key_from_text(file.read())
    except OSError as exc:
        raise EdgeError('token.key_file', 'no key there', str(exc), '--new-key makes one', '--key') from None
    try:
        hours = float(given['--hours'] or eos.LIFETIME / 3600000)
    except ValueError:
        raise OptionError('token.hours', 'not a number', given['--hours'], 'hours', '--hours') from None
    channel, nickname = given['--channel'] or 'local', given['--nickname'] or given['--acoid']
    return eos.make_token(key, given['--acoid'], nickname, channel, hours * 3600000)


def _read(args):
    given = {name: None for name in ('--key', '--new-key', '--acoid', '--nickname', '--channel', '--hours')}
    args = list(args)
    while args:
        name, equals, value = args.pop(0).partition('=')
        if name not in given:
            raise OptionError('token.argument', 'unknown argument ' + repr(name), expected=USAGE)
        if not equals:
            if not args:
                raise OptionError('token.argument', name + ' needs a value', expected=USAGE)
            value = args.pop(0)
        given[name] = value
    return given
