"""Dynamic namespaces: those that come into being when a client asks for them. Loaded with the first one."""

from ..errors import OptionError
from ..events import EventEmitter
from ..http.question import ask
from .namespace import Namespace, Senders, check_middleware


class ParentNamespace(Senders):
    """The namespaces that a regular expression or a function lets come into being (document, "server.of").

    `use` and `on` hold for every child, `emit` and the operators reach every child; an `emit` that wants answers is an
    OptionError. name: '/_0', '/_1', ... (str); server: the Server; children: a set of Namespaces.
    """

    __slots__ = ('server', 'name', 'children', 'middleware', '_test', 'adapter')

    def __init__(self, server, name, test):
        EventEmitter.__init__(self)
        self.server = server
        self.name = name
        self.children = set()
        self.middleware = ()
        self._test = test
        self.adapter = _ChildrenAdapter(self)

    def use(self, fn):
        """Adds a middleware for the connections of every child; returns self. OptionError for what cannot be called."""
        check_middleware(fn)
        self.middleware += (fn,)
        return self

    def ask(self, client, name, query, done):
        """Calls `done(True)` where a namespace `name`, that `client` asks for, may come into being."""
        if not callable(self._test):
            done(bool(self._test.search(name)))
            return
        where = 'the function of a dynamic namespace'
        answered = lambda error, allow: done(error is None and bool(allow))  # noqa: E731
        ask(client.conn, self._test, (name, query), answered, where)

    def matches(self, name):
        """True where `name` fits the regular expression."""
        return not callable(self._test) and bool(self._test.search(name))

    def adopt(self, name):
        """Makes the child `name`."""
        child = Namespace(self.server, name, self)
        self.children.add(child)
        return child

    def make_room(self):
        """True where one child more may be; where there are `max_child_namespaces`, an empty one makes room."""
        if len(self.children) < self.server.options['max_child_namespaces']:
            return True
        child = next((c for c in self.children if c.empty), None)
        if child is None:
            return False
        self.children.discard(child)
        self.server.remove_namespace(child)
        return True

    def child_emptied(self, child):
        """The last socket of `child` is gone."""
        if self.server.options['cleanup_empty_child_namespaces']:
            self.children.discard(child)
            self.server.remove_namespace(child)

    def _target(self):
        return self


class _ChildrenAdapter:
    """Forwards to the adapters of all children."""

    def __init__(self, parent):
        self._parent = parent

    def broadcast(self, data, rooms, excluded, volatile=False, gathering=None, compress=True):
        if gathering is not None:
            raise OptionError('sio.parent_ack', "a dynamic namespace's parent cannot collect answers")
        for child in list(self._parent.children):
            child.adapter.broadcast(data, rooms, excluded, volatile, None, compress)

    def fetch_sockets(self, rooms, excluded, done):
        found = []
        for child in list(self._parent.children):
            child.adapter.fetch_sockets(rooms, excluded, found.extend)
        done(found)

    def add_sockets(self, rooms, excluded, joined):
        for child in list(self._parent.children):
            child.adapter.add_sockets(rooms, excluded, joined)

    def del_sockets(self, rooms, excluded, left):
        for child in list(self._parent.children):
            child.adapter.del_sockets(rooms, excluded, left)

    def disconnect_sockets(self, rooms, excluded, close):
        for child in list(self._parent.children):
            child.adapter.disconnect_sockets(rooms, excluded, close)

    def server_side_emit(self, data, done):
        for child in list(self._parent.children):
            child.adapter.server_side_emit(data, None)
        if done is not None:
            done(None, [])
