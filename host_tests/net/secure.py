"""Both sides of a TLS connection: what the tests' servers answer, and a client by Python's ssl."""

import socket
import ssl

from host_tests.looping import PATIENCE

BIG = bytes(range(256)) * 40_000  # 10 MB


def whoami(req, res):
    """Says how the request came; takes bodies, and gives BIG where that is asked for."""
    if req.url == '/big':
        res.end(BIG)
    elif req.method == 'POST':
        req.read_body(len(BIG), lambda error, body: res.end(str(len(body))))
    else:
        res.end(f'{req.protocol} {req.secure}')


def open_tls(port, pki, **options):
    """A TLS connection by Python's ssl."""
    context = ssl.create_default_context(cafile=pki['ca'])
    if 'client' in options:
        context.load_cert_chain(options['client'])
    if 'alpn' in options:
        context.set_alpn_protocols(options['alpn'])
    if 'maximum' in options:
        context.maximum_version = options['maximum']
    raw = socket.create_connection(('127.0.0.1', port), PATIENCE / 1000)
    return context.wrap_socket(raw, server_hostname='localhost')


def talk(sock, request=b'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'):
    """The body of the answer to `request`, up to the end of the connection."""
    sock.sendall(request)
    answer = b''.join(iter(lambda: sock.recv(65536), b''))
    return answer.partition(b'\r\n\r\n')[2]
