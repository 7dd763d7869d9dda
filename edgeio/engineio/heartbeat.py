"""The heartbeat of a session: who pings whom, and when a client counts as gone."""

from ..compat import monotonic_ms
from ..running import Peer
from .codec import PING, PONG


class Heartbeat(Peer):
    """What a Session has of it (protocol, "Heartbeat"): in revision 4 the server pings, in revision 3 the client does.

    Its sweep is `server.heartbeats`. A client that is held back (see running.py) is excused: what it said may be
    unread. One that hears nothing is not alive, whatever it says.
    """

    __slots__ = ('bucket', '_due', '_pinged', '_excused')

    def begin(self):
        """The session begins: so does the time of its first ping."""
        self.bucket = None
        self._pinged = False
        self._excused = False  # it was held since the last sign of ours
        self._due = self._first_deadline(monotonic_ms())
        self.server.heartbeats.watch(self, self._due)

    def on_deadline(self, now):
        """The sweep's call: sends a ping, or ends a session that did not answer one in time."""
        if now < self._due:
            return self._due
        if self._excused:
            return self._keep_alive(now)
        if self._pinged or self.protocol == 3:
            self.on_closed('ping timeout')
            return None
        self.settle()
        self._ping(now + self.server.options['ping_timeout'])
        return self._due

    def on_ping(self, packet):
        """The client pings (revision 3): it is answered."""
        self.send_packet(PONG + packet[1:])
        if not self._deaf:
            self._due = self._first_deadline(monotonic_ms())
            self._note_queue()
        self.emit('heartbeat')

    def excuse(self):
        """It is held back from now on: nothing is expected of it, but it expects signs of us."""
        self._excused = True
        now = monotonic_ms()
        self._look_at(min(self._due, self._next_ping(now) if self.protocol == 4 else now + self._grace()))

    def _ping(self, due):
        self._pinged = True
        self._due = due
        self.send_packet(PING)
        self._note_queue()

    def _keep_alive(self, now):
        # It was held, so what it said may be unread and nothing was expected of it; but it expects signs of us, held
        # or not. In revision 3 that is the answer to a ping of its own, and one too many does no harm.
        self._excused = held = self.held
        if self.protocol == 4:
            self._ping(self._next_ping(now) if held else now + self.server.options['ping_timeout'])
        else:
            self._due = now + self._grace() if held else self._first_deadline(now)
            self.send_packet(PONG)
        return self._due

    def _note_queue(self):
        """What the client is told leaves behind all that is queued: until then it cannot have heard it."""
        if self.ws is not None:
            stream = self.ws.stream
            stream.owed = stream.queued if stream.blocked else 0

    @property
    def _deaf(self):
        return self.ws is not None and self.ws.stream.owed > 0

    def on_pong(self):
        """The client answers a ping (revision 4)."""
        if self._pinged and not self._deaf:
            self._pinged = False
            self._look_at(self._next_ping(monotonic_ms()))
        self.emit('heartbeat')

    def _look_at(self, due):
        before, self._due = self._due, due
        if due < before:
            self.server.heartbeats.watch(self, due)

    def _first_deadline(self, now):
        # Revision 4: the server pings. Revision 3: the client does, within interval and timeout.
        options = self.server.options
        if self.protocol == 3:
            return now + options['ping_interval'] + options['ping_timeout']
        return self._next_ping(now)

    def _next_ping(self, now):
        # It may go out one tick of the sweep early, so that interval + timeout is never exceeded by more than that.
        return now + max(1, self.server.options['ping_interval'] - self.server.heartbeats.tick)

    def _grace(self):
        options = self.server.options
        return min(options['ping_interval'], options['ping_timeout']) // 2
