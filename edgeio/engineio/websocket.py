"""The WebSocket transport: one packet a frame."""

from ..websocket.connection import Connection


class WebSocket(Connection):
    """A session's WebSocket, or one that probes (`live` is False until the upgrade is done).

    on_text is a slot, not a method: what a text frame means depends on whether the WebSocket probes, serves or is
    over, and the way of a message shall not ask that for each one. upgrade: its Upgrade, None where it never probed.
    """

    __slots__ = ('session', 'live', 'on_text', 'upgrade')

    name = 'websocket'
    setting = 'max_http_buffer_size'

    def __init__(self, stream, session, max_message, deflate=None):
        Connection.__init__(self, stream, max_message, deflate)
        self.session = session
        self.live = False
        self.on_text = _ignore
        self.upgrade = None

    @property
    def memory(self):
        """Bytes (int) that are held of the client: by its session, too."""
        memory = self.kept if self.deflate is None else self.kept + self.deflate.memory
        return memory + self.session.memory if self.live else memory

    def take_turn(self):
        """It is the session's transport now: messages go straight to the receiver, unless somebody watches."""
        self.live = True
        session = self.session
        self.on_text = session.receiver.on_text if session._events is None else session.on_text_packet

    def step_down(self):
        """It probes no longer: what it says is nobody's."""
        self.upgrade = None
        self.on_text = _ignore

    def send_message(self, packet, compress=True):
        """Sends a packet: str with its type, or bytes."""
        if type(packet) is str:
            self.send_text(packet, compress)
        elif self.session.protocol == 4:
            self.send_binary(packet, compress)
        else:
            self.send_binary(b'\x04' + packet, compress)

    def on_binary(self, data):
        """A binary frame came: a message, after one byte of type in revision 3."""
        session = self.session
        if not self.live:
            self.on_text(data)  # no probe is binary; after the end it does not matter
        elif session.protocol == 4:
            session.on_packet(data)
        elif data[:1] == b'\x04':
            session.on_packet(data[1:])
        else:
            session.on_closed('parse error')

    def on_drain(self):
        """The stream's queue fell below the soft limit."""
        if self.live:
            self.session.on_sent()

    def on_closed(self, code, reason, wire_reason):
        """The connection is gone."""
        session, self.session = self.session, None  # a circle that the garbage collector would have to find
        self.on_text = _ignore
        session.server.on_websocket_gone()
        if self.live:
            session.on_closed(wire_reason)
        elif self.upgrade is not None:
            self.upgrade.end()

    def session_closed(self, reason):
        """The session ended: so does the connection; what still comes is nobody's."""
        self.live = False
        self.on_text = _ignore
        if self.stream is not None:
            self.close()


def _ignore(text):
    """What a text frame means after the end."""
