"""Middleware that remembers a visitor between requests: `req.session`, a dict kept under an id in a cookie.

    app.use(session())
    req.session['visits'] = req.session.get('visits', 0) + 1

The id has 192 random bits; nothing is kept, and no cookie is set, until something is put in. The store is this
process's memory: another may take its place (`get(id)`, `set(id, data, ms)`, `destroy(id)`, and if it wants to know
who came back with a cookie, `came_back(id, address)`).

Requests of one visitor may be under way at the same time. A session that one of them destroyed stays gone, whatever the
others do; those that change nothing keep what others changed, of two that change something the last one counts.
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

MAX_DEPTH = 8
"""Dicts and lists inside one another that are looked at for changes; what is deeper counts as changed."""

_LISTS = (list, tuple)
_PLAIN = (str, int, float, bool, bytes, type(None))


class Session:
    """What is remembered, with the calls of a dict. id: str, None until it is kept; data: the dict itself."""

    def __init__(self, data, id):
        self.data = {} if data is None else _copy(data)
        self.id = id
        self.destroyed = self.renewed = False
        self._before = data

    @property
    def changed(self):
        """True where the data is not what it was when the request came, or cannot be compared with it."""
        return not _is_same(self.data, self._before)

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
    store = MemoryStore() if given['store'] is None else given['store']

    def remember(req, res, next):
        id = req.cookies.get(given['name'])
        data = store.get(id) if id else None
        # An id that is not known is not taken over: it could be one that somebody planted.
        req.session = Session(data, None if data is None else id)
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
    if session.id is None:
        if session.data and not session.destroyed:
            _keep_fresh(req, res, store, given)
        return
    if session.destroyed:
        store.destroy(session.id)
        res.clear_cookie(given['name'], path=given['path'])
        return
    latest = store.get(session.id)
    if latest is None:
        return  # destroyed, or given another id, by another request: it must not come back
    if session.renewed:
        store.destroy(session.id)
        if session.data:
            _keep_fresh(req, res, store, given)
            _welcome_back(store, session.id, req)  # who logs in has come back, with the id before this one
        return
    store.set(session.id, _copy(session.data) if session.changed else latest, given['max_age'])
    if given['rolling']:
        _set_cookie(res, session.id, given)


def _keep_fresh(req, res, store, given):
    session = req.session
    session.id = base64url(urandom(ID_BYTES))
    session.renewed = False
    store.set(session.id, _copy(session.data), given['max_age'])
    _set_cookie(res, session.id, given)


def _set_cookie(res, id, given):
    res.cookie(
        given['name'], id, max_age=given['max_age'], path=given['path'], secure=given['secure'],
        same_site=given['same_site'],
    )  # fmt: skip


def _copy(value, depth=0):
    """`value` with the dicts and lists in it copied: what one request does to them no other sees before it is kept."""
    kind = type(value)
    if depth < MAX_DEPTH and kind is dict:
        return {key: _copy(value[key], depth + 1) for key in value}
    if depth < MAX_DEPTH and kind in _LISTS:
        return kind([_copy(one, depth + 1) for one in value])
    return value


def _is_same(one, other, depth=0):
    """True where nothing has changed: not even a type (1 is not True). What may change without being another object
    counts as changed."""
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in _PLAIN:
        return one == other
    if depth == MAX_DEPTH or (kind is not dict and kind not in _LISTS) or len(one) != len(other):
        return False
    if kind is dict:
        return all([key in other and _is_same(one[key], other[key], depth + 1) for key in one])
    return all([_is_same(mine, its, depth + 1) for mine, its in zip(one, other)])
