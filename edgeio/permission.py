"""What an app may do (platform module `permission`): its manifest declares, the host grants, a refused call raises.

    "permissions": ["network", "gpio"]            in app.json
    permission.check('gpio', lambda granted: ...)

In user mode an app gets what it declares and the host allows; in privilege mode everything. Without a host (an app
run as a plain script) everything is granted. It keeps honest apps honest: what confines a hostile one is the system's
user and the service's limits.
"""

from .errors import EdgeError, OptionError
from .events import EventEmitter

NAMES = ('network', 'devices', 'gpio', 'serial', 'share', 'notify', 'mqtt')
"""The permissions there are. `devices` includes gpio and serial."""

DEVICES = ('gpio', 'serial')

USER, PRIVILEGE = 'user', 'privilege'

_granted = None  # a tuple; None: everything
_changes = EventEmitter()


class PermissionDenied(EdgeError):
    """A call that needs a permission which the app was not granted; `permission` names it."""

    def __init__(self, name):
        self.permission = name
        seen = 'granted: ' + (', '.join(_granted) or 'none')
        super().__init__(
            'permission.' + name, 'the app lacks the permission ' + repr(name), seen,
            setting='"permissions" in app.json, and what the board allows',
        )  # fmt: skip


def grant(declared, mode=USER, allowed=NAMES):
    """Sets what the app has (the host calls it). declared: the manifest's list; allowed: what the host gives at most.

    OptionError for a permission or a mode that there is not.
    """
    global _granted
    for name in tuple(declared) + tuple(allowed):
        if name not in NAMES:
            raise OptionError('permission.unknown', 'no such permission', repr(name), ', '.join(NAMES), 'app.json')
    if mode not in (USER, PRIVILEGE):
        raise OptionError('permission.mode', 'no such mode', repr(mode), 'user or privilege', '--mode')
    _granted = None if mode == PRIVILEGE else tuple([name for name in declared if name in allowed])
    _changes.emit('change', fetch())


def granted(name):
    """True where the app has the permission `name`."""
    if name not in NAMES:
        raise OptionError('permission.unknown', 'no such permission', repr(name), ', '.join(NAMES))
    return _granted is None or name in _granted or name in DEVICES and 'devices' in _granted


def require(name):
    """Raises PermissionDenied where the app lacks the permission `name`."""
    if not granted(name):
        raise PermissionDenied(name)


def check(items, callback):
    """Calls `callback(granted)`: True where the app has all of `items` (a name, or a list of them)."""
    callback(all([granted(name) for name in ((items,) if isinstance(items, str) else items)]))


def fetch(callback=None):
    """What the app has: {name: bool}; handed to `callback` as well, where there is one."""
    found = {name: granted(name) for name in NAMES}
    if callback is not None:
        callback(found)
    return found


def update(callback):
    """Calls `callback({name: bool})` whenever what the app has changes."""
    _changes.on('change', callback)
