"""What the app host decides for an app: where it listens, and what is stopped when it ends.

`python3 -m edgeio run` fills it in; without it (an app run as a plain script) everything is as the app says.
"""

from .compat import env, is_digits, json_decode
from .errors import EdgeError, OptionError

host = env('EDGEIO_HOST')
"""The address to listen on instead of the app's (str), or None."""

port = env('EDGEIO_PORT')
"""The port to listen on instead of the app's (str, see `read_port`), or None."""

mode = env('EDGEIO_MODE', 'user')
"""'user': the app gets the permissions that it declares, as far as `allowed`; 'privilege': all of them."""

allowed = env('EDGEIO_ALLOWED')
"""The permissions that may be granted in user mode (str: names with commas between), None: any."""

running = False
"""True while an app runs under `run`."""

servers = []
"""What listens now, in the order it was started; each has `stop(callback)`."""


def setting(name, default=None):
    """The value of `name` in the board's settings for apps: the JSON file that EDGEIO_SETTINGS names, if it does."""
    global _settings
    if _settings is None:
        path = env('EDGEIO_SETTINGS')
        _settings = _read_settings(path) if path else {}
    return _settings.get(name, default)


_settings = None


def _read_settings(path):
    try:
        with open(path) as file:
            return json_decode(file.read())
    except (OSError, ValueError) as exc:
        raise EdgeError(
            'app.settings', "the board's settings cannot be read", path + ': ' + str(exc), 'JSON', 'EDGEIO_SETTINGS'
        ) from None


def listen_on(app_host, app_port):
    """(host, port) for a server whose app asked for `app_host`, `app_port`. Settings hold for the first server.

    OptionError `app.port` where the setting is not a port.
    """
    if servers:
        return app_host, app_port
    return host or app_host, app_port if port is None else read_port(port, 'EDGEIO_PORT')


def read_port(text, setting):
    """The port (int) that `text` (str) is. OptionError `app.port`, naming `setting`, where it is none."""
    if not is_digits(text) or int(text) > 65535:
        raise OptionError('app.port', 'not a port', repr(text), '0 to 65535', setting)
    return int(text)


def started(server, group, at_host, at_port, secure=False):
    """A server listens: it is kept for the end, and under `run` its URL is printed."""
    servers.append(server)
    if running:
        shown = '127.0.0.1' if at_host in ('0.0.0.0', '') else '[::1]' if at_host == '::' else at_host
        scheme = 'https' if secure else 'http'
        print(group + ': listening on ' + scheme + '://' + shown + ':' + str(at_port))


def stopped(server):
    """A server listens no more."""
    if server in servers:
        servers.remove(server)
