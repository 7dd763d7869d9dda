"""The command: python3 -m edgeio run APP_FOLDER | new NAME | version."""

import sys

USAGE = """usage: python3 -m edgeio run APP_FOLDER [--port N] [--host A] [--mode user|privilege]
                                                               runs an app (Ctrl-C stops it)
       python3 -m edgeio new NAME                              makes an app that runs at once
       python3 -m edgeio token --new-key FILE                  makes a key for tokens
       python3 -m edgeio token --key FILE --acoid ID           makes a token for a user
       python3 -m edgeio version"""


def main(argv=None):
    """Runs the command `argv` (list of str; None: the process's own). Returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    command, rest = (argv[0], argv[1:]) if argv else ('', [])
    if command == 'run':
        from .runner import run_command

        return run_command(rest)
    if command == 'new':
        from .scaffold import new_command

        return new_command(rest)
    if command == 'token':
        from .tokens import token_command

        return token_command(rest)
    if command in ('version', '--version', '-V'):
        from . import __version__

        print('edgeio', __version__)
        return 0
    print(USAGE)
    if command in ('', 'help', '--help', '-h'):
        return 0
    print('edgeio: no such command: ' + command)
    return 2


if __name__ == '__main__':
    sys.exit(main())
