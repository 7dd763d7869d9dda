"""Which line of an app led to an error. Loaded only where there is one."""

import io

from . import compat


def app_line(exc):
    """The last line of the app on the way to `exc`, as 'FILE, line N: its text'; None where the app had no part in it.

    Out of the printed traceback, which alone is the same on both runtimes. It begins in runner.py, and so with the
    folder of all that is not the app's; MicroPython has that by a relative path where it was loaded by one.
    """
    printed = io.StringIO()
    compat.print_exception(exc, printed)
    found = [line.split('"') for line in printed.getvalue().split('\n') if line.strip().startswith('File "')]
    ours = '/' + found[0][1].rsplit('/', 1)[0] + '/' if found else ''
    app = [fields for fields in found if ours not in '/' + fields[1]]
    if not app:
        return None
    path, number = app[-1][1], app[-1][2].split()[2].rstrip(',')  # File "PATH", line N, in NAME
    return path + ', line ' + number + ': ' + _line_of(path, int(number))


def _line_of(path, number):
    try:
        with open(path) as file:
            return file.read().split('\n')[number - 1].strip()
    except (OSError, IndexError):
        return '(its text cannot be read)'
