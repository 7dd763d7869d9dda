"""The session's cookie (option `cookie`): off by default, of use to a load balancer in front."""

from ..options import read_options


def session_cookie(cookie, sid):
    """The Set-Cookie value (str) for `sid`. cookie: True, a name, or {name, path, http_only, same_site}."""
    given = {'name': cookie} if isinstance(cookie, str) else cookie if isinstance(cookie, dict) else {}
    defaults = {'name': 'io', 'path': '/', 'http_only': True, 'same_site': 'Lax'}
    options = read_options('cookie', defaults, given)
    text = options['name'] + '=' + sid
    if options['path']:
        text += '; Path=' + options['path']
    if options['http_only']:
        text += '; HttpOnly'
    if options['same_site']:
        text += '; SameSite=' + options['same_site'][0].upper() + options['same_site'][1:].lower()
    return text
