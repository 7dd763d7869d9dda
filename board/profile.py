"""A board's profile: what differs between boards, as JSON (board/profiles/ has some)."""

import json

from edgeio.errors import EdgeError, OptionError
from edgeio.options import read_options

DEFAULTS = {
    'name': 'board',
    'serial': [],  # the lines the agent listens on: paths, or [path, bits a second]
    'tcp': None,  # 'host:port' to listen on as well; None: switched off
    'state': '/var/lib/edgeio',  # releases, uploads, what runs
    'run': '/run/edgeio',  # sockets; empty after a boot
    'logs': '/var/log/edgeio',
    'key': '/etc/edgeio/key',  # the key of the link, in hexadecimal; for the agent's user alone
    'user': None,  # who the app runs as, where the agent is root
    'host': '0.0.0.0',  # where the app listens
    'port': 8000,
    'mode': 'user',  # 'user': the app gets what it declares of `allowed`; 'privilege': everything
    'allowed': ['network', 'devices', 'gpio', 'serial', 'share', 'notify', 'mqtt'],
    'settings': {},  # what the app is told of the board, such as the numbers of its GPIO lines
    'token_key': '/etc/edgeio/token.key',  # the key of the app's tokens (edgeio.eos), where there is such a file
    'memory_mb': None,  # the app's limit; None: the system's
    'watchdog': None,  # the board's watchdog device that the agent feeds
    'watchdog_seconds': 30,  # and after which it resets the board, unless it is fed
    'watchdog_ms': 10000,  # an app whose loop has not turned for so long is started again
    'start_ms': 30000,  # an app must turn its loop and answer / within this time
    'trial_ms': 10000,  # a new release must then be well for so long
    'keep': 3,  # releases kept on the board
}

SPEED = 115200


def read_profile(path):
    """The profile in the file `path` (dict). EdgeError where it cannot be read, OptionError for what it says."""
    try:
        with open(path) as file:
            given = json.load(file)
    except (OSError, ValueError) as exc:
        raise EdgeError('profile.file', 'no profile there', f'{path}: {exc}', 'JSON', '--profile') from None
    return make_profile(given, path)


def make_profile(given, where='profile'):
    """`given` (dict) over the defaults, checked."""
    profile = read_options(where, DEFAULTS, given)
    for name in ('watchdog_ms', 'watchdog_seconds', 'start_ms', 'trial_ms', 'keep', 'port'):
        if type(profile[name]) is not int or profile[name] <= 0:
            raise OptionError('profile.number', f'{where}: {name} is not usable', profile[name], 'above 0', name)
    if profile['mode'] not in ('user', 'privilege'):
        raise OptionError('profile.mode', f'{where}: no such mode', profile['mode'], 'user or privilege', 'mode')
    profile['serial'] = [_line(entry) for entry in profile['serial']]
    return profile


def _line(entry):
    return (entry, SPEED) if isinstance(entry, str) else tuple(entry)
