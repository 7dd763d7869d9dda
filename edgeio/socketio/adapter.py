"""The in-memory adapter: who is in which room, and the one function that selects receivers.

Another adapter is a class with the same methods, given as the option `adapter`: a subclass of this one, or not.
"""

from ..events import EventEmitter
from .encoded import Encoded
from .packet import EVENT


class Adapter(EventEmitter):
    """The rooms of one namespace. Emits create-room(room), join-room(room, sid), leave-room(room, sid),
    delete-room(room).

    nsp: the Namespace; dropped: volatile packets that found no room (int).
    rooms: {room: {sid, ...}}; sids: {sid: {room, ...}}; each the mirror of the other. What has one element is a
    tuple instead of a set: most sockets are in their own room only, and it saves 400 bytes for each.
    """

    __slots__ = ('nsp', 'rooms', 'sids', 'dropped')

    def __init__(self, nsp):
        EventEmitter.__init__(self)
        self.nsp = nsp
        self.rooms = {}
        self.sids = {}
        self.dropped = 0  # volatile packets that found no room

    def init(self):
        """Called when the namespace begins."""

    def close(self):
        """Called when the namespace ends."""

    def server_count(self):
        """How many servers share this namespace (int)."""
        return 1

    # -- rooms ---------------------------------------------------------------------------------------------------

    def add_all(self, sid, rooms):
        """Puts `sid` into each of `rooms`."""
        for room in rooms:
            if room in self.sids.get(sid, ()):
                continue
            created = room not in self.rooms
            _put(self.sids, sid, room)
            _put(self.rooms, room, sid)
            if self._events:
                if created:
                    self.emit('create-room', room)
                self.emit('join-room', room, sid)

    def remove(self, sid, room):
        """Takes `sid` out of `room`; an empty room vanishes."""
        mine = self.sids.get(sid)
        if mine is None or room not in mine:
            return
        _take(self.sids, sid, room)
        _take(self.rooms, room, sid)
        if self._events:
            self.emit('leave-room', room, sid)
            if room not in self.rooms:
                self.emit('delete-room', room)

    def remove_all(self, sid):
        """Takes `sid` out of all of its rooms."""
        mine = self.sids.get(sid)
        if mine is not None:
            for room in list(mine):
                self.remove(sid, room)

    def socket_rooms(self, sid):
        """The rooms that `sid` is in (set or tuple), or None."""
        return self.sids.get(sid)

    # -- selection -----------------------------------------------------------------------------------------------

    def select(self, rooms, excluded):
        """The sockets in any of `rooms` (empty: all), without those whose id or room is in `excluded`; once each."""
        sockets = self.nsp.sockets
        if not rooms:
            if not excluded:
                return list(sockets.values())
            if len(excluded) == 1 and excluded[0] in sockets and len(self.rooms.get(excluded[0], ())) < 2:
                return [s for sid, s in sockets.items() if sid != excluded[0]]
            sids = sockets
        elif len(rooms) == 1:
            sids = self.rooms.get(rooms[0], ())
        else:
            sids = set()
            for room in rooms:
                sids.update(self.rooms.get(room, ()))
        if excluded:
            out = set(excluded)
            for room in excluded:
                out.update(self.rooms.get(room, ()))
            sids = [sid for sid in sids if sid not in out]
        return [sockets[sid] for sid in sids if sid in sockets]

    # -- sending -------------------------------------------------------------------------------------------------

    def broadcast(self, data, rooms, excluded, volatile=False, gathering=None, compress=True):
        """Sends the event `data` ([name, *args]) to the selected sockets: encoded once, the same bytes for all.

        volatile: only to those that are writable. gathering: collects their answers. compress: whether connections
        that compress may do so. Returns how many it went to.
        """
        nsp = self.nsp
        ack_id = None if gathering is None else nsp.next_ack_id()
        encoded = Encoded(*nsp.server.parser.encode(EVENT, nsp.name, ack_id, data), compress)
        sockets = self.select(rooms, excluded)
        if gathering is not None:
            gathering.expect(sockets, ack_id)
        return self.deliver(encoded, data, sockets, volatile)

    def deliver(self, encoded, data, sockets, volatile):
        """Sends `encoded` to `sockets`. Returns how many it went to."""
        frame = encoded.text_frame
        dropped = 0
        for socket in sockets:
            conn = socket.conn
            if volatile and not conn.writable:
                dropped += 1
                continue
            if socket.watched:
                socket.notify_outgoing(data)
            stream = conn.stream
            if frame is not None and stream is not None and conn._events is None:
                stream.write(frame)
            else:
                encoded.send(conn)
        self.dropped += dropped
        return len(sockets) - dropped

    # -- what may reach beyond this process in other adapters ----------------------------------------------------

    def fetch_sockets(self, rooms, excluded, done):
        """Calls `done(sockets)`."""
        done(self.select(rooms, excluded))

    def add_sockets(self, rooms, excluded, joined):
        """Makes the selected sockets join the rooms `joined`."""
        for socket in self.select(rooms, excluded):
            socket.join(joined)

    def del_sockets(self, rooms, excluded, left):
        """Makes the selected sockets leave the rooms `left`."""
        for socket in self.select(rooms, excluded):
            for room in left:
                socket.leave(room)

    def disconnect_sockets(self, rooms, excluded, close):
        """Disconnects the selected sockets."""
        for socket in self.select(rooms, excluded):
            socket.disconnect(close)

    def server_side_emit(self, data, done):
        """Sends the event `data` to the other servers, of which there are none: `done(None, [])`."""
        if done is not None:
            done(None, [])


def _put(table, key, value):
    """Adds `value` to `table[key]`."""
    values = table.get(key)
    if values is None:
        table[key] = (value,)
    elif type(values) is tuple:
        table[key] = {values[0], value}
    else:
        values.add(value)


def _take(table, key, value):
    """Removes `value` from `table[key]`, and the key with the last of its values."""
    values = table[key]
    if type(values) is tuple:
        del table[key]
    else:
        values.discard(value)
        if len(values) == 1:
            table[key] = tuple(values)
