"""Middleware that remembers a visitor between requests: `req.session`, a dict kept under an id in a cookie.

    app.use(session())
    req.session['visits'] = req.session.get('visits', 0) + 1

The id has 192 random bits; nothing is kept, and no cookie is set, until something is put in. The store is this
process's memory: another may take its place (`get(id)`, `set(id, data, ms)`, `destroy(id)`).
"""

from os import urandom

from ..compat import base64url, monotonic_ms
from ..options import read_options, require

DEFAULTS = {
    'name': 'sid',  # the cookie's name
    'max_age': 86400000,  # ms without a visit after which a session is forgotten
    'rolling': False,  # True: the cookie is set again at each visit, so that it lasts as long as the session
    'path': '/',
    'secure': False,
    'same_site': 'Lax',
    'store': None,  # None: a MemoryStore of its own
}

ID_BYTES = 24

MAX_SESSIONS = 10000
"""Sessions that a MemoryStore keeps; the one not visited for the longest time is then forgotten."""


class Session:
    """What is remembered, with the calls of a dict. id: str, None until it is kept; data: the dict itself."""

    def __init__(self, data, id):
        self.data = data
        self.id = id
        self.destroyed = self.renewed = False

    def __getitem__(self, key):
        return self.data[key]

    def __setitem__(self, key, value):
        self.data[key] = value

    def __delitem__(self, key):
        del self.data[key]

    def __contains__(self, key):
        return key in self.data

    def __len__(self):
        return len(self.data)

    def get(self, key, default=None):
        """The value of `key`, or `default`."""
        return self.data.get(key, default)

    def pop(self, key, default=None):
        """Takes out the value of `key`, or gives `default`."""
        return self.data.pop(key, default)

    def destroy(self):
        """Forgets it, and the cookie, at the end of this request."""
        self.data = {}
        self.destroyed = True

    def regenerate(self):
        """Gives it a new id: after a login, so that one who planted the old id does not share it."""
        self.renewed = True


class MemoryStore:
    """Sessions in this process. size: how many there are."""

    def __init__(self, limit=MAX_SESSIONS):
        self._limit = limit
        self._sessions = {}  # id: (until, data, turn)
        self._turn = 0

    @property
    def size(self):
        """How many sessions there are."""
        return len(self._sessions)

    def get(self, id):
        """The data (dict) of a session; None where there is none, or no longer."""
        found = self._sessions.get(id)
        if found is None:
            return None
        if found[0] <= monotonic_ms():
            del self._sessions[id]
            return None
        return found[1]

    def set(self, id, data, ms):
        """Keeps `data` for `ms` from now on."""
        self._turn += 1
        if id not in self._sessions and len(self._sessions) >= self._limit:
            self._make_room()
        self._sessions[id] = (monotonic_ms() + ms, data, self._turn)

    def destroy(self, id):
        """Forgets a session."""
        self._sessions.pop(id, None)

    def _make_room(self):
        """Forgets those that are over, else a tenth: those not visited for the longest time."""
        now = monotonic_ms()
        over = [id for id, found in self._sessions.items() if found[0] <= now]
        if not over:
            oldest = sorted([(found[2], id) for id, found in self._sessions.items()])
            over = [id for _, id in oldest[: len(oldest) // 10 + 1]]
        for id in over:
            del self._sessions[id]


def session(options=None, **kwargs):
    """`fn(req, res, next)` that sets `req.session`. Options: name, max_age (ms), rolling, path, secure, same_site,
    store. It is kept when the head of the response is written: what is changed later is lost.
    """
    given = read_options('session', DEFAULTS, options, kwargs)
    require('session', 'max_age', given['max_age'], given['max_age'] > 0, 'milliseconds')
    store = given['store'] or MemoryStore()

    def remember(req, res, next):
        id = req.cookies.get(given['name'])
        data = store.get(id) if id else None
        # An id that is not known is not taken over: it could be one that somebody planted.
        req.session = Session({} if data is None else data.copy(), None if data is None else id)
        res.not_plain()
        res.on('head', lambda: _keep(req.session, res, store, given))
        next()

    return remember


def _keep(session, res, store, given):
    if session.id is not None and (session.destroyed or session.renewed):
        store.destroy(session.id)
    if session.destroyed:
        if session.id is not None:
            res.clear_cookie(given['name'], path=given['path'])
        return
    fresh = session.id is None or session.renewed
    if fresh and not session.data:
        return
    if fresh:
        session.id = base64url(urandom(ID_BYTES))
        session.renewed = False
    store.set(session.id, session.data.copy(), given['max_age'])
    if fresh or given['rolling']:
        res.cookie(
            given['name'], session.id, max_age=given['max_age'], path=given['path'], secure=given['secure'],
            same_site=given['same_site'],
        )  # fmt: skip
