"""One Engine.IO session: what the document calls `engine.Socket`, and `socket.conn` in Socket.IO.

A session outlives its transports. It begins with long-polling or WebSocket and may go over from the first to the
second; both knots of that, the two streams and the parked poll, are tied here and in upgrade.py, and nowhere else.
"""

from ..compat import check_text
from ..errors import ProtocolError
from ..events import EventEmitter, call, make_handler
from ..timers import set_immediate, set_timeout
from ..websocket.codec import POLICY, text_frame
from .codec import CLOSE, MESSAGE, NOOP, PING, PONG, decode_text, decode_text3
from .emitter import Emitter
from .heartbeat import Heartbeat

PACKET_COST = 64
"""Bytes that a buffered packet counts beside its own: what the runtime needs to keep it."""

_NAMES = ('open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop')

OPEN, CLOSING, CLOSED = 'open', 'closing', 'closed'
"""The states of a session."""


class Session(Heartbeat):
    """A client's session, over one transport after the other.

    Emits data (or message), drain, flush, packet({type, data}), packet_create({type, data}), heartbeat, upgrading,
    upgrade, close(reason).

    server: the Server; id: the sid (str); protocol: 3 or 4; request: the Request it began with; remote_address: str;
    state: 'open', 'closing' or 'closed'; buffer: packets that wait for a poll; stream: the open WebSocket's, for
    whoever writes frames to it directly: None while polling, and where frames must be compressed first.
    receiver: who gets messages, by on_text(packet), on_binary(data), on_drain() and on_close(reason). A text packet
    comes with its type; over a WebSocket so do those that are not messages, which it gives to `on_text_packet`.
    """

    __slots__ = (
        'server', 'id', 'protocol', 'request', 'remote_address', 'state', 'buffer', '_receiver', 'stream', 'ws',
        'polling', 'upgrade', '_sent', '_buffered', 'compress', '_plain', '_waiting',
    )  # fmt: skip

    def __init__(self, server, sid, protocol, request):
        Heartbeat.__init__(self)
        self.server = server
        self.id = sid
        self.protocol = protocol
        self.request = request
        self.remote_address = request.ip
        self.state = OPEN
        self.buffer = []
        self._buffered = 0  # bytes in it
        self.compress = True  # something in it may be compressed
        self._plain = False  # something in it must not be
        self._receiver = Emitter(self)
        self.stream = self.ws = self.polling = None
        self.upgrade = None  # an Upgrade, while a WebSocket probes
        self._waiting = ()  # Posts, while the rest of their packets is held back, or waits for its turn
        self._sent = None  # callbacks of `send`, as handlers, that wait for the next poll
        self.begin()

    @property
    def receiver(self):
        """Who gets the messages; None after the end."""
        return self._receiver

    @receiver.setter
    def receiver(self, receiver):
        self._receiver = receiver
        self._direct()

    # -- sending -------------------------------------------------------------------------------------------------

    def send(self, data, callback=None, compress=True):
        """Sends `data` (str or bytes) as one message; `callback()` is called once it has been handed to the system.

        compress: False to leave it uncompressed. Returns self. Dropped once the session is closing. Also named write.
        OptionError for a callback that cannot be called.
        """
        self.send_packet(MESSAGE + data if type(data) is str else bytes(data), compress)
        if callback is not None:
            self._call_when_sent(make_handler(callback))
        return self

    write = send

    def send_packet(self, packet, compress=True):
        """Sends a packet: a str with its type, or bytes, which are a binary message."""
        if self._events:
            self._tell('packet_create', 'packetCreate', packet)
        stream = self.stream
        if stream is None:
            if self.state == OPEN:
                self._send_otherwise(packet, compress)
        elif type(packet) is str:
            stream.write(text_frame(packet.encode()))
        else:
            self.ws.send_message(packet)

    @property
    def writable(self):
        """False where a message would have to wait: no poll is parked, or the WebSocket's queue is full."""
        stream = self.stream
        if stream is not None:
            return stream.writable
        if self.state != OPEN:
            return False
        return self.polling.parked and not self.buffer if self.ws is None else self.ws.stream.writable

    @property
    def transport(self):
        """The transport in use; its `name` is 'polling' or 'websocket'."""
        return self.ws or self.polling

    @property
    def ready_state(self):
        """'open', 'closing' or 'closed'."""
        return self.state

    @property
    def memory(self):
        """Bytes (int) that are held for the client beside its streams: packets that wait, headers, what is gathered."""
        memory = self._buffered if self.buffer else 0
        for post in self._waiting:
            memory += post.size
        return memory + self.request.memory + getattr(self._receiver, 'memory', 0)

    def close(self, discard=False):
        """Closes the session once what is buffered has left (discard: without it); reason 'forced close'."""
        if self.state != OPEN:
            return
        self.state = CLOSING
        if self.ws is not None:
            self.ws.close()
            self.on_closed('forced close')
        elif discard and not self.polling.parked:
            self.on_closed('forced close')
        else:
            if discard:
                self.buffer = []
            self.polling.close_when_flushed()
            self.release()

    def on_text_packet(self, text):
        """A text frame of the WebSocket that is not simply a message for the receiver."""
        try:
            packet = decode_text(text) if self.protocol == 4 else decode_text3(text)
        except ProtocolError:
            self.on_closed('parse error')
            return
        self.on_packet(packet)

    # -- receiving -----------------------------------------------------------------------------------------------

    def on_packet(self, packet):
        """A packet came, by whichever transport."""
        if self.state != OPEN:
            if packet == CLOSE:
                self.on_closed('forced close')
            return
        if self._events:
            self._tell('packet', None, packet)
        if type(packet) is not str:
            self._receiver.on_binary(packet)
            return
        kind = packet[0]
        if kind == MESSAGE:
            self._receiver.on_text(packet)
        elif kind == PONG and self.protocol == 4:
            self.on_pong()
        elif kind == PING and self.protocol == 3:
            self.on_ping(packet)
        elif kind == CLOSE:
            self.on_closed('transport close')
        elif kind == PING or kind == PONG:
            self.on_closed('transport error')  # a heartbeat in the wrong direction

    @property
    def held(self):
        """True while nothing is read of it: as many of its handlers run as may (option max_running_handlers)."""
        return self.running is not None and self.running.held and self.state == OPEN

    def hold(self):
        """Its handlers' call: nothing more is read, until `release`."""
        if self.state == OPEN:
            if self.ws is not None:
                self.ws.hold()
            self.excuse()

    def release(self):
        """Goes on: what is left of POSTs comes first, then what the WebSocket has."""
        posts, self._waiting = self._waiting, ()
        for post in posts:
            self.take_post(post)
        if self.ws is not None and not self.held and not self._waiting:
            self.ws.release()

    def take_post(self, post):
        """Takes the packets of `post`, as many as it may; what is left waits for `release`."""
        if self._waiting or self.held or not post.take():
            self._waiting += (post,)
            if self.upgrade is not None and self.upgrade.probed:
                self.answer_post()

    def answer_post(self):
        """Answers the POST that waits, before its time: there may be one more, which is answered in its own."""
        if self._waiting:
            self._waiting[0].answer()

    def on_sent(self):
        """Everything buffered has been handed to the transport."""
        if self._sent:
            done, self._sent = self._sent, None
            for handler in done:
                call(handler, (), 'send')
        if self._events:
            self.emit('flush')
            self.emit('drain')
        if self._receiver is not None:
            self._receiver.on_drain()

    # -- its WebSocket -------------------------------------------------------------------------------------------

    def open_websocket(self, ws):
        """Begins with `ws` as the only transport."""
        self.ws = ws
        self.stream = ws.stream if ws.deflate is None else None
        ws.take_turn()

    def offer(self, ws):
        """A WebSocket opened with this session's sid: it may probe, once."""
        if self.state != OPEN or self.upgrade is not None or self.ws is not None:
            ws.close(POLICY, 'the session has a websocket already')
            return
        from .upgrade import Upgrade

        self.upgrade = ws.upgrade = Upgrade(self, ws)
        ws.on_text = self.upgrade.on_packet

    def take_over(self, ws):
        """Goes over from polling to `ws`: what is buffered leaves by it."""
        polling, self.polling = self.polling, None
        if polling.parked:
            polling.answer([NOOP])
        polling.discard()
        buffer, self.buffer = self.buffer, []
        self.open_websocket(ws)
        if self.held or self._waiting:
            ws.hold()
        for packet in buffer:
            ws.send_message(packet, not self._plain)
        self.emit('upgrade', ws)
        if buffer:
            self.on_sent()

    def is_of(self, req):
        """Whether `req`, which names this session's sid, may speak for it.

        In revision 3 the sid is no secret: clients show it as the id of their socket, and apps tell it to others. So
        it counts only from the address that the session began at.
        """
        return self.protocol != 3 or req.ip == self.remote_address

    def settle(self):
        """The client is established: what is only needed while it connects is packed away."""
        self.request.pack()

    # -- the end -------------------------------------------------------------------------------------------------

    def on_closed(self, reason):
        """The session ends, for `reason`; once."""
        if self.state == CLOSED:
            return
        self.state = CLOSED
        server = self.server
        server.heartbeats.drop(self)
        server.forget(self)
        ws, polling = self.ws, self.polling
        if self.upgrade is not None:
            self.upgrade.session_closed()
        self.stream = None
        if ws is not None:
            ws.session_closed(reason)
        elif polling is not None:
            polling.session_closed(reason)
        self.release()
        self.buffer = []
        receiver, self._receiver = self._receiver, None  # a circle that the garbage collector would have to find
        try:
            receiver.on_close(reason)
            self.emit('close', reason)
        finally:
            server.leave(self)

    shed = on_closed

    def _add(self, name, handler, first=False):
        EventEmitter._add(self, name, handler, first)
        self._direct()

    def _direct(self):
        """Somebody listens, or somebody else receives: the WebSocket's short way is set anew."""
        if self.ws is not None and self.ws.live:
            self.ws.take_turn()

    def _send_otherwise(self, packet, compress):
        if self.ws is not None:
            self.ws.send_message(packet, compress)
            return
        if type(packet) is str:
            check_text(packet)  # it will be encoded by a poll: too late for whoever sends it to learn of it
        # A client that does not poll is ended by its heartbeat; what it is owed until then is bounded here.
        self.compress = compress or (self.compress and bool(self.buffer))
        self._plain = not compress or (self._plain and bool(self.buffer))
        self._buffered = PACKET_COST + len(packet) + (self._buffered if self.buffer else 0)
        self.buffer.append(packet)
        if self._buffered > self.server.options['max_buffered']:
            self.state = CLOSING
            set_timeout(self.on_closed, 0, 'write queue overflow')
        self.polling.flush_soon()

    def _tell(self, event, second_spelling, packet):
        """Shows `packet` to listeners: {type, data}, the type by its name."""
        if type(packet) is str:
            shown = {'type': _NAMES[int(packet[0])], 'data': packet[1:]}
        else:
            shown = {'type': 'message', 'data': packet}
        self.emit(event, shown)
        if second_spelling is not None:
            self.emit(second_spelling, shown)

    def _call_when_sent(self, handler):
        if self.ws is not None:
            set_immediate(call, handler, (), 'send')
        elif self._sent is None:
            self._sent = [handler]
        else:
            self._sent.append(handler)
