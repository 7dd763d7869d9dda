"""WsServer: WebSocket channels at a path (platform module `websocket`)."""

from os import urandom

from ..compat import monotonic_ms
from ..errors import OptionError, ProtocolError, StateError
from ..events import EventEmitter
from ..http.origin import ask_origin, check_origins, origin_of
from ..options import require
from ..running import MAX_RUNNING, Allowance, Peer, Running
from ..sweep import Sweep
from .codec import BINARY, GOING_AWAY, MAX_MESSAGE, NORMAL, frame, text_frame
from .connection import Connection
from .handshake import check_request, negotiate, read_deflate, refuse, response
from .undecided import Undecided

PING_INTERVAL = 30000
"""Milliseconds between the pings that find out whether a peer is still there, where nothing else is said."""


class Channel(Peer):
    """One WebSocket. Emits open, message(data: str or bytes), close(code, reason), drain.

    path: str; headers: mapping; request: the Request it began with; eos: who is asking, or None; closed: bool.
    """

    __slots__ = ('server', 'request', '_wire')

    def __init__(self, server, request, stream, deflate=None):
        Peer.__init__(self)
        self.server = server
        self.request = request
        self._wire = _Wire(self, stream, server.max_message, deflate)

    @property
    def path(self):
        """The path that the client asked for (str)."""
        return self.request.path

    @property
    def headers(self):
        """The headers of the handshake."""
        return self.request.headers

    @property
    def eos(self):
        """Who is asking; None where the request carries no valid token."""
        return getattr(self.request, 'eos', None)

    @property
    def closed(self):
        """True once the channel is closed."""
        return self._wire.stream is None

    @property
    def writable(self):
        """False while more is queued than the stream's soft limit; `drain` follows."""
        return self._wire.stream is not None and self._wire.stream.writable

    def send(self, data, compress=True):
        """Sends `data` (str: a text message, bytes: a binary one); False where the channel is closed, or closing.

        compress: False to leave it uncompressed, where compression was negotiated.
        """
        if self._wire.closing:
            return False
        if isinstance(data, str):
            self._wire.send_text(data, compress)
        else:
            self._wire.send_binary(bytes(data), compress)
        return True

    def ping(self, payload=b''):
        """Sends a ping (payload: 125 bytes at most, else StateError)."""
        if self._wire.stream is not None:
            self._wire.ping(payload)

    def close(self, code=NORMAL, reason=''):
        """Closes the channel. code: 1000, or 3000 to 4999 for meanings of the app's own, else OptionError;
        reason: str."""
        self._wire.close(code, reason)

    def new_running(self):
        """As Peer's. What still runs once the channel is closed keeps its place among the connections."""
        return Running(self, self.server.allowance, self.request.connection.stream)

    def hold(self):
        """Reads nothing more from the client, until `release`: its handlers' call (see running.py)."""
        self._wire.hold()

    def release(self):
        """Goes on reading."""
        self._wire.release()


class _Wire(Connection):
    """The connection below a channel."""

    __slots__ = ('channel', 'bucket', '_pinged')

    def __init__(self, channel, stream, max_message, deflate):
        Connection.__init__(self, stream, max_message, deflate)
        self.channel = channel
        self.bucket = None
        self._pinged = None  # what the pong must carry that is waited for; b'': whatever it likes

    def on_text(self, text):
        channel = self.channel
        channel.run(channel, 'message', (text,))

    on_binary = on_text

    def on_drain(self):
        self.channel.emit('drain')

    def ping(self, payload=b''):
        Connection.ping(self, payload)
        if self._pinged:
            self._pinged = b''  # the peer may answer the latest ping alone (section 5.5.3): no longer ours

    def on_pong(self, payload):
        # One that nobody asked for tells nothing: who sends those need not have read a byte (section 5.5.3).
        if not self._pinged or payload == self._pinged:
            self._pinged = None

    def release(self):
        self._pinged = None  # the answer may be among what was not read
        Connection.release(self)

    def on_deadline(self, now):
        """The sweep's call: the next ping is due. A peer that did not answer the last one is gone, unless it is held:
        then nobody has read what it answered."""
        if self._pinged is not None and not self.stopped:
            return self._end('ping timeout')
        if self.stalls(now):
            return self._end('message timeout')
        payload = urandom(4)
        Connection.ping(self, payload)
        self._pinged = payload
        return now + self.channel.server.ping_interval

    def _end(self, reason):
        self._reason = reason
        self.stream.abort(reason)
        return None

    def on_closed(self, code, reason, wire_reason):
        self.channel.server.forget(self)
        self.channel.emit('close', code, reason)


class WsServer(EventEmitter):
    """Emits start, stop, connection(channel). path (str); channels: a set of those that are open.

    max_message: bytes of one message, at most, unpacked; above it the channel is closed with 1009.
    per_message_deflate: whether messages may be compressed (False, True, or a dict: see deflate.OPTIONS).
    ping_interval: ms between pings; a peer that has not answered one by the next is closed (0: no pings).
    origins: whose pages may connect, as Socket.IO's: '*', a str such as 'https://example.com:*', a list, or a function
    (origin, callback(error, success)); a handshake from elsewhere gets 403. A browser sends cookies along with a
    handshake from any page: where they let somebody in, name your own pages here.
    max_running_handlers: tasks of coroutine handlers that run for one channel at one time; at so many nothing more is
    read from it until half of them have ended. Raises OptionError for a value out of its range.
    """

    __slots__ = (
        'path', 'channels', 'max_message', 'ping_interval', 'origins', 'allowance', '_pings', '_deflate',
        '_http_server', '_owned', '_stopped',
    )  # fmt: skip

    def __init__(
        self, path, http_server, owned, max_message=MAX_MESSAGE, per_message_deflate=False,
        ping_interval=PING_INTERVAL, origins='*', max_running_handlers=MAX_RUNNING,
    ):  # fmt: skip
        EventEmitter.__init__(self)
        check_origins('WsServer', origins)
        valid = isinstance(ping_interval, int) and ping_interval >= 0
        require('WsServer', 'ping_interval', ping_interval, valid, 'ms, 0 or more')
        valid = isinstance(max_running_handlers, int) and max_running_handlers > 0
        require('WsServer', 'max_running_handlers', max_running_handlers, valid, 'a number above 0')
        self.path = path
        self.channels = set()
        self.max_message = max_message
        self.ping_interval = ping_interval
        self.origins = origins
        self.allowance = Allowance(max_running_handlers)
        self._pings = Sweep(ping_interval // 50)
        self._deflate = read_deflate(per_message_deflate)
        self._http_server = http_server
        self._owned = owned
        self._stopped = False
        http_server.mount(path, self)

    @staticmethod
    def create_server(
        path, where, tls=None, max_message=MAX_MESSAGE, per_message_deflate=False, ping_interval=PING_INTERVAL,
        origins='*', max_running_handlers=MAX_RUNNING, **options
    ):  # fmt: skip
        """A WsServer at `path` (str). where: a socket address (then it has an HTTP server of its own, which `start`
        starts), an HttpServer or a WebApp. tls, options: those of http.create_server, for an address. The others are
        WsServer's: max_message in bytes, ping_interval in ms, origins ('*': a browser sends cookies with a handshake
        from anybody's page, so where cookies count, set it). Raises OptionError."""
        if path[:1] != '/':
            raise OptionError('ws.path', 'a path begins with a slash', repr(path), "'/...'")
        http_server = getattr(where, 'server', where)
        if hasattr(http_server, 'mount'):
            if tls is not None or options:
                given = 'tls' if tls is not None else sorted(options)[0]
                raise OptionError('ws.options', 'the server that is attached to has its own options', given)
            return WsServer(
                path, http_server, False, max_message, per_message_deflate, ping_interval, origins, max_running_handlers
            )
        if not hasattr(where, 'port'):
            expected = 'socket.sockaddr(...), an HttpServer or a WebApp'
            raise OptionError('ws.where', 'cannot listen there', type(where).__name__, expected)
        from ..http import create_server

        http_server = create_server('websocket', _not_found, 0, where, tls, **options)
        return WsServer(
            path, http_server, True, max_message, per_message_deflate, ping_interval, origins, max_running_handlers
        )

    def start(self):
        """Starts the HTTP server that came with it; returns self. StateError where it has none of its own."""
        if not self._owned:
            raise StateError('ws.start', 'the HTTP server that this is attached to starts and stops it')
        self._http_server.start()
        self.emit('start')
        return self

    def stop(self, callback=None):
        """Closes every channel (1001) and stops listening; then calls `callback()`."""
        self._stopped = True
        self._http_server.unmount(self.path)
        for channel in list(self.channels):
            channel.close(GOING_AWAY)

        def stopped(*args):
            self.emit('stop')
            if callback is not None:
                callback()

        if self._owned:
            self._http_server.stop(stopped)
        else:
            stopped()

    def port(self):
        """The port it listens on (int); None while it does not."""
        return self._http_server.port()

    def broadcast(self, chunk):
        """Sends `chunk` (str or bytes) to every channel: framed once, the same bytes for all."""
        data = text_frame(chunk.encode()) if isinstance(chunk, str) else frame(BINARY, bytes(chunk))
        for channel in list(self.channels):
            wire = channel._wire
            if wire.deflate is not None:
                channel.send(chunk)
            elif wire.stream is not None and not wire.closing:
                wire.stream.write(data)

    def forget(self, wire):
        """The connection below a channel is closed."""
        self._pings.drop(wire)
        self.channels.discard(wire.channel)

    def handle_request(self, req, res):
        """A plain request (the HttpServer's call): this path speaks WebSocket only."""
        res.status_code = 426
        res.set_header('Upgrade', 'websocket')
        res.set_header('Connection', 'Upgrade')
        res.set_header('Content-Type', 'text/plain; charset=utf-8')
        res.end('this path speaks WebSocket\n')

    def handle_upgrade(self, req, stream, head):
        """A handshake (the HttpServer's call)."""
        try:
            key = check_request(req)
        except ProtocolError as exc:
            refuse(stream, exc)
            return
        undecided = Undecided(req, stream, head)
        origin = origin_of(req)

        def answered(error, success):
            try:
                self._decide(req, key, undecided, None if success else _refusal(origin, error))
            except Exception as exc:
                undecided.fail(exc)

        ask_origin(self.origins, req, origin, answered)
        undecided.wait()

    def _decide(self, req, key, undecided, refusal):
        if self._stopped and refusal is None:  # while the app thought about it
            refusal = ProtocolError('ws.stopped', 'the server has stopped', status=503)
        if refusal is not None:
            undecided.refuse(refusal)
        elif undecided.stream is not None:
            self._open(req, key, undecided)

    def _open(self, req, key, undecided):
        deflate, headers = negotiate(req, self._deflate)
        answer = response(key, headers)
        stream, head = undecided.settle()
        stream.write(answer)
        channel = Channel(self, req, stream, deflate)
        self.channels.add(channel)
        if self.ping_interval:
            self._pings.watch(channel._wire, monotonic_ms() + self.ping_interval)
        channel.run(self, 'connection', (channel,))
        channel.emit('open')
        if head and not channel.closed:
            channel._wire.feed(head, len(head))


def _refusal(origin, error):
    text = error if isinstance(error, str) else 'the origin is not allowed'
    return ProtocolError('ws.origin', text, origin, None, 'origins', status=403)


def _not_found(req, res):
    res.status_code = 404
    res.end('not found\n')
