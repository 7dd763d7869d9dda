"""The Client of the document: one connection, shared by the sockets of its namespaces."""

from ..names import both_spellings
from ..report import report
from ..websocket.codec import text_frame
from .packet import CONNECT_ERROR

MAX_PARTED = 16
"""Namespaces remembered as left, so that packets which crossed the disconnect are ignored."""


@both_spellings
class Client:
    """One Engine.IO session and its sockets (document, "Client"). conn: the session; server: the Server; sockets:
    {namespace's name: Socket}."""

    __slots__ = ('server', 'conn', 'sockets', 'asked', 'root', 'bucket', '_parted')

    def __init__(self, server, conn):
        self.server = server
        self.conn = conn
        self.sockets = {}  # namespace name -> Socket, from CONNECT on
        self.asked = ()  # names of namespaces that may come into being for it, once the app has said so
        self.root = None  # the socket of the main namespace, once it is connected
        self.bucket = None
        self._parted = ()

    @property
    def id(self):
        """The session's id (str), its sid."""
        return self.conn.id

    @property
    def request(self):
        """The Request that the connection began with: headers, cookies (document, "client.request")."""
        return self.conn.request

    @property
    def memory(self):
        """Bytes (int) of what the client gave to join its namespaces, and the app can read as long as it is there."""
        return sum([socket.weight for socket in self.sockets.values()])

    def send(self, kind, nsp, ack_id, data, compress=True):
        """Encodes and sends one packet."""
        conn = self.conn
        packet, attachments = self.server.parser.encode(kind, nsp, ack_id, data)
        stream = conn.stream
        if stream is not None and type(packet) is str and conn._events is None:
            stream.write(text_frame(packet.encode()))
            if attachments is not None:
                for attachment in attachments:
                    conn.ws.send_message(attachment)
            return
        conn.send_packet(packet, compress)
        for attachment in attachments or ():
            conn.send_packet(attachment, compress)

    def close(self, discard=False):
        """Closes the connection, once what is buffered has left (discard: without it); every socket is disconnected,
        reason 'forced server close'."""
        if self.conn.state == 'open':
            self.on_close('forced server close')
            self.conn.close(discard)

    def disconnect_all(self):
        """Disconnects every socket, then the connection."""
        for socket in list(self.sockets.values()):
            socket.disconnect()
        self.conn.close()

    def on_deadline(self, now):
        """The time to join a namespace is up (option connect_timeout)."""
        if not any(socket.connected for socket in self.sockets.values()):
            self.close()

    # -- the decoder's calls -------------------------------------------------------------------------------------

    def on_event(self, nsp, ack_id, data):
        """An event for a socket of this connection."""
        socket = self.sockets.get(nsp)
        if socket is not None and socket.connected:
            socket.on_event(data, ack_id)
        else:
            self._close_stray(nsp)

    def on_ack(self, nsp, ack_id, data):
        """The answer to an event that a socket sent."""
        socket = self.sockets.get(nsp)
        if socket is not None and socket.connected:
            socket.on_ack(ack_id, data)
        else:
            self._close_stray(nsp)

    def on_connect(self, nsp, query, auth):
        """A request to join `nsp`. query: str behind its name (revision 4); auth: dict (revision 5), or None."""
        if nsp in self.sockets or nsp in self.asked:
            if self.conn.protocol == 3 and nsp == '/':
                return  # clients of revision 4 are in the main namespace from the beginning
            self.close()
            return
        self.server.connect(self, nsp, query, auth)

    def on_disconnect(self, nsp):
        """A socket leaves its namespace."""
        socket = self.sockets.get(nsp)
        if socket is not None:
            socket.on_close('client namespace disconnect')

    def on_violation(self, error):
        """A packet that is not valid: it ends the connection."""
        for socket in list(self.sockets.values()):
            socket.on_error(error)
        self.conn.close(True)

    def on_close(self, reason):
        """The connection is over, for `reason`."""
        self.server.on_client_closed(self)
        sockets, self.sockets = self.sockets, {}
        for socket in sockets.values():
            socket.on_close(reason)

    def refuse(self, nsp, error):
        """Tells the client that `nsp` will not have it, or its event. error: see `error_data`. Data that cannot be sent
        is reported, and the client gets the message alone."""
        message, data = error_data(error)
        old = self.conn.protocol == 3
        if data is not None:
            try:
                self.send(CONNECT_ERROR, nsp, None, data if old else {'message': message, 'data': data})
                return
            except (TypeError, ValueError) as exc:
                report(exc, 'the data of a refusal')
        self.send(CONNECT_ERROR, nsp, None, message if old else {'message': message})

    def enter(self, socket):
        """A socket is connected."""
        if socket.nsp.name == '/':
            self.root = socket

    def remove(self, nsp):
        """The socket of `nsp` is disconnected."""
        if nsp == '/':
            self.root = None
        if self.sockets.pop(nsp, None) is not None:
            self._parted = (self._parted + (nsp,))[-MAX_PARTED:]

    def _close_stray(self, nsp):
        # A packet for a namespace that was never joined breaks the protocol; one that crossed a disconnect does not.
        if nsp not in self._parted:
            self.close(True)


def error_data(error):
    """(message, data) of what a middleware gave to `next`: an exception (with `data` perhaps), a str or a dict."""
    if isinstance(error, dict):
        return str(error.get('message', 'error')), error.get('data')
    if isinstance(error, Exception):
        text = getattr(error, 'text', None) or (error.args[0] if error.args else type(error).__name__)
        return str(text), getattr(error, 'data', None)
    return str(error), None
