"""TLS and clients that are not ours: curl, the official Socket.IO client; on CPython and on MicroPython."""

import socket as plain_socket
import ssl
import subprocess

import pytest

from edgeio import socket
from edgeio.socketio import Server
from edgeio.webapp import WebApp
from edgeio.websocket import WsServer
from firmware_tests.targets import local
from host_tests.looping import during, until_quiet
from host_tests.net.secure import BIG
from host_tests.processes import ROOT, App, run_node

CLIENTS = ['socket.io-client-4', 'socket.io-client-2']


def curl(port, pki, *arguments):
    command = ['curl', '-sS', '--max-time', '20', '--cacert', pki['ca'], *arguments]
    done = subprocess.run([*command[:-1], f'https://localhost:{port}{command[-1]}'], capture_output=True, timeout=30)
    return done.returncode, done.stdout, done.stderr.decode()


def test_curl_is_served_and_the_request_is_secure(serve, pki):
    port = serve().port()
    assert during(curl, port, pki, '/') == (0, b'https True', '')


@pytest.mark.parametrize('version', ['1.2', '1.3'])
def test_large_bodies_both_ways(serve, pki, tmp_path, version):
    port = serve().port()
    (tmp_path / 'body').write_bytes(BIG)
    limit = ('--tlsv' + version, '--tls-max', version)
    assert during(curl, port, pki, *limit, '--data-binary', f'@{tmp_path}/body', '/')[1] == str(len(BIG)).encode()
    assert during(curl, port, pki, *limit, '/big')[1] == BIG


@pytest.mark.parametrize('module', CLIENTS)
@pytest.mark.parametrize('transports', [['polling'], ['websocket'], ['polling', 'websocket']], ids='-'.join)
def test_official_client_over_wss(serve, pki, tmp_path, module, transports):
    io = Server(serve())
    port = next(iter(io._http_servers)).port()
    seen = []

    def on_connection(client):
        seen.append((client.handshake.secure, client.request.secure))
        client.on('echo', lambda data, blob, ack: ack(data, blob))

    io.on('connection', on_connection)
    script = tmp_path / 'client.js'
    script.write_text(CLIENT)
    told = during(
        lambda: run_node(
            script, url=f'https://localhost:{port}', ca=pki['ca'], transports=transports, module=module, size=300_000
        )
    )
    assert told == [{'equal': True, 'transport': transports[-1]}]
    assert seen == [(True, True)]
    io.close()


CLIENT = """
const given = JSON.parse(process.argv[2])
const io = require(given.module)
const ca = require('fs').readFileSync(given.ca)
const socket = io(given.url, { ca, transports: given.transports, forceNew: true })
const text = 'ä'.repeat(given.size), blob = Buffer.alloc(given.size, 7)
socket.on('connect_error', e => { console.error(e.message, e.description); process.exit(1) })
socket.on('connect', () => {
  const engine = socket.io.engine
  const go = () => socket.emit('echo', text, blob, (data, back) => {
    const equal = data === text && Buffer.compare(blob, back) === 0
    console.log(JSON.stringify({ equal, transport: engine.transport.name }))
    socket.close()
  })
  const upgrades = given.transports.length > 1 && engine.transport.name === 'polling'
  if (upgrades) engine.once('upgrade', () => setTimeout(go, 50))
  else go()
})
"""


def test_channel_of_a_ws_server_over_tls(reports, pki):
    server = WsServer.create_server(
        '/echo', socket.sockaddr('127.0.0.1', 0), {'cert': pki['cert'], 'key': pki['key']}, per_message_deflate=True
    )
    server.on('connection', lambda channel: channel.on('message', channel.send))
    server.start()

    def client():
        from websockets.sync.client import connect

        context = ssl.create_default_context(cafile=pki['ca'])
        with connect(f'wss://localhost:{server.port()}/echo', ssl=context, legacy=True) as ws:
            ws.send('ä' * 100_000)
            return ws.recv()

    assert during(client) == 'ä' * 100_000
    server.stop()
    until_quiet()


def test_web_app_over_tls(reports, pki):
    app = WebApp.create('app', 0, socket.sockaddr('127.0.0.1', 0), {'cert': pki['cert'], 'key': pki['key']})
    app.get('/', lambda req, res: res.send('secure' if req.secure else 'plain'))
    app.start()
    assert during(curl, app.port(), pki, '/')[1] == b'secure'
    app.stop()
    until_quiet()


# -- the other runtime ------------------------------------------------------------------------------------------------

ON_MICROPYTHON = """
from edgeio import http, iosched, socket
from edgeio.socketio import Server


def handler(req, res):
    if req.url == '/big':
        res.end(b'0123456789abcdef' * 20000)
    elif req.method == 'POST':
        req.read_body(1000000, lambda error, body: res.end(str(len(body))))
    else:
        res.end(req.protocol + ' ' + str(req.secure))


tls = {'cert': CERT, 'key': KEY, 'handshake_timeout': 500}
server = http.create_server('tls', handler, 0, socket.sockaddr('127.0.0.1', 0), tls)
io = Server(server)
io.on('connection', lambda client: client.on('echo', lambda data, blob, ack: ack(data, blob)))
server.start()
print('{"port": %d}' % server.port())
iosched.forever()
"""


@pytest.fixture
def on_micropython(pki, tmp_path):
    """The port of a server under MicroPython. It must not have printed a traceback."""
    program = tmp_path / 'server.py'
    program.write_text(f'CERT = {pki["cert"]!r}\nKEY = {pki["key"]!r}\n{ON_MICROPYTHON}')
    app = App([*local.micropython(), '-X', 'heapsize=8M', program], env={'MICROPYPATH': f'{ROOT}:.frozen'})
    yield app.port
    app.check()
    app.stop()


def test_micropython_serves_curl_both_ways_and_survives_a_bad_peer(on_micropython, pki, tmp_path):
    port = on_micropython
    (tmp_path / 'body').write_bytes(b'x' * 300_000)
    assert curl(port, pki, '/') == (0, b'https True', '')
    assert curl(port, pki, '/big')[1] == b'0123456789abcdef' * 20_000
    with plain_socket.create_connection(('127.0.0.1', port), 20) as silent:
        with plain_socket.create_connection(('127.0.0.1', port), 20) as bad:
            bad.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
            assert curl(port, pki, '--data-binary', f'@{tmp_path}/body', '/')[1] == b'300000'
        assert silent.recv(10) == b''  # its handshake did not come in time


@pytest.mark.parametrize('module', CLIENTS)
def test_micropython_serves_the_official_client(on_micropython, pki, tmp_path, module):
    script = tmp_path / 'client.js'
    script.write_text(CLIENT)
    url = f'https://localhost:{on_micropython}'
    told = run_node(
        script, url=url, ca=pki['ca'], transports=['polling', 'websocket'], module=module, size=30_000
    )
    assert told == [{'equal': True, 'transport': 'websocket'}]
