"""Socket.IO in a browser over https and wss."""

import pytest
import trustme

pytestmark = pytest.mark.browser

APP = """
from edgeio import iosched, socket
from edgeio.socketio import Server
from edgeio.webapp import WebApp

tls = {'cert': CERT, 'key': KEY}
app = WebApp.create('secure', 0, socket.sockaddr('127.0.0.1', 0), tls)
app.get('/', lambda req, res: res.send('<script src="/socket.io/socket.io.js"></script>'))
io = Server(app, per_message_deflate={'threshold': 0})


def on_connection(client):
    client.on('secure', lambda ack: ack(client.handshake.secure, client.conn.transport.name))
    client.on('echo', lambda text, blob, ack: ack(text, blob))


io.on('connection', on_connection)
app.start()
print('https://127.0.0.1:%d' % app.port())
iosched.forever()
"""

TALK = """transports => new Promise((resolve, reject) => {
  const socket = io({ transports })
  const text = 'ä'.repeat(50000), blob = new Uint8Array(70000).fill(7)
  socket.on('connect_error', error => reject(error.message))
  socket.on('connect', () => socket.emit('echo', text, blob, (back, bytes) => {
    const equal = back === text && new Uint8Array(bytes).every(byte => byte === 7) && bytes.byteLength === 70000
    socket.emit('secure', (secure, transport) => {
      socket.close()
      resolve([equal, secure, transport])
    })
  }))
})"""


@pytest.fixture
def page(run_app, browser, tmp_path):
    """A page of the app, in a browser that knows the app's authority no more than it must."""
    authority = trustme.CA()
    mine = authority.issue_cert('127.0.0.1')
    mine.private_key_pem.write_to_path(tmp_path / 'key.pem')
    mine.cert_chain_pems[0].write_to_path(tmp_path / 'cert.pem')
    app = run_app(f'CERT = {str(tmp_path / "cert.pem")!r}\nKEY = {str(tmp_path / "key.pem")!r}\n{APP}')
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto(app.url + '/')
    yield page
    context.close()


@pytest.mark.parametrize(
    ('transports', 'last'), [(['polling'], 'polling'), (['websocket'], 'websocket'), (['polling', 'websocket'], None)]
)
def test_browser_over_https_and_wss(page, transports, last):
    equal, secure, transport = page.evaluate(TALK, transports)
    assert (equal, secure) == (True, True)
    assert last is None or transport == last
