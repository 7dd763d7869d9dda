"""Who may ask from another origin: the options `origins` (the document's) and `cors` (today's servers')."""

from ..http.origin import ask_origin, is_allowed, origin_of
from ..options import read_options
from .errors import FORBIDDEN, Refusal

CORS = {
    'origin': None,
    'methods': ('GET', 'POST'),
    'allowed_headers': None,
    'exposed_headers': None,
    'credentials': False,
    'max_age': None,
}
"""The keys of the option `cors`, and their defaults; max_age in seconds, as the header has it."""


class Cors:
    """The rules of one server."""

    def __init__(self, options):
        self.origins = options['origins']
        given = options['cors']
        self.options = None if given is None else read_options('cors', CORS, given)

    def check(self, req, done):
        """Calls `done(None)`, or `done(refusal)` where the origin of `req` may not connect."""
        origin = origin_of(req)
        ask_origin(self.origins, req, origin, lambda error, success: done(_refusal(origin, error, success)))

    def apply(self, req, res):
        """Sets the response's Access-Control headers."""
        origin = req.headers.get('origin')
        if origin is None:
            return
        options = self.options
        if options is not None:
            self._apply_options(origin, res)
        elif callable(self.origins) or is_allowed(self.origins, origin):
            res.set_header('Access-Control-Allow-Origin', origin)
            res.set_header('Access-Control-Allow-Credentials', 'true')
            res.set_header('Vary', 'Origin')

    def answer_preflight(self, req, res):
        """Answers OPTIONS (Fetch standard, CORS-preflight)."""
        self.apply(req, res)
        options = self.options or CORS
        res.set_header('Access-Control-Allow-Methods', ', '.join(_listed(options['methods'])))
        allowed = options['allowed_headers'] or req.headers.get('access-control-request-headers')
        if allowed:
            res.set_header('Access-Control-Allow-Headers', ', '.join(_listed(allowed)))
        if options['max_age'] is not None:
            res.set_header('Access-Control-Max-Age', str(options['max_age']))
        res.status_code = 204
        res.end()

    def _apply_options(self, origin, res):
        options = self.options
        wanted = options['origin']
        if wanted == '*':
            res.set_header('Access-Control-Allow-Origin', '*')
        elif wanted is True or _matches(wanted, origin):
            res.set_header('Access-Control-Allow-Origin', origin)
            res.set_header('Vary', 'Origin')
        else:
            return
        if options['credentials']:
            res.set_header('Access-Control-Allow-Credentials', 'true')
        if options['exposed_headers']:
            res.set_header('Access-Control-Expose-Headers', ', '.join(_listed(options['exposed_headers'])))


def _refusal(origin, error, success):
    if success:
        return None
    why = error if isinstance(error, str) else None
    detail = 'the origin ' + repr(origin[:120]) + ' is not allowed; setting: origins'
    return Refusal(FORBIDDEN, {'origin': origin}, detail, why)


def _listed(value):
    return [value] if isinstance(value, str) else value


def _matches(wanted, origin):
    for one in [wanted] if isinstance(wanted, str) or not hasattr(wanted, '__iter__') else wanted:
        if one == origin or (hasattr(one, 'match') and one.match(origin)):
            return True
    return False
