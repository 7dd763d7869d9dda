"""Templates: which engine renders which file."""

from .. import fs
from ..compat import arity
from ..errors import OptionError
from ..http.mime import extension


class Views:
    """The template engines of an app. settings: the app's, of which 'views' (the folder) and 'view engine' (the
    extension of names without one) count here.
    """

    def __init__(self, settings):
        self._settings = settings
        self._engines = {}

    def add(self, ext, fn):
        """`fn(path, values)` returns the text of a template; `fn(path, values, callback)` calls callback(err, text)."""
        if not callable(fn):
            raise OptionError('webapp.engine', 'an engine must be callable', repr(fn), 'fn(path, values)')
        self._engines[ext.lstrip('.').lower()] = (fn, arity(fn)[0] >= 3)

    def render(self, name, values, callback=None):
        """The text of template `name`; with `callback(error, text)` it is given that and returns None."""
        path, engine = self._find(name)
        fn, calls_back = engine
        if calls_back:
            return _wait(fn, path, values, callback)
        if callback is None:
            return fn(path, values)
        try:
            text = fn(path, values)
        except Exception as exc:
            callback(exc, None)
        else:
            callback(None, text)
        return None

    def _find(self, name):
        ext = extension(name)
        if not ext:
            ext = str(self._settings.get('view engine') or '').lstrip('.')
            name += '.' + ext
        engine = self._engines.get(ext.lower())
        if engine is None:
            known = ', '.join(sorted(self._engines)) or 'none'
            raise OptionError('webapp.engine', 'no engine renders this template', name, known, 'app.engine(ext, fn)')
        root = fs.real_path(self._settings.get('views') or 'views')
        path = None if '..' in name.split('/') else fs.below(root, name)
        if path is None or not fs.exists(path):
            raise OptionError('webapp.view', 'there is no such template', name, root, "app.set('views', folder)")
        return path, engine


def _wait(fn, path, values, callback):
    if callback is not None:
        fn(path, values, callback)
        return None
    outcome = []
    fn(path, values, lambda error, text=None: outcome.append((error, text)))
    if not outcome:
        raise OptionError('webapp.engine', 'this engine answers later', path, 'a callback', 'render(..., callback)')
    error, text = outcome[0]
    if error is not None:
        raise error if isinstance(error, Exception) else OptionError('webapp.engine', str(error), path)
    return text
