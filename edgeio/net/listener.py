"""A listening socket: accepts connections and makes a Stream of each."""

from .. import permission
from ..compat import (
    AF_INET6,
    EAGAIN,
    EINTR,
    EMFILE,
    ENFILE,
    ENOBUFS,
    ENOMEM,
    IPPROTO_IPV6,
    IPPROTO_TCP,
    IPV6_V6ONLY,
    POLLIN,
    SO_REUSEADDR,
    SO_REUSEPORT,
    SOL_SOCKET,
    TCP_NODELAY,
    accept,
    is_readable,
    peer_of,
    port_of,
    resolve,
    stream_socket,
)
from ..errors import EdgeError
from ..pollset import change, forget, watch
from ..report import report
from ..timers import set_timeout
from .admission import Admission
from .stream import HARD_LIMIT, SOFT_LIMIT, Stream

BACKLOG = 1024
"""Connections that the system keeps waiting until they are accepted."""

MAX_ACCEPTS = 64
"""Connections accepted in one turn of the loop, so that a storm of them leaves time for those that are there."""

MAX_REFUSALS = 16
"""Connections too many that are told so at one time; further ones are just closed."""

BACK_OFF = 100
"""Milliseconds without accepting after the process ran out of descriptors, or the system of memory."""

_EXHAUSTED = (EMFILE, ENFILE, ENOBUFS, ENOMEM)


class Listener:
    """Listens on `host`, `port` (0: the system picks) and calls `on_stream(stream)` for each connection.

    reuse_port: several processes share the port. limits: (soft, hard) bytes of each stream's queue. tls: a Tls.
    admission: how many may connect; `on_refused(stream, setting)` answers one too many (`setting` names the bound),
    `on_admitted()` is told of each that may, before its handshake.
    Raises EdgeError `net.listen` where the address cannot be used, PermissionDenied without permission 'network'.
    """

    def __init__(
        self, host, port, on_stream, reuse_port=False, limits=(SOFT_LIMIT, HARD_LIMIT), backlog=BACKLOG,
        tls=None, admission=None, on_refused=None, on_admitted=None,
    ):  # fmt: skip
        permission.require('network')
        self.on_stream = on_stream
        self.limits = limits
        self.admission = admission
        self._tls = tls
        self._on_refused = on_refused
        self._on_admitted = on_admitted
        self._refusals = Admission(MAX_REFUSALS, MAX_REFUSALS, ('', ''))
        self.mask = 0
        self.back_offs = 0
        self.sock = _bind(host, port, reuse_port, backlog)
        self.fd = self.sock.fileno()
        watch(self, POLLIN)

    def port(self):
        """The port it listens on (int)."""
        return port_of(self.sock)

    def close(self):
        """Stops listening; connections made before go on."""
        sock, self.sock = self.sock, None
        if sock is not None:
            forget(self)
            sock.close()

    def on_readable(self):
        """Accepts what waits. The loop calls it."""
        for _ in range(MAX_ACCEPTS):
            try:
                sock, address = accept(self.sock)
            except OSError as exc:
                if exc.errno in _EXHAUSTED:
                    self._back_off()
                if exc.errno in (EAGAIN, EINTR) or exc.errno in _EXHAUSTED:
                    return
                continue  # that connection was reset while it waited (accept(2)); the next may be fine
            self._take(sock, address)
            # An `accept` that finds nobody costs the system several times what this question does.
            if self.sock is None or not is_readable(self.fd):
                return

    def on_ready(self, mask):
        """The loop calls it for errors."""
        self.on_readable()

    def _take(self, sock, address):
        peer = peer_of(sock, address)
        admission = self.admission
        if admission is not None:
            setting = admission.enter(peer[0])
            if setting is not None:
                self._refuse(sock, peer, setting)
                return
        if self._on_admitted is not None:
            self._on_admitted()
        try:
            if self._tls is None:
                stream = Stream(sock, None, peer, self.limits)
            else:
                stream = self._tls.open(sock, peer, self.limits, self._give)
        except OSError:
            sock.close()
            if admission is not None:
                admission.leave(peer[0])
            return
        stream.admission = admission
        if self._tls is None:
            self._give(stream)

    def _give(self, stream):
        try:
            self.on_stream(stream)
        except Exception as exc:
            report(exc, 'a new connection')
            stream.abort('internal error')

    def _refuse(self, sock, peer, setting):
        # Whoever speaks TLS would need the whole handshake to be told anything.
        if self._on_refused is None or self._tls is not None or self._refusals.enter(peer[0]) is not None:
            sock.close()
            return
        stream = Stream(sock, None, peer, self.limits)
        stream.admission = self._refusals
        self._on_refused(stream, setting)

    def _back_off(self):
        self.back_offs += 1
        change(self, 0)
        set_timeout(self._accept_again, BACK_OFF)

    def _accept_again(self):
        if self.sock is not None:
            change(self, POLLIN)


def _bind(host, port, reuse_port, backlog):
    try:
        family, address = resolve(host, port)
        sock = stream_socket(family)
    except OSError as exc:
        raise _listen_error(host, port, exc) from None
    try:
        sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
        if family == AF_INET6:
            sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
        sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # the sockets that it accepts inherit that
        sock.bind(address)
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError as exc:
        sock.close()
        raise _listen_error(host, port, exc) from None
    return sock


def _listen_error(host, port, exc):
    reasons = {98: 'the port is taken by another program', 13: 'ports below 1024 need root', 99: 'not an address here'}
    return EdgeError(
        'net.listen',
        'cannot listen on ' + host + ' port ' + str(port),
        reasons.get(exc.errno, str(exc)),
        'a free port and an address of this machine',
        '--host and --port, or the address given to create_server',
    )
