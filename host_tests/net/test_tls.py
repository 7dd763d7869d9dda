"""TLS: requests as records, settings, and peers that break the handshake. The client is Python's ssl (OpenSSL)."""

import socket as plain_socket
import ssl
import threading

import pytest

from edgeio import http, iosched, pollset, socket
from edgeio.errors import OptionError
from edgeio.net import tls as net_tls
from edgeio.net.stream import Stream
from host_tests.looping import during, turn_until
from host_tests.net.secure import open_tls, talk, whoami

# -- requests and answers ---------------------------------------------------------------------------------------------


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
