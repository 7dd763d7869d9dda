"""The receiver of a session that is used without Socket.IO."""

from .codec import MESSAGE


class Emitter:
    """The receiver of a session that is used without Socket.IO: messages become events."""

    __slots__ = ('_session',)

    def __init__(self, session):
        self._session = session

    def on_text(self, packet):
        """A text packet, with its type."""
        if packet[:1] == MESSAGE:
            self.on_binary(packet[1:])
        else:
            self._session.on_text_packet(packet)

    def on_binary(self, data):
        """A message."""
        session = self._session
        session.run(session, 'data', (data,))
        session.run(session, 'message', (data,))

    def on_drain(self):
        """The session tells that by itself."""

    def on_close(self, reason):
        """So does it tell its end."""
