"""A WebSocket handshake that waits for the app: for a middleware, `allow_request` or `origins` to answer."""


class Undecided:
    """The protocol of its stream meanwhile. stream: None once the peer is gone; head: the bytes that came (bytes).

    The peer is held back from its first byte on, so that `head` never holds more than was read in one go.
    """

    __slots__ = ('stream', '_head', '_held')

    def __init__(self, stream, head):
        self.stream = stream
        self._head = head
        self._held = False
        stream.protocol = self

    def settle(self):
        """The app has answered: gives (stream, head), for another protocol to go on with."""
        if self._held:
            self.stream.resume()
        return self.stream, self._head

    def feed(self, data, end):
        """Input that comes too early: it is kept."""
        self._head += bytes(memoryview(data)[:end])
        self._held = True
        self.stream.pause()

    def on_eof(self):
        """The peer gave up."""
        self.stream.abort('transport close')

    def on_drain(self):
        """Nothing was written."""

    def on_close(self, reason):
        """The stream is closed; the app's answer will find nobody."""
        self.stream = None
