"""`python3 -m edgeio run APP_FOLDER`: runs an app, main program and manifest in one folder."""

import os
import sys

from . import apphost, compat, iosched, permission
from .errors import EdgeError, OptionError
from .manifest import read_manifest

STOP_TIMEOUT = 2000
"""Milliseconds that connections have to end when the app is stopped."""


def run_command(args):
    """Runs the command's arguments (list of str); returns the exit code."""
    compat.spare_heap()
    try:
        folder = _read_arguments(args)
        if apphost.port is not None:
            apphost.read_port(apphost.port, 'EDGEIO_PORT')  # before the app runs, whose fault it is not
        manifest = read_manifest(folder)
        allowed = permission.NAMES if apphost.allowed is None else apphost.allowed.split(',')
        permission.grant(manifest['permissions'], apphost.mode, allowed)
        return run(folder, manifest['main'])
    except EdgeError as exc:
        compat.print_error('edgeio: ' + str(exc))
        from .appline import app_line

        line = app_line(exc)
        if line:
            compat.print_error('  ' + line)
        return 1


def run(folder, program):
    """Runs the app's main program inside its folder, until it ends or is stopped; returns the exit code."""
    apphost.running = True
    compat.write_lines_at_once()
    compat.anchor_imports()
    os.chdir(folder)
    sys.path.insert(0, '.')
    source = _read_program(program)
    compat.on_terminate(_interrupt, iosched.poll, iosched.set_immediate)
    if _is_watched():
        from . import watchdog

        watchdog.start()
    try:
        exec(compile(source, program, 'exec'), {'__name__': '__main__', '__file__': program})
    except KeyboardInterrupt:
        try:
            _stop()
        except KeyboardInterrupt:
            pass  # asked again: no more moments
        print('stopped')
    return 0


def _read_program(program):
    try:
        with open(program) as file:
            return file.read()
    except OSError as exc:
        seen = program + ': ' + str(exc)
        raise EdgeError('app.main', 'the main program cannot be read', seen, setting='"main" in app.json') from None


def _is_watched():
    return compat.env('NOTIFY_SOCKET') or compat.env('EDGEIO_WATCHDOG')


def _interrupt():
    raise KeyboardInterrupt


def _stop():
    """Stops what listens, and gives its connections a moment to end."""
    if _is_watched():
        from . import watchdog

        watchdog.stop()
    left = [len(apphost.servers)]

    def stopped(*args):
        left[0] -= 1

    for server in list(apphost.servers):
        server.stop(stopped)
    deadline = compat.monotonic_ms() + STOP_TIMEOUT
    while left[0] > 0 and compat.monotonic_ms() < deadline:
        iosched.poll(50)


def _read_arguments(args):
    folder = None
    args = list(args)
    while args:
        arg = args.pop(0)
        name, sep, value = arg.partition('=')
        if name in ('--port', '--host', '--mode'):
            if not sep:
                if not args:
                    raise OptionError('run.argument', name + ' needs a value', expected=name + ' VALUE')
                value = args.pop(0)
            _set(name, value)
        elif arg[:1] == '-' or folder is not None:
            known = 'APP_FOLDER, --port N, --host A, --mode user or privilege'
            raise OptionError('run.argument', 'unknown argument ' + repr(arg), expected=known)
        else:
            folder = arg
    if folder is None:
        raise OptionError('run.folder', 'no app folder was named', expected='python3 -m edgeio run APP_FOLDER')
    return folder.rstrip('/') or '/'


def _set(name, value):
    if name == '--host':
        apphost.host = value
    elif name == '--mode':
        apphost.mode = value
    else:
        apphost.port = str(apphost.read_port(value, '--port'))
