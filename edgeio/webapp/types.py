"""Media types: what a Content-Type says, and whether it is one of those wanted."""

from ..http.mime import content_type


def split_type(value):
    """(type, parameters) of a Content-Type: ('text/html', {'charset': 'utf-8'}), in lower case."""
    parts = (value or '').split(';')
    parameters = {}
    for part in parts[1:]:
        name, _, text = part.partition('=')
        parameters[name.strip().lower()] = text.strip().strip('"').lower()
    return parts[0].strip().lower(), parameters


def full_type(short):
    """'application/json; charset=utf-8' for 'json', 'html', '.txt' and the like; what has a slash stays as it is."""
    if '/' not in short:
        return content_type(short)
    if short.startswith('text/') and 'charset' not in short:
        return short + '; charset=utf-8'
    return short


def matches_type(value, wanted):
    """True where the Content-Type `value` (str or None) is `wanted`: a type, 'json', 'text/*', '*/json', '+json',
    or a list of such.
    """
    kind = split_type(value)[0]
    if not kind or '/' not in kind:
        return False
    if isinstance(wanted, (list, tuple)):
        return any(_matches(kind, item) for item in wanted)
    return _matches(kind, wanted)


def _matches(kind, wanted):
    if wanted.startswith('+'):
        return kind.endswith(wanted)
    if '/' not in wanted:
        wanted = split_type(content_type(wanted))[0]
    main, _, sub = wanted.lower().partition('/')
    kind_main, _, kind_sub = kind.partition('/')
    return (main == '*' or main == kind_main) and (sub == '*' or sub == kind_sub)
