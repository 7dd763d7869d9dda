"""TLS: real clients (curl, OpenSSL, the official Socket.IO client), settings, and peers that break the handshake."""

import socket as plain_socket
import ssl
import subprocess
import threading

import pytest
import trustme

from edgeio import http, iosched, pollset, socket
from edgeio.errors import OptionError
from edgeio.net import tls as net_tls
from edgeio.net.stream import Stream
from edgeio.socketio import Server
from edgeio.webapp import WebApp
from edgeio.websocket import WsServer
from firmware_tests.targets import local
from host_tests.looping import PATIENCE, during, turn_until, until_quiet
from host_tests.processes import ROOT, App, run_node

BIG = bytes(range(256)) * 40_000  # 10 MB

CLIENTS = ['socket.io-client-4', 'socket.io-client-2']


@pytest.fixture(scope='module')
def pki(tmp_path_factory):
    """Paths of certificates: ca, cert, key; and of a client's: client (certificate and key in one file)."""
    folder = tmp_path_factory.mktemp('pki')
    authority = trustme.CA()
    mine = authority.issue_cert('localhost', '127.0.0.1')
    client = authority.issue_cert('board-7@example.org', common_name='board-7')
    files = {name: folder / f'{name}.pem' for name in ('ca', 'cert', 'key', 'client')}
    authority.cert_pem.write_to_path(files['ca'])
    for pem in mine.cert_chain_pems:
        pem.write_to_path(files['cert'], append=True)
    mine.private_key_pem.write_to_path(files['key'])
    client.private_key_and_cert_chain_pem.write_to_path(files['client'])
    return {name: str(path) for name, path in files.items()}


@pytest.fixture
def serve(reports, pki):
    """`serve(handler, **tls_options)` gives a started HttpServer under TLS."""
    started = []

    def start(handler=whoami, limits=None, **options):
        address = socket.sockaddr('127.0.0.1', 0)
        given = {'cert': pki['cert'], 'key': pki['key'], **options}
        server = http.create_server('tls', handler, 0, address, given, **(limits or {})).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
    until_quiet()


def whoami(req, res):
    """Says how the request came; takes bodies, and gives BIG where that is asked for."""
    if req.url == '/big':
        res.end(BIG)
    elif req.method == 'POST':
        req.read_body(len(BIG), lambda error, body: res.end(str(len(body))))
    else:
        res.end(f'{req.protocol} {req.secure}')


def curl(port, pki, *arguments):
    command = ['curl', '-sS', '--max-time', '20', '--cacert', pki['ca'], *arguments]
    done = subprocess.run([*command[:-1], f'https://localhost:{port}{command[-1]}'], capture_output=True, timeout=30)
    return done.returncode, done.stdout, done.stderr.decode()


def open_tls(port, pki, **options):
    """A TLS connection by Python's ssl."""
    context = ssl.create_default_context(cafile=pki['ca'])
    if 'client' in options:
        context.load_cert_chain(options['client'])
    if 'alpn' in options:
        context.set_alpn_protocols(options['alpn'])
    if 'maximum' in options:
        context.maximum_version = options['maximum']
    raw = plain_socket.create_connection(('127.0.0.1', port), PATIENCE / 1000)
    return context.wrap_socket(raw, server_hostname='localhost')


def talk(sock, request=b'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'):
    """The body of the answer to `request`, up to the end of the connection."""
    sock.sendall(request)
    answer = b''.join(iter(lambda: sock.recv(65536), b''))
    return answer.partition(b'\r\n\r\n')[2]


# -- real clients ----------------------------------------------------------------------------------------------------


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


def test_many_requests_on_one_connection(serve, pki):
    port = serve().port()

    def client():
        with open_tls(port, pki) as sock:
            for _ in range(50):
                sock.sendall(b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
                answer = b''
                while not answer.endswith(b'https True'):
                    answer += sock.recv(4096)
            return True

    assert during(client)


def test_request_that_comes_byte_by_byte(serve, pki):
    port = serve().port()

    def client():
        with open_tls(port, pki) as sock:
            for byte in b'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n':
                sock.sendall(bytes((byte,)))
            return talk(sock, b'\r\n')

    assert during(client) == b'https True'


def test_several_records_at_once_are_all_read(serve, pki):
    # One record is 16 KB at most: the second half of this request is decrypted before poll could tell of it.
    got = []
    port = serve(lambda req, res: req.read_body(300_000, lambda e, body: (got.append(body), res.end('ok')))).port()

    def client():
        with open_tls(port, pki) as sock:
            head = b'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n'
            return talk(sock, head + b'x' * 200_000)

    assert during(client) == b'ok'
    assert got == [b'x' * 200_000]


def test_close_notify_ends_the_answer(serve, pki):
    port = serve().port()

    def client():
        with open_tls(port, pki) as sock:
            sock.suppress_ragged_eofs = False  # an end without close_notify would raise
            return talk(sock)

    assert during(client) == b'https True'


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


# -- settings --------------------------------------------------------------------------------------------------------


def test_alpn_is_http_1_1(serve, pki):
    port = serve().port()

    def client(offered):
        with open_tls(port, pki, alpn=offered) as sock:
            chosen = sock.selected_alpn_protocol()
            return chosen, talk(sock)

    assert during(client, ['h2', 'http/1.1']) == ('http/1.1', b'https True')
    assert during(client, ['h2']) == (None, b'https True')


def test_minimum_version_is_kept(serve, pki):
    port = serve(min_version='1.3').port()

    def client():
        with pytest.raises(ssl.SSLError):
            open_tls(port, pki, maximum=ssl.TLSVersion.TLSv1_2)
        with open_tls(port, pki) as sock:
            return sock.version()

    assert during(client) == 'TLSv1.3'


def test_client_certificate_is_required(serve, pki):
    port = serve(ca=pki['ca']).port()

    def client():
        # Under TLS 1.3 the refusal comes after the client's own part of the handshake.
        with pytest.raises((ssl.SSLError, ConnectionResetError)), open_tls(port, pki) as sock:
            talk(sock)
        with open_tls(port, pki, client=pki['client']) as sock:
            return talk(sock)

    assert during(client) == b'https True'


def test_client_certificate_is_optional_and_can_be_read(serve, pki):
    def handler(req, res):
        certificate = req.connection.stream.certificate
        res.end(dict(field[0] for field in certificate['subject'])['commonName'] if certificate else 'nobody')

    port = serve(handler, ca=pki['ca'], client_cert='optional').port()

    def client():
        with open_tls(port, pki) as nobody, open_tls(port, pki, client=pki['client']) as somebody:
            return talk(nobody), talk(somebody)

    assert during(client) == (b'nobody', b'board-7')


@pytest.mark.parametrize(
    ('change', 'code'),
    [
        ({'cert': '/nowhere/cert.pem'}, 'tls.cert'),
        ({'key': None}, 'tls.cert'),
        ({'ca': '/nowhere/ca.pem'}, 'tls.ca'),
        ({'min_version': '1.0'}, 'option.invalid'),
        ({'client_cert': 'maybe'}, 'option.invalid'),
        ({'handshake_timeout': 0}, 'option.invalid'),
        ({'certificate': 'x'}, 'option.unknown'),
        ({'cert': ''}, 'tls.cert'),
    ],
)
def test_wrong_setting_raises_at_the_call(pki, change, code):
    given = {'cert': pki['cert'], 'key': pki['key'], **change}
    with pytest.raises(OptionError) as caught:
        http.create_server('tls', whoami, 0, socket.sockaddr('127.0.0.1', 0), given)
    assert caught.value.code == code


def test_camel_case_settings_are_the_same(pki):
    given = {'cert': pki['cert'], 'key': pki['key'], 'minVersion': '1.3', 'handshakeTimeout': 5}
    assert http.create_server('tls', whoami, 0, socket.sockaddr('127.0.0.1', 0), given).secure


# -- peers that misbehave --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'garbage',
    [b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', b'\x16\x03\x01\xff\xff' + b'\0' * 100, b'\0' * 40_000, b'\x80\x2e\x01'],
    ids=['plain HTTP', 'record too long', 'zeros', 'SSL 2'],
)
def test_garbage_in_place_of_a_handshake_ends_that_connection_only(serve, pki, garbage):
    port = serve().port()

    def client():
        with open_tls(port, pki) as good, plain_socket.create_connection(('127.0.0.1', port), 20) as bad:
            try:
                bad.sendall(garbage)
                bad.shutdown(plain_socket.SHUT_WR)
                while bad.recv(4096):
                    pass
            except OSError:
                pass  # it was quick
            return talk(good)

    assert during(client) == b'https True'


def streams():
    return [watcher for watcher in pollset.watchers.values() if isinstance(watcher, Stream)]


@pytest.fixture
def endings(monkeypatch):
    """Why the streams that were still in their handshake ended."""
    seen = []
    on_close = net_tls._Opening.on_close

    def note(self, reason):
        seen.append(reason)
        on_close(self, reason)

    monkeypatch.setattr(net_tls._Opening, 'on_close', note)
    return seen


@pytest.mark.parametrize('said', [b'', b'\x16\x03\x01\x02\x00\x01'], ids=['silence', 'half a hello'])
def test_handshake_that_does_not_come_is_ended_in_time(serve, endings, said):
    port = serve(handshake_timeout=300).port()

    def client():
        with plain_socket.create_connection(('127.0.0.1', port), 20) as sock:
            sock.sendall(said)
            return sock.recv(10)

    assert during(client) == b''
    assert endings == ['handshake timeout']


def test_client_that_says_nothing_after_its_handshake_is_ended_in_time(serve, pki, endings):
    port = serve(handshake_timeout=300).port()

    def client():
        with open_tls(port, pki) as sock:
            return sock.recv(10)

    assert during(client) == b''
    assert endings == ['handshake timeout']


def test_peer_that_leaves_in_its_handshake_leaves_nothing_behind(serve, endings):
    port = serve().port()

    def client():
        with plain_socket.create_connection(('127.0.0.1', port), 20) as sock:
            sock.sendall(b'\x16\x03\x01\x02\x00\x01')

    during(client)
    turn_until(lambda: endings, 'the end of the stream')
    assert not streams()
    assert not len(net_tls._opening)


def test_slow_handshakes_cost_others_nothing(serve, pki):
    port = serve().port()
    slow = []

    def client():
        for _ in range(50):
            sock = plain_socket.create_connection(('127.0.0.1', port), 20)
            sock.sendall(b'\x16\x03\x01\x02\x00')
            slow.append(sock)
        with open_tls(port, pki) as sock:
            return talk(sock)

    assert during(client) == b'https True'
    for sock in slow:
        sock.close()


def test_reading_stops_where_nobody_takes_the_body_and_goes_on_later(serve, pki):
    # What is decrypted already is not lost while the stream is paused.
    held = []
    port = serve(lambda req, res: held.append((req, res))).port()
    total = 3_000_000
    sent = threading.Event()

    def client():
        with open_tls(port, pki) as sock:
            head = f'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {total}\r\n\r\n'
            sock.sendall(head.encode())
            sent.set()
            return talk(sock, b'y' * total)

    result = []
    thread = threading.Thread(target=lambda: result.append(client()))
    thread.start()
    turn_until(lambda: held and held[0][0].held, 'a full buffer')
    for _ in range(20):
        iosched.poll(1)
    req, res = held[0]
    assert req.held
    req.read_body(total, lambda error, body: res.end(str(len(body))))
    turn_until(lambda: result, 'the answer')
    thread.join()
    assert result == [str(total).encode()]
