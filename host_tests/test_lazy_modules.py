"""A board's heap holds what its app uses: what the chat does not choose is not loaded."""

import subprocess
import sys

PROGRAM = """
import sys
import edgeio.runner
from edgeio import WebApp, fs, iosched, socket
from edgeio.socketio import Server
app = WebApp.create('chat', 0, socket.sockaddr('127.0.0.1', 0))
app.get('/index.:ext', lambda req, res: res.end('page'))
io = Server(app.server{options})
app.start()
{more}
print(' '.join(name[7:] for name in sys.modules if name.startswith('edgeio.')))
"""

UNUSED = {
    'watchdog', 'tokens', 'eos', 'uart', 'gpio', 'leds', 'net.tls', 'http.chunked', 'http.pump', 'http.workers',
    'websocket.deflate', 'websocket.pieces', 'websocket.server', 'webapp.body', 'webapp.conditions', 'webapp.cookies',
    'webapp.send', 'webapp.static', 'webapp.views', 'socketio.cbor', 'socketio.gathering', 'socketio.handshake',
    'http.question', 'engineio.middleware', 'socketio.parent', 'socketio.recovery',
}  # fmt: skip


def loaded(options='', more=''):
    """The modules of edgeio that a server has loaded; options: text behind its first argument; more: statements."""
    program = PROGRAM.format(options=options, more=more)
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_a_chat_server_loads_nothing_that_it_does_not_use():
    modules = loaded()
    assert {'socketio.socket', 'engineio.session', 'websocket.codec', 'webapp.router'} <= modules
    assert not modules & UNUSED


def test_what_an_app_chooses_is_loaded():
    modules = loaded(
        ', per_message_deflate=True, connection_state_recovery=True',
        "io.of(lambda name, query, next: next(None, True)); app.use(WebApp.static('.'))",
    )
    assert {'websocket.deflate', 'socketio.recovery', 'socketio.parent', 'webapp.static'} <= modules
