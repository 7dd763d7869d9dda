"""Reading options: by keyword, or as a dict with the document's own spelling; a misspelt one is an error."""

from .errors import OptionError
from .names import snake


def read_options(where, defaults, given=None, kwargs=None):
    """A new dict: `defaults` overlaid with `given` (a dict or None) and `kwargs`.

    where: whose options they are, for the error. Keys may be spelt `ping_timeout` or `pingTimeout`.
    Raises OptionError, naming the nearest known option, for one that `defaults` does not have.
    """
    options = defaults.copy()
    for source in (given, kwargs):
        for key in source or ():
            name = snake(key)
            if name not in defaults:
                raise OptionError(
                    'option.unknown', where + ' has no option ' + repr(key), expected=_nearest(name, defaults)
                )
            options[name] = source[key]
    return options


def require(where, name, value, valid, expected):
    """Raises OptionError where `valid` is false: `name` of `where` must be `expected` (words), and is `value`."""
    if not valid:
        raise OptionError('option.invalid', where + ': ' + name + ' is not usable', repr(value), expected, name)


def _nearest(name, known):
    best = min(sorted(known), key=lambda candidate: _distance(name, candidate))
    others = ', '.join(sorted(known))
    return repr(best) + ' perhaps (known: ' + others + ')'


def _distance(a, b):
    """How many letters must be put in, taken out or changed to make `b` of `a` (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        previous, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            previous, row[j + 1] = row[j + 1], min(row[j + 1] + 1, row[j] + 1, previous + (x != y))
    return row[len(b)]
