"""One packet, encoded once, for any number of receivers."""

from ..compat import check_text
from ..websocket.codec import BINARY, frame, text_frame


class Encoded:
    """A packet and its attachments. text_frame: the WebSocket frame of a packet that is text alone, else None.
    compress: whether connections that compress may do so here.

    A server's frames are not masked, so their bytes are the same for all. Packets with binary parts differ by
    protocol revision; their frames are made once per revision, when the first receiver of it comes by.
    """

    __slots__ = ('packet', 'attachments', 'compress', 'text_frame', '_frames')

    def __init__(self, packet, attachments, compress=True):
        self.packet = packet
        self.attachments = attachments
        self.compress = compress
        plain = attachments is None and type(packet) is str
        self.text_frame = text_frame(packet.encode()) if plain else None
        if not plain and type(packet) is str:
            check_text(packet)  # raised here, it is the sender's; half-way through the receivers it would be theirs
        self._frames = None

    def send(self, conn):
        """Sends it by the session `conn`, whatever its transport is."""
        stream = conn.stream
        if stream is not None and conn._events is None:
            stream.write(self.text_frame or self._binary_frames(conn.protocol))
            return
        conn.send_packet(self.packet, self.compress)
        for attachment in self.attachments or ():
            conn.send_packet(attachment, self.compress)

    def _binary_frames(self, revision):
        if self._frames is None:
            self._frames = {}
        data = self._frames.get(revision)
        if data is None:
            prefix = b'' if revision == 4 else b'\x04'
            parts = [self.packet] + (self.attachments or [])
            data = b''.join(
                [text_frame(p.encode()) if type(p) is str else frame(BINARY, prefix + p) for p in parts]
            )
            self._frames[revision] = data
        return data
