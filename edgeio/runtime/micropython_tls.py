"""TLS on MicroPython (Mbed TLS, TLS 1.2): the same names as `runtime/cpython_tls.py`, the same meaning.

Of the certificate's file the first certificate counts: Mbed TLS takes one here. Client certificates are checked, but
what they say cannot be read; there is no ALPN.
"""

from binascii import a2b_base64

import tls

from ..errors import OptionError

_EAGAIN = 11
_SLICE = 4096
"""Bytes that are sent at a time: what would block must be tried again with the very same bytes."""


def make_context(options):
    """The context for `options` (see net.tls.OPTIONS). OptionError for a file that cannot be used."""
    if options['min_version'] != '1.2':
        seen = options['min_version']
        raise OptionError('tls.min_version', 'this runtime speaks TLS 1.2', seen, '1.2', 'min_version')
    if options['password']:
        raise OptionError('tls.password', 'this runtime reads no encrypted keys', setting='password')
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(_der(options['cert']), _der(options['key'] or options['cert'], 'KEY-----'))
    except (OSError, ValueError) as exc:
        seen = str(options['cert']) + ', ' + str(options['key'] or 'no key') + ': ' + str(exc)
        raise OptionError('tls.cert', 'certificate and key cannot be used', seen, 'PEM or DER files', 'cert, key')
    if options['ca'] is not None:
        try:
            context.load_verify_locations(_der(options['ca']))
        except (OSError, ValueError) as exc:
            seen = str(options['ca']) + ': ' + str(exc)
            raise OptionError('tls.ca', 'the authority of client certificates cannot be used', seen, None, 'ca')
        optional = options['client_cert'] == 'optional'
        context.verify_mode = tls.CERT_OPTIONAL if optional else tls.CERT_REQUIRED
    return context


def _der(path, kind='CERTIFICATE-----'):
    """The first block of `kind` in the PEM file `path`, or the whole of a DER file (bytes)."""
    with open(path, 'rb') as file:
        data = file.read()
    begin = data.find(b'-----BEGIN ')
    if begin < 0:
        return data
    while begin >= 0:
        head_end = data.find(b'\n', begin)
        if data[begin:head_end].find(kind.encode()) >= 0:
            return a2b_base64(data[head_end : data.find(b'-----END ', head_end)])
        begin = data.find(b'-----BEGIN ', head_end)
    raise ValueError('no ' + kind[:-5].lower() + ' in ' + path)


class TlsSocket:
    """`sock` under TLS. See `cpython_tls.TlsSocket`."""

    def __init__(self, context, sock):
        sock.setblocking(False)
        self._raw = sock
        self._fd = sock.fileno()  # the TLS socket has none
        self._sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self._pending = 0  # bytes that must be sent again as they were
        self.drained = True

    def setblocking(self, flag):
        """It never blocks."""

    def fileno(self):
        """The descriptor (int)."""
        return self._fd

    def readinto(self, buffer):
        """How many bytes were read; None where it would block, 0 at the end."""
        n = self._sock.readinto(buffer)
        self.drained = n is None
        return n

    def send(self, data):
        """As of a plain socket."""
        sent, end = 0, len(data)
        view = memoryview(data)
        while sent < end:
            n = self._pending or min(_SLICE, end - sent)
            done = self._sock.write(view[sent : sent + n])
            if done is None:
                self._pending = n
                if sent:
                    return sent
                raise OSError(_EAGAIN)
            self._pending = 0
            sent += done
        return sent

    def close(self):
        """Closes both: Mbed TLS leaves the socket below open."""
        try:
            self._sock.close()
        finally:
            self._raw.close()

    def certificate(self):
        """None: it cannot be read here."""
        return None
