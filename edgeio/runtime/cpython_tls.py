"""TLS on CPython (OpenSSL): a server's context, and a socket that behaves as a plain non-blocking one does."""

import _socket
import ssl

from ..errors import OptionError

_VERSIONS = {'1.2': ssl.TLSVersion.TLSv1_2, '1.3': ssl.TLSVersion.TLSv1_3}
_EAGAIN, _EIO = 11, 5
_RECORD = 16384
"""Bytes that OpenSSL writes at a time (RFC 8446, section 5.1)."""


def make_context(options):
    """The context for `options` (see net.tls.OPTIONS). OptionError for a file that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[options['min_version']]
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    try:
        context.load_cert_chain(options['cert'], options['key'], options['password'] or '')
    except (OSError, ValueError) as exc:
        seen = str(options['cert']) + ', ' + str(options['key'] or 'no key') + ': ' + str(exc)
        raise OptionError('tls.cert', 'certificate and key cannot be used', seen, 'PEM files', 'cert, key') from None
    if options['ca'] is not None:
        _ask_for_certificates(context, options)
    if options['alpn']:
        context.set_alpn_protocols(list(options['alpn']))
    return context


def _ask_for_certificates(context, options):
    try:
        context.load_verify_locations(options['ca'])
    except (OSError, ValueError) as exc:
        seen = str(options['ca']) + ': ' + str(exc)
        raise OptionError('tls.ca', 'the authority of client certificates cannot be used', seen, 'a PEM file', 'ca')
    optional = options['client_cert'] == 'optional'
    context.verify_mode = ssl.CERT_OPTIONAL if optional else ssl.CERT_REQUIRED


class TlsSocket:
    """`sock` under TLS. recv and send raise OSError EAGAIN where they would block; the handshake is part of recv.

    drained: nothing that is decrypted waits here, so poll tells when there is more.
    """

    __slots__ = ('_sock', '_over', 'drained')

    def __init__(self, context, sock):
        self._sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self._over = False
        self.drained = True

    def setblocking(self, flag):
        """As of a plain socket."""
        self._sock.setblocking(flag)

    def fileno(self):
        """As of a plain socket."""
        return self._sock.fileno()

    def recv(self, size):
        """As of a plain socket. `size` is more than a record holds, so one call empties it."""
        if self._over:
            return b''
        try:
            data = self._sock.recv(size)
            self.drained = not self._sock.pending()
            return data
        except OSError as exc:
            self.drained = True
            raise _plain(exc) from None

    def send(self, data):
        """As of a plain socket: several records where they fit."""
        sent, end = 0, len(data)
        try:
            if end <= _RECORD:
                return self._sock.send(data)
            view = memoryview(data)
            while sent < end:
                sent += self._sock.send(view[sent : sent + _RECORD])
        except OSError as exc:
            if not sent or not isinstance(exc, (ssl.SSLWantWriteError, ssl.SSLWantReadError)):
                raise _plain(exc) from None
        return sent

    def shutdown(self, how):
        """Tells the peer that nothing follows (close_notify), then ends the sending side of the connection."""
        try:
            self._sock.unwrap()
            self._over = True
        except (OSError, ValueError):
            pass  # the peer's own close_notify has not come: it may still send
        _socket.socket.shutdown(self._sock, how)

    def close(self):
        """As of a plain socket."""
        self._sock.close()

    def certificate(self):
        """The peer's certificate as `ssl.SSLSocket.getpeercert` has it (dict); None where it gave none."""
        return self._sock.getpeercert() or None


def _plain(exc):
    if isinstance(exc, (ssl.SSLWantReadError, ssl.SSLWantWriteError)):
        return OSError(_EAGAIN, 'would block')
    return OSError(_EIO, str(exc))
