"""The lines that the agent listens on: serial lines, TCP and a local socket, each with a Link on it."""

import os
import socket
from pathlib import Path

from edgeio import iosched, uart
from edgeio.compat import print_error
from edgeio.errors import EdgeError
from edgeio.net.listener import Listener
from edgeio.net.stream import Stream

from .link import Link
from .service import Service

REOPEN = 1000
"""Milliseconds between two tries to open a serial line, such as a USB gadget that is unplugged."""

MAX_LINES = 8
"""Connections over TCP at a time. One more takes the place of the oldest without a session: who has no key may connect,
but does not keep the owner out."""


class LinkStream:
    """The protocol of a stream: a board's end of a Link, and a Service for each of its sessions."""

    def __init__(self, stream, agent, gone):
        self._stream = stream
        self._agent = agent
        self._gone = gone
        self._link = Link(agent.key)
        self._service = None
        self._timer = None
        stream.protocol = self

    def feed(self, data, end):
        """The stream's: input."""
        session = self._link.sender
        self._link.receive(bytes(data[:end]), iosched.monotonic_ms())
        if self._link.sender is not session:
            self._end_service()
            self._service = Service(self._agent, self)
        self.pump()

    def send(self, message):
        """Queues a message; one for a session that is over is dropped, as its asker is gone."""
        if self._link.state == 'open':
            self._link.send(message)
            iosched.set_immediate(self.pump)

    @property
    def in_session(self):
        """True while the far end has proven that it has the key."""
        return self._link.state == 'open'

    @property
    def queued(self):
        """Fragments that wait to be sent."""
        return self._link.queued

    def pump(self):
        """Hands what has come to the service, and what has to go to the stream."""
        iosched.clear_timeout(self._timer)
        self._serve()
        if self._stream is None:
            return
        now = iosched.monotonic_ms()
        if self._stream.writable:
            data = self._link.transmit(now)
            if data:
                self._stream.write(data)
        if self._link.state == 'closed':
            self._end_service()
        wait = self._link.wait(now)
        if wait is not None:
            self._timer = iosched.set_timeout(self.pump, max(1, wait))

    def on_drain(self):
        """The stream's: there is room again."""
        self.pump()

    def on_eof(self):
        """The stream's: the far end hung up."""
        self._stream.abort('hung up')

    def on_close(self, reason):
        """The stream's: the line is gone."""
        self._stream = None
        iosched.clear_timeout(self._timer)
        self._end_service()
        self._gone(self)

    def abort(self, reason='the agent ends'):
        """Gives the line back."""
        if self._stream is not None:
            self._stream.abort(reason)

    def _serve(self):
        while self._service is not None:
            message = self._link.take()
            if message is None:
                return
            self._service.handle(message)

    def _end_service(self):
        service, self._service = self._service, None
        if service is not None:
            service.end()


class SerialLine:
    """Listens on the serial line `path`; opens it again when it was unplugged."""

    def __init__(self, agent, path, speed):
        self._agent, self._path, self._speed = agent, path, speed
        self._stream = self._timer = self._problem = None
        self._open()

    def close(self):
        """Gives the line back."""
        iosched.clear_timeout(self._timer)
        self._agent = None
        if self._stream is not None:
            self._stream.abort()

    def _open(self):
        try:
            stream = uart.open_uart(self._path, self._speed)
        except EdgeError as exc:
            if str(exc) != self._problem:  # once, not every second
                self._problem = str(exc)
                print_error('agent: ' + self._problem)
            self._again()
            return
        self._problem = None
        self._stream = LinkStream(stream, self._agent, self._on_gone)

    def _on_gone(self, stream):
        self._stream = None
        if self._agent is not None:
            self._again()

    def _again(self):
        self._timer = iosched.set_timeout(self._open, REOPEN)


class NetworkLine:
    """Listens on TCP, `address` 'host:port'."""

    def __init__(self, agent, address):
        host, _, port = address.rpartition(':')
        self._agent = agent
        self._streams = []
        self._listener = Listener(host, int(port), self._on_stream)

    def port(self):
        """The port (int)."""
        return self._listener.port()

    def close(self):
        """Stops listening and closes what is connected."""
        self._listener.close()
        for stream in list(self._streams):
            stream.abort()

    def _on_stream(self, stream):
        if len(self._streams) >= MAX_LINES:
            self._make_room()
        if len(self._streams) >= MAX_LINES:
            stream.abort('too many connections')
        else:
            self._streams.append(LinkStream(stream, self._agent, self._streams.remove))

    def _make_room(self):
        for line in self._streams:
            if not line.in_session:
                line.abort('somebody else came')
                return


class LocalLine:
    """Listens on a local socket: the way in for `board/bridge.py`, which lends a console to the link."""

    def __init__(self, agent, path):
        self._agent = agent
        self._streams = []
        self._path = Path(path)
        self._path.unlink(missing_ok=True)
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._sock.bind(str(path))
        os.chmod(path, 0o600)
        self._sock.listen(MAX_LINES)
        self._event = iosched.event('read', self._sock, self._on_connection)
        iosched.add(self._event)

    def close(self):
        """Stops listening and closes what is connected."""
        iosched.remove(self._event)
        self._sock.close()
        self._path.unlink(missing_ok=True)
        for stream in list(self._streams):
            stream.abort()

    def _on_connection(self, arg, ioevent):
        try:
            sock, _ = self._sock.accept()
        except BlockingIOError:
            return
        self._streams.append(LinkStream(Stream(sock), self._agent, self._streams.remove))
