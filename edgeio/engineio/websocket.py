"""The WebSocket transport: one packet a frame."""

from ..errors import ProtocolError
from ..websocket.codec import BINARY, frame, text_frame
from ..websocket.connection import Connection
from .codec import MESSAGE, decode_text3


class WebSocket(Connection):
    """A session's WebSocket, or one that probes (`live` is False until the upgrade is done)."""

    __slots__ = ('session', 'live')

    name = 'websocket'

    def __init__(self, stream, session, max_message):
        Connection.__init__(self, stream, max_message)
        self.session = session
        self.live = False

    def send_message(self, packet):
        """Sends a packet: str with its type, or bytes."""
        if type(packet) is str:
            self.stream.write(text_frame(packet.encode()))
        elif self.session.protocol == 4:
            self.stream.write(frame(BINARY, packet))
        else:
            self.stream.write(frame(BINARY, b'\x04' + packet))

    def on_text(self, text):
        """A text frame came: the hot path of every message."""
        session = self.session
        if self.live and text[:1] == MESSAGE and not session._events:
            session.receiver.on_text(text)
        elif not self.live:
            session.on_candidate_packet(text)
        else:
            self._on_other(text)

    def on_binary(self, data):
        """A binary frame came: a message, after one byte of type in revision 3."""
        session = self.session
        if not self.live:
            session.on_candidate_packet(data)
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
        if self.live:
            self.session.on_closed(wire_reason)
        elif self.session._candidate is self:
            self.session.on_candidate_closed()

    def session_closed(self, reason):
        """The session ended: so does the connection; what still comes is nobody's."""
        self.live = False
        if self.stream is not None:
            self.close(1000)

    def _on_other(self, text):
        session = self.session
        try:
            packet = decode_text3(text)
        except ProtocolError:
            session.on_closed('parse error')
            return
        session.on_packet(packet)
