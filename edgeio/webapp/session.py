"""Middleware that remembers a visitor between requests: `req.session`, a dict kept under an id in a cookie.

    app.use(session())
    req.session['visits'] = req.session.get('visits', 0) + 1

The id has 192 random bits; nothing is kept, and no cookie is set, until something is put in. The store is this
process's memory: another may take its place (`get(id)`, `set(id, data, ms)`, `destroy(id)`, and if it wants to know
who came back with a cookie, `came_back(id, address)`).
"""

from os import urandom

from ..compat import base64url
from ..options import read_options, require
from .memorystore import MemoryStore

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
        if data is not None:
            _welcome_back(store, id, req)
        res.not_plain()
        res.on('head', lambda: _keep(req, res, store, given))
        next()

    return remember


def _welcome_back(store, id, req):
    came_back = getattr(store, 'came_back', None)
    if came_back is not None:
        came_back(id, req.ip)


def _keep(req, res, store, given):
    session = req.session
    if session.id is not None and (session.destroyed or session.renewed):
        store.destroy(session.id)
    if session.destroyed:
        if session.id is not None:
            res.clear_cookie(given['name'], path=given['path'])
        return
    fresh = session.id is None or session.renewed
    if fresh and not session.data:
        return
    returned = session.id is not None
    if fresh:
        session.id = base64url(urandom(ID_BYTES))
        session.renewed = False
    store.set(session.id, session.data.copy(), given['max_age'])
    if fresh and returned:
        _welcome_back(store, session.id, req)  # who logs in has come back, with the id before this one
    if fresh or given['rolling']:
        res.cookie(
            given['name'], session.id, max_age=given['max_age'], path=given['path'], secure=given['secure'],
            same_site=given['same_site'],
        )  # fmt: skip
