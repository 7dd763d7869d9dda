"""edgeio: an app host for small boards.

    from edgeio import WebApp, fs, http, iosched, socket
    from edgeio.socketio import Server

Each name is loaded when it is first asked for, so a board loads only what its app uses.
Inside it is the same: what serves one choice of an app (compression, recovery, long bodies, templates, dynamic
namespaces) is imported by the function that takes the choice, not at the head of the file.
"""

__version__ = '0.1.0'

_MODULES = (
    'iosched', 'socket', 'http', 'fs', 'webapp', 'websocket', 'engineio', 'socketio', 'events', 'errors',
    'apphost', 'compat', 'pollset', 'timers', 'permission', 'watchdog', 'uart', 'gpio', 'leds', 'eos',
)  # fmt: skip
_CLASSES = {'WebApp': 'webapp', 'EventEmitter': 'events', 'EdgeError': 'errors'}


def __getattr__(name):
    if name in _MODULES:
        # As an attribute of the package: the form of import that both runtimes have.
        exec('import edgeio.' + name)
        return globals()[name]
    if name in _CLASSES:
        value = getattr(__getattr__(_CLASSES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError('edgeio has no ' + name)
