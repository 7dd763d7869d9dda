"""The whole server, without a network: bytes go in as a stream would bring them, and no exception may come out."""

from edgeio import iosched, report
from edgeio.socketio import Server
from edgeio.webapp import WebApp, body
from edgeio.websocket import WsServer


class Pipe:
    """A stream without a socket. `said`: what the server wrote."""

    secure = False
    certificate = None
    admission = None
    blocked = False
    limits = (65536, 16777216)
    peer = ('192.0.2.1', 4711)

    def __init__(self):
        self.protocol = None
        self.closed = False
        self.paused = self.held = False
        self.said = b''
        self.queued = 0
        self._ended = False

    @property
    def writable(self):
        return not self._ended and not self.closed

    def write(self, data):
        if self.writable:
            self.said += bytes(data)

    def flush(self):
        """Everything has been written already."""

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False

    def hold(self):
        self.held = True

    def release(self):
        if self.held:
            self.held = False
            self.protocol.feed(b'', 0)

    def shut(self):
        self._ended = True

    def finish(self, reason='forced close'):
        self._ended = True
        self.abort(reason)

    def abort(self, reason='forced close'):
        if not self.closed:
            self.closed = True
            protocol, self.protocol = self.protocol, None
            if protocol is not None:
                protocol.on_close(reason)


class _App:
    """A server with everything mounted; made once, since that is what must survive."""

    def __init__(self):
        app = WebApp.create('fuzzed')
        app.get('/hello/:name', lambda req, res: res.send('hello ' + req.params['name']))
        app.post('/body', body.json(), lambda req, res: res.json(req.body))
        app.post('/form', body.urlencoded(), lambda req, res: res.json(req.body))
        self.http = app.server
        self.io = Server(
            app, per_message_deflate={'threshold': 0}, max_http_buffer_size=2000, connection_state_recovery=True,
            max_running_handlers=1,
        )  # fmt: skip
        self.io.of(lambda name, query, done: done(None, True))
        self.io.on('connection', self.on_socket)
        channels = WsServer('/ws', app.server, False, 1000, True)
        channels.on('connection', lambda channel: channel.on('message', channel.send))

    def on_socket(self, socket):
        async def echo(*arguments):
            await iosched.sleep(0)
            socket.emit('echo', len(arguments))

        socket.on_any(echo)
        socket.join('all')


_app = None


def whole_server(data):
    """Requests, frames and packets through all layers. The pieces are separated by two NULs; `SID` stands for the id
    of the last session."""
    global _app
    if _app is None:
        _app = _App()
    found = []
    before = report.set_on_error(lambda exc, where: found.append((where, exc)))
    pipes = [Pipe(), Pipe()]
    try:
        for number, piece in enumerate(data.split(b'\0\0')[:20]):
            pipe = pipes[number & 1 if data[:1] == b'\x01' else 0]
            _feed(pipe, piece)
            iosched.poll(0)
        for pipe in pipes:
            if not pipe.closed:
                pipe.abort('transport close')
        iosched.poll(0)
    finally:
        report.set_on_error(before)
        for session in list(_app.io.engine.sessions.values()):
            session.close(True)
    assert not [exc for _, exc in found if getattr(exc, 'code', '') != 'running.held'], found
    assert not _app.io.sockets.sockets
    assert not _app.http.connections


def _feed(pipe, piece):
    if pipe.closed or pipe.paused or pipe.held:
        return
    if pipe.protocol is None:
        _app.http._on_stream(pipe)
    piece = piece.replace(b'SID', next(iter(_app.io.engine.sessions), 'none').encode())
    if piece:
        pipe.protocol.feed(piece, len(piece))
