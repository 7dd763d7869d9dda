"""Connection state recovery: a client that comes back in time finds its id, rooms, data and the events it missed.

Off by default; the option is connection_state_recovery=True or a dict of

    max_disconnection_duration    ms that a session waits for its client (120000)
    skip_middlewares              True: the namespace's middleware is not run again (True)
    max_packets                   events kept for those who are away, per namespace (1000)
    max_packet_bytes              the same, in bytes of their encoding (4000000)
    max_sessions                  sessions kept, per namespace (1000)

Each event carries an offset as its last argument; a client returns with its private id (pid) and the last offset
it saw. What no longer fits into the bounds cannot be recovered: such a client simply starts a new session. So does
one that comes back after the server's `close()`.
"""

from ..compat import monotonic_ms
from ..options import read_options, require
from ..sweep import Sweep
from .adapter import Adapter
from .encoded import Encoded
from .packet import EVENT

OPTIONS = {
    'max_disconnection_duration': 120000,
    'skip_middlewares': True,
    'max_packets': 1000,
    'max_packet_bytes': 4000000,
    'max_sessions': 1000,
}

RECOVERABLE = (
    'transport error',
    'transport close',
    'forced close',
    'ping timeout',
    'server shutting down',
    'forced server close',
)
"""Reasons after which a client may come back: those that neither side chose."""


def read_recovery(value):
    """The option's value (True, or a dict) as a dict of all settings."""
    options = read_options('connection_state_recovery', OPTIONS, value if isinstance(value, dict) else None)
    for name in ('max_disconnection_duration', 'max_packets', 'max_packet_bytes', 'max_sessions'):
        bound = options[name]
        require('connection_state_recovery', name, bound, isinstance(bound, int) and bound > 0, 'a number above 0')
    return options


class Session:
    """What is kept of a socket whose client is away."""

    __slots__ = ('sid', 'pid', 'rooms', 'joined', 'data', 'until', 'offset', 'adapter', 'bucket')

    def __init__(self, socket, until):
        self.adapter = socket.nsp.adapter
        self.bucket = None
        self.sid = socket.id
        self.pid = socket.pid
        self.rooms = list(socket.nsp.adapter.socket_rooms(socket.id) or ())
        self.joined = self.adapter.joined(socket.id)  # room -> number of the last event before it was joined
        self.data = socket._data
        self.until = until
        self.offset = None  # of the last event that its client saw, once it is back

    def on_deadline(self, now):
        """The sweep's call: the time to come back is up."""
        self.adapter.forget(self)


class _Kept:
    __slots__ = ('number', 'offset', 'encoded', 'rooms', 'excluded', 'time', 'size')

    def __init__(self, number, offset, encoded, rooms, excluded, time, size):
        self.number = number
        self.offset = offset
        self.encoded = encoded
        self.rooms = rooms
        self.excluded = excluded
        self.time = time
        self.size = size


class RecoveryAdapter(Adapter):
    """The in-memory adapter with a memory: events, and the sessions of those who are away.

    Events are numbered, and offsets are no secret: so it is remembered, too, at which number each room was joined. What
    was said before that, nobody missed. (Its own room a socket joins as it connects.)
    """

    __slots__ = ('_settings', '_kept', '_bytes', '_sessions', '_watched', '_count', '_prefix', '_joined')

    def __init__(self, nsp):
        Adapter.__init__(self, nsp)
        self._settings = nsp.server.recovery
        self._kept = []
        self._bytes = 0
        self._sessions = {}  # pid -> Session
        self._watched = Sweep(self._settings['max_disconnection_duration'] // 50)
        self._count = 0
        self._joined = {}  # sid -> {room: number of the last event before}
        self._prefix = nsp.server.make_id()[:8]  # offsets of an earlier process are not taken for ours

    def broadcast(self, data, rooms, excluded, volatile=False, gathering=None, compress=True):
        """As Adapter.broadcast; an event that may be recovered gets an offset and is kept."""
        if volatile or gathering is not None:
            return Adapter.broadcast(self, data, rooms, excluded, volatile, gathering, compress)
        self._count += 1
        offset = self._prefix + str(self._count)
        nsp = self.nsp
        encoded = Encoded(*nsp.server.parser.encode(EVENT, nsp.name, None, data + [offset]), compress)
        self._keep(offset, encoded, rooms, excluded)
        return self.deliver(encoded, data, self.select(rooms, excluded), False)

    def add_all(self, sid, rooms):
        """As Adapter.add_all."""
        Adapter.add_all(self, sid, rooms)  # first: it raises for what cannot be a room
        joined = self._joined.setdefault(sid, {})
        for room in rooms:
            joined.setdefault(room, self._count)

    def remove(self, sid, room):
        """As Adapter.remove."""
        Adapter.remove(self, sid, room)
        joined = self._joined.get(sid)
        if joined is not None:
            joined.pop(room, None)
            if not joined:
                del self._joined[sid]

    def joined(self, sid):
        """{room: number of the last event before `sid` joined it}."""
        return self._joined.get(sid, {}).copy()

    def persist(self, socket, reason):
        """The client of `socket` is away, for `reason`: kept, unless one of the two sides wanted that."""
        if reason in RECOVERABLE:
            self.keep(Session(socket, monotonic_ms() + self._settings['max_disconnection_duration']))

    def keep(self, session):
        """`session` waits for its client until its time is up."""
        while len(self._sessions) >= self._settings['max_sessions']:
            self.forget(min(self._sessions.values(), key=lambda session: session.until))
        self._sessions[session.pid] = session
        self._watched.watch(session, session.until)

    def forget(self, session):
        """`session` waits no longer."""
        self._watched.drop(session)
        self._sessions.pop(session.pid, None)

    def restore(self, pid, offset):
        """The Session of `pid`, whose client saw all until `offset`; None where it cannot be had."""
        session = self._sessions.get(pid)
        if session is None or session.until < monotonic_ms() or self._index(offset) < 0:
            return None
        self.forget(session)
        self._joined[session.sid] = session.joined.copy()  # it has been in its rooms since then
        session.offset = offset
        return session

    def close(self):
        """The namespace ends: nobody is expected back."""
        self._watched.close()
        self._sessions.clear()
        self._kept = []
        self._bytes = 0

    def missed(self, session):
        """What `session` missed until now (list of Encoded); None where not all of that is kept any more."""
        index = self._index(session.offset)
        if index < 0:
            return None
        rooms = set(session.rooms)
        return [
            kept.encoded
            for kept in self._kept[index + 1 :]
            if _was_for(session, kept) and rooms.isdisjoint(kept.excluded)
        ]

    def _keep(self, offset, encoded, rooms, excluded):
        now = monotonic_ms()
        size = len(encoded.packet) + sum(len(a) for a in encoded.attachments or ())
        self._kept.append(_Kept(self._count, offset, encoded, rooms, excluded, now, size))
        self._bytes += size
        settings = self._settings
        drop = 0
        oldest = now - settings['max_disconnection_duration']
        while drop < len(self._kept) and (
            len(self._kept) - drop > settings['max_packets']
            or self._bytes > settings['max_packet_bytes']
            or self._kept[drop].time < oldest
        ):
            self._bytes -= self._kept[drop].size
            drop += 1
        if drop:
            self._kept = self._kept[drop:]

    def _index(self, offset):
        for i in range(len(self._kept) - 1, -1, -1):
            if self._kept[i].offset == offset:
                return i
        return -1


def _was_for(session, kept):
    """Whether it was said to all once the session's socket was there, or in a room once it had joined that."""
    joined = session.joined
    for room in kept.rooms or (session.sid,):
        if room in joined and joined[room] < kept.number:
            return True
    return False
