"""TLS for listeners: the option `tls` of create_server and WebApp.create, and streams under it."""

from ..compat import POLLIN, monotonic_ms, tls_module
from ..errors import OptionError
from ..options import read_options, require
from ..sweep import Sweep
from ..timers import set_immediate
from .stream import Stream

OPTIONS = {
    'cert': None,
    'key': None,
    'password': None,
    'min_version': '1.2',
    'ca': None,
    'client_cert': 'required',
    'alpn': ('http/1.1',),
    'handshake_timeout': 10000,
}
"""The keys of the option `tls`, and their defaults.

cert: path of the certificate, with its chain (PEM); key: path of its private key (None: it is in the same file);
password: of the key; min_version: '1.2' or '1.3'; ca: path of the authorities whose client certificates are good
(None: no client certificate is asked for); client_cert: 'required' or 'optional', with `ca`; alpn: protocols offered;
handshake_timeout: ms from the connection to the first byte of what is spoken under TLS.
"""

MAX_READS = 16
"""Records that one stream reads in one turn of the loop; then it is others' turn."""

_opening = Sweep(250)


class Tls:
    """What a listener needs to speak TLS. options: the option `tls` (dict). Raises OptionError."""

    def __init__(self, options):
        options = read_options('tls', OPTIONS, options)
        if not options['cert']:
            raise OptionError('tls.cert', 'TLS needs a certificate', options['cert'], 'the path of a PEM file', 'cert')
        version, asked = options['min_version'], options['client_cert']
        require('tls', 'min_version', version, version in ('1.2', '1.3'), "'1.2' or '1.3'")
        require('tls', 'client_cert', asked, asked in ('required', 'optional'), "'required' or 'optional'")
        timeout = options['handshake_timeout']
        require('tls', 'handshake_timeout', timeout, isinstance(timeout, int) and timeout > 0, 'ms above 0')
        self._module = tls_module()
        self._context = self._module.make_context(options)
        self._timeout = timeout

    def open(self, sock, peer, limits, on_stream):
        """The stream of an accepted socket; `on_stream(stream)` is called once the peer says something under TLS."""
        stream = TlsStream(self._module.TlsSocket(self._context, sock), None, peer, limits)
        stream.protocol = _Opening(stream, on_stream, self._timeout)
        return stream


class TlsStream(Stream):
    """A stream under TLS."""

    __slots__ = ()

    secure = True
    overhead = 16384
    """About: 15 KB were measured with OpenSSL."""

    @property
    def certificate(self):
        """What the client's certificate says (dict, see ssl.SSLSocket.getpeercert); None where it showed none."""
        return None if self.sock is None else self.sock.certificate()

    def on_readable(self):
        """Reads until nothing is left that poll would not tell of. The loop calls it."""
        for _ in range(MAX_READS):
            Stream.on_readable(self)
            if self.sock is None or self.sock.drained or not self.mask & POLLIN:
                return
        set_immediate(self._read_on)

    def _read_or_not(self):
        Stream._read_or_not(self)
        if self.sock is not None and self.mask & POLLIN and not self.sock.drained:
            set_immediate(self._read_on)

    def _read_on(self):
        if self.sock is not None and self.mask & POLLIN:
            self.on_readable()


class _Opening:
    """The protocol of a stream whose handshake is under way.

    The handshake happens inside reads (it never has to wait for room to write: it is smaller than a socket's send
    buffer), so it is over when the first bytes come. Until then nothing but the socket is kept.
    """

    __slots__ = ('_stream', '_on_stream', 'bucket')

    def __init__(self, stream, on_stream, timeout):
        self._stream = stream
        self._on_stream = on_stream
        self.bucket = None
        _opening.watch(self, monotonic_ms() + timeout)

    def feed(self, data, end):
        stream = self._stream
        _opening.drop(self)
        stream.protocol = None
        self._on_stream(stream)
        if not stream.closed and stream.protocol is not None:
            stream.protocol.feed(data, end)

    def on_eof(self):
        self._stream.abort('transport close')

    def on_deadline(self, now):
        self._stream.abort('handshake timeout')

    def on_close(self, reason):
        _opening.drop(self)
