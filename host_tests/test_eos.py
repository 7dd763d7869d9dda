"""Tokens: made, read, refused; and the middleware that tells apps and Socket.IO who is asking."""

import hmac
import json
import os
import subprocess
import sys
from binascii import a2b_base64

import pytest

from edgeio import apphost, eos
from edgeio.compat import base64url
from edgeio.errors import OptionError
from edgeio.socketio import Server
from host_tests.looping import ask, during, open_ws, web_app
from host_tests.processes import ROOT, node_environment

KEY = bytes(range(32))
NOW = 1700000000000

RFC7515_KEY = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow'
RFC7515_SIGNED = 'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.' \
    'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'  # fmt: skip
RFC7515_SIGNATURE = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'


def part(value):
    return base64url(json.dumps(value).encode())


def sign(header, claims, key=KEY):
    signed = f'{part(header)}.{part(claims)}'
    return f'{signed}.{base64url(hmac.digest(key, signed.encode(), "sha256"))}'


CLAIMS = {'acoid': 'u1', 'nickname': 'Nick', 'channel': 'local', 'exp': NOW // 1000 + 60}
HEADER = {'alg': 'HS256', 'typ': 'JWT'}


def test_token_tells_who_it_was_made_for():
    found = eos.read_token(KEY, eos.make_token(KEY, 'user-7', 'Zoë', 'cloud', now=NOW), NOW)
    assert (found.user.acoid, found.user.nickname, found.channel) == ('user-7', 'Zoë', 'cloud')


def test_signature_is_that_of_rfc_7515_appendix_a_1():
    key = a2b_base64(RFC7515_KEY.replace('-', '+').replace('_', '/') + '==')
    assert base64url(eos.hmac_sha256(key, RFC7515_SIGNED.encode())) == RFC7515_SIGNATURE


@pytest.mark.parametrize('length', [0, 1, 32, 63, 64, 65, 200])
def test_hmac_agrees_with_the_standard_library(length):
    key = os.urandom(length)
    assert eos.hmac_sha256(key, b'message') == hmac.digest(key, b'message', 'sha256')


def test_token_is_valid_until_its_expiry_and_not_at_it():
    token = eos.make_token(KEY, 'u1', lifetime=60000, now=NOW)
    assert eos.read_token(KEY, token, NOW + 59999)
    with pytest.raises(eos.TokenError, match='eos.expired'):
        eos.read_token(KEY, token, NOW + 60000)


@pytest.mark.parametrize(
    'token, code',
    [
        ('', 'eos.form'), ('a.b', 'eos.form'), ('a.b.c.d', 'eos.form'), (None, 'eos.form'), ('....', 'eos.form'),
        ('x' * 5000, 'eos.form'), ('!!.!!.!!', 'eos.form'), (f'{part([])}.{part(CLAIMS)}.AAAA', 'eos.form'),
        (f'{part({"alg": "none"})}.{part(CLAIMS)}.', 'eos.algorithm'),
        (sign({'alg': 'HS512'}, CLAIMS), 'eos.algorithm'), (sign({}, CLAIMS), 'eos.algorithm'),
        (sign({**HEADER, 'crit': ['x']}, CLAIMS), 'eos.algorithm'),
        (sign(HEADER, CLAIMS, bytes(32)), 'eos.signature'), (f'{part(HEADER)}.{part(CLAIMS)}.', 'eos.signature'),
        (sign(HEADER, {**CLAIMS, 'acoid': 7}), 'eos.claims'), (sign(HEADER, {**CLAIMS, 'exp': True}), 'eos.claims'),
        (sign(HEADER, {'acoid': 'u1'}), 'eos.claims'), (sign(HEADER, {**CLAIMS, 'channel': 'moon'}), 'eos.claims'),
    ],
)  # fmt: skip
def test_what_is_no_valid_token_is_refused_with_its_reason(token, code):
    with pytest.raises(eos.TokenError) as raised:
        eos.read_token(KEY, token, NOW)
    assert raised.value.code == code and raised.value.status == 401


def test_every_changed_character_is_noticed():
    token = eos.make_token(KEY, 'u1', 'Nick', now=NOW)
    for place in range(len(token)):
        changed = token[:place] + ('A' if token[place] != 'A' else 'B') + token[place + 1 :]
        with pytest.raises(eos.TokenError):
            eos.read_token(KEY, changed, NOW)


def test_short_key_is_refused_and_not_shown():
    with pytest.raises(OptionError) as raised:
        eos.make_token(b'short secret', 'u1')
    assert 'short secret' not in str(raised.value)


# -- middleware --------------------------------------------------------------------------------------------------


def serve(app):
    app.start()
    return app.port()


def who(req, res):
    res.json(None if req.eos is None else [req.eos.user.acoid, req.eos.channel])


@pytest.fixture
def app(reports):
    yield from web_app()


TOKEN = eos.make_token(KEY, 'u1', 'Nick')


@pytest.mark.parametrize(
    'headers, seen',
    [
        ({'Authorization': f'Bearer {TOKEN}'}, ['u1', 'local']),
        ({'Authorization': f'bearer  {TOKEN} '}, ['u1', 'local']),
        ({'Cookie': f'a=b; eos-token={TOKEN}'}, ['u1', 'local']), ({}, None),
        ({'Authorization': f'Bearer {TOKEN}x'}, None), ({'Authorization': f'Basic {TOKEN}'}, None),
    ],
    ids=['header', 'header with spaces', 'cookie', 'nothing', 'changed', 'another scheme'],
)  # fmt: skip
def test_request_tells_who_is_asking(app, headers, seen):
    app.use(eos.middleware(key=KEY))
    app.get('/', who)
    assert during(ask, serve(app), 'GET', '/', None, headers).json == seen


def test_request_without_a_token_is_refused_where_one_is_required(app):
    app.use(eos.middleware(key=KEY, required=True))
    app.get('/', who)
    port = serve(app)
    answer = during(ask, port, 'GET', '/')
    assert answer.status == 401 and answer.headers['WWW-Authenticate'] == 'Bearer'
    assert during(ask, port, 'GET', '/', None, {'Authorization': f'Bearer {TOKEN}'}).json == ['u1', 'local']


def test_key_is_taken_from_the_boards_settings(app, monkeypatch):
    monkeypatch.setattr(apphost, '_settings', {'token_key': KEY.hex()})
    app.use(eos.middleware())
    app.get('/', who)
    assert during(ask, serve(app), 'GET', '/', None, {'Authorization': f'Bearer {TOKEN}'}).json == ['u1', 'local']


def test_board_without_a_key_is_an_error_that_names_the_setting(monkeypatch):
    monkeypatch.setattr(apphost, '_settings', {})
    with pytest.raises(OptionError, match='token_key'):
        eos.middleware()


CLIENT = """
const { io } = require('socket.io-client-4')
const { url, options } = JSON.parse(process.argv[2])
const socket = io(url, { reconnection: false, ...options })
socket.on('who', seen => { console.log(JSON.stringify(seen)); socket.close() })
socket.on('connect_error', error => { console.log(JSON.stringify('refused: ' + error.message)); socket.close() })
"""


def run_client(tmp_path, port, options):
    script = tmp_path / 'client.js'
    script.write_text(CLIENT)
    given = json.dumps({'url': f'http://127.0.0.1:{port}', 'options': options})
    done = subprocess.run(
        ['node', script, given], env={**os.environ, **node_environment()}, text=True, capture_output=True, timeout=30
    )
    assert done.returncode == 0 and done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    'options, seen',
    [
        ({'auth': {'token': TOKEN}}, ['u1', 'Nick']),
        ({'extraHeaders': {'Authorization': f'Bearer {TOKEN}'}}, ['u1', 'Nick']),
        ({'extraHeaders': {'Cookie': f'eos-token={TOKEN}'}}, ['u1', 'Nick']),
        ({}, None), ({'auth': {'token': 'x'}}, None),
    ],
    ids=['auth', 'header', 'cookie', 'nothing', 'not a token'],
)  # fmt: skip
def test_official_client_is_known_by_its_token(app, tmp_path, options, seen):
    io = Server(app.server)
    io.use(eos.socket_middleware(key=KEY))

    @io.on('connection')
    def on_connection(socket):
        known = socket.handshake.eos
        socket.emit('who', known and [known.user.acoid, known.user.nickname])

    assert during(run_client, tmp_path, serve(app), options) == seen
    io.close()


def test_client_without_a_token_is_refused_where_one_is_required(app, tmp_path):
    io = Server(app.server)
    io.use(eos.socket_middleware(key=KEY, required=True))
    assert during(run_client, tmp_path, serve(app), {}).startswith('refused: no token came')
    io.close()


def test_each_namespace_knows_its_own_user(app):
    io = Server(app.server)
    sockets = []
    for nsp in (io.of('/'), io.of('/other')):
        nsp.use(eos.socket_middleware(key=KEY))
        nsp.on('connection', sockets.append)

    def client(port):
        with open_ws(port, '/socket.io/') as ws:
            ws.recv()
            ws.send('40' + json.dumps({'token': TOKEN}))
            ws.recv()
            ws.send('40/other,')
            ws.recv()
            return [socket.handshake.eos and socket.handshake.eos.user.acoid for socket in sockets]

    assert during(client, serve(app)) == ['u1', None]
    io.close()


# -- the command -------------------------------------------------------------------------------------------------


def run_token(*words):
    command = [sys.executable, '-m', 'edgeio', 'token', *map(str, words)]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True)


def test_command_makes_a_key_and_tokens_that_are_valid(tmp_path):
    path = tmp_path / 'token.key'
    made = run_token('--new-key', path)
    assert made.returncode == 0 and path.read_text().strip() not in made.stdout and path.stat().st_mode & 0o777 == 0o600
    done = run_token('--key', path, '--acoid', 'u9', '--nickname', 'Nine', '--hours', '0.5', '--channel=cloud')
    found = eos.read_token(eos.key_from_text(path.read_text()), done.stdout.strip())
    assert (found.user.acoid, found.user.nickname, found.channel) == ('u9', 'Nine', 'cloud')


def test_command_writes_over_no_key(tmp_path):
    path = tmp_path / 'token.key'
    run_token('--new-key', path)
    before = path.read_text()
    assert run_token('--new-key', path).returncode == 1 and path.read_text() == before


def test_command_says_what_it_lacks(tmp_path):
    assert 'token.argument' in run_token('--acoid', 'u1').stderr
    assert 'token.key_file' in run_token('--acoid', 'u1', '--key', tmp_path / 'none').stderr
    (tmp_path / 'bad').write_text('hello')
    assert 'eos.key' in run_token('--acoid', 'u1', '--key', tmp_path / 'bad').stderr
