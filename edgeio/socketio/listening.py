"""Who listens to all that a socket hears and says: its middleware, and the catch-all listeners."""

from ..events import EventEmitter, call, make_handler
from ..options import require


class Listening(EventEmitter):
    """What a Socket has of it (document, "socket.use"). watched: somebody listens to what is sent (bool)."""

    __slots__ = ('watched', '_middleware', '_any', '_any_outgoing')

    def __init__(self):
        EventEmitter.__init__(self)
        self.watched = False
        self._middleware = self._any = self._any_outgoing = ()

    def use(self, fn):
        """Adds a middleware `fn(packet, next)` for incoming events; packet: [name, *args]. Returns self (document,
        "socket.use"). OptionError for what cannot be called."""
        require('use', 'fn', fn, callable(fn), 'a function (packet, next)')
        self._middleware += (fn,)
        return self

    def on_any(self, fn):
        """`fn(name, *args)` for every incoming event; returns self. OptionError where `fn` cannot be called."""
        self._any += (make_handler(fn),)
        return self

    def prepend_any(self, fn):
        """As on_any, before the others; returns self. OptionError where `fn` cannot be called."""
        self._any = (make_handler(fn),) + self._any
        return self

    def off_any(self, fn=None):
        """Removes `fn` (None: all) from on_any; returns self."""
        self._any = _without(self._any, fn)
        return self

    def listeners_any(self):
        """The functions given to on_any (list)."""
        return [handler[0] for handler in self._any]

    def on_any_outgoing(self, fn):
        """`fn(name, *args)` for every event that is sent to this client, broadcasts included; returns self. OptionError
        where `fn` cannot be called."""
        self._any_outgoing += (make_handler(fn),)
        self.watched = True
        return self

    def prepend_any_outgoing(self, fn):
        """As on_any_outgoing, before the others; returns self. OptionError where `fn` cannot be called."""
        self._any_outgoing = (make_handler(fn),) + self._any_outgoing
        self.watched = True
        return self

    def off_any_outgoing(self, fn=None):
        """Removes `fn` (None: all) from on_any_outgoing; returns self."""
        self._any_outgoing = _without(self._any_outgoing, fn)
        self.watched = bool(self._any_outgoing)
        return self

    def listeners_any_outgoing(self):
        """The functions given to on_any_outgoing (list)."""
        return [handler[0] for handler in self._any_outgoing]

    def notify_outgoing(self, data):
        """An event is sent to this client: data is [name, *args]."""
        for handler in self._any_outgoing:
            call(handler, tuple(data), 'on_any_outgoing')

    def _tell_any(self, data):
        for handler in self._any:
            self.conn.call(handler, tuple(data), 'on_any')


def _without(handlers, fn):
    return () if fn is None else tuple(handler for handler in handlers if handler[0] != fn)
