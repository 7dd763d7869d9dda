"""Middleware for single-page apps: a page's own addresses, such as /settings/wifi, are answered with the page itself.

    app.use(history())
    app.use(WebApp.static('public'))
"""

from ..http.url import normalise
from ..options import read_options, require

DEFAULTS = {
    'index': '/index.html',  # what is asked for instead
    'rewrites': (),  # ((path's beginning, path instead), ...), looked at first
    'dots': False,  # rewrite paths whose last part has a dot as well
}


def history(options=None, **kwargs):
    """`fn(req, res, next)` that changes `req.url`: of a GET or HEAD by a browser that wants a page, and names no file.

    Options: index (str), rewrites (pairs of str), dots (bool).
    """
    given = read_options('history', DEFAULTS, options, kwargs)
    index, dots = given['index'], given['dots']
    rewrites = [(normalise(beginning), target) for beginning, target in given['rewrites']]
    require('history', 'index', index, isinstance(index, str) and index[:1] == '/', 'a path, such as /index.html')

    def rewrite(req, res, next):
        if req.method in ('GET', 'HEAD') and _wants_page(req):
            path, mark, query = req.url.partition('?')
            target = _rewritten(path, rewrites)
            if target is None and (dots or '.' not in path.rsplit('/', 1)[-1]):
                target = index
            if target is not None:
                req.url = target + mark + query
        next()

    return rewrite


def _wants_page(req):
    # A script asks for */* or for JSON: it must see that its address is wrong.
    return 'text/html' in (req.headers.get('accept') or '')


def _rewritten(path, rewrites):
    for beginning, target in rewrites:
        if path.startswith(beginning):
            return target
    return None
