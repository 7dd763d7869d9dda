"""A client in the tests' own thread that says and shows what goes over the wire.

The WebSocket codec below it is the one of the package `websockets`, not ours.
"""

import json
import socket
from urllib.parse import urlencode

from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.uri import parse_uri

from edgeio import iosched
from host_tests.looping import settle, turn_until


class RawClient:
    """A WebSocket to a Socket.IO server. Engine.IO's pings are answered; `messages` are what else came, unread.

    revision: 5 (Engine.IO 4) or 4 (Engine.IO 3); nsp: the namespace to join at once (None: none), with `auth`
    (revision 5), or `query` behind its name (revision 4, other namespaces than the main one).
    """

    def __init__(self, io, revision=5, nsp='/', auth=None, path='/socket.io/', query=None, headers=(), open=True):
        self.revision = revision
        self.messages = []
        self.closed = False
        fields = urlencode({'EIO': revision - 1, 'transport': 'websocket', **(query or {})})
        self._codec = ClientProtocol(parse_uri(f'ws://127.0.0.1:{io.port}{path}?{fields}'), max_size=None)
        self.socket = socket.create_connection(('127.0.0.1', io.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = self._codec.connect()
        for name, value in headers:
            request.headers[name] = value
        self._codec.send_request(request)
        self._flush()
        self.socket.setblocking(False)
        if open:
            self.handshake = json.loads(self.take()[1:])
            if nsp is not None:
                self.join(nsp, auth)

    # -- what it says --------------------------------------------------------------------------------------------

    def send(self, packet):
        """Sends an Engine.IO packet: text with its type in front, or bytes, a binary message."""
        if isinstance(packet, str):
            self._codec.send_text(packet.encode())
        else:
            self._codec.send_binary(packet if self.revision == 5 else b'\x04' + packet)
        self._flush()

    def join(self, nsp='/', auth=None):
        """Joins a namespace; the id of the socket there (None: revision 4 does not tell)."""
        if self.revision == 5 or nsp != '/':
            self.send('40' + ('' if nsp == '/' else nsp + ',') + ('' if auth is None else json.dumps(auth)))
        answer = self.take()
        assert answer.startswith('40' if nsp == '/' else '40' + nsp.split('?')[0]), answer
        data = json.loads(answer[answer.index('{') :]) if '{' in answer else {}
        self.id = data.get('sid')
        self.pid = data.get('pid')
        return self.id

    def emit(self, name, *args, nsp='/', ack_id=''):
        """Sends an event; attachments are taken out of `args`."""
        attachments = []
        text = json.dumps([name, *args], default=lambda value: _placeholder(attachments, value))
        kind = '42' if not attachments else f'45{len(attachments)}-'
        self.send(f'{kind}{"" if nsp == "/" else nsp + ","}{ack_id}{text}')
        for attachment in attachments:
            self.send(attachment)

    def drop(self):
        """Closes the TCP connection without a word."""
        self.socket.close()
        self.closed = True

    # -- what it hears -------------------------------------------------------------------------------------------

    def take(self):
        """The next message, once it is there."""
        turn_until(lambda: self._read() or self.messages or self.closed, 'a message')
        assert self.messages, 'the connection was closed'
        return self.messages.pop(0)

    def rest(self):
        """All messages that have come or are on their way."""
        settle()
        self._read()
        messages, self.messages = self.messages, []
        return messages

    def take_event(self):
        """The next event: [name, *args], attachments in their places."""
        packet = self.take()
        assert packet[:2] in ('42', '45'), packet
        count = int(packet[2 : packet.index('-')]) if packet[:2] == '45' else 0
        data = json.loads(packet[packet.index('[') :])
        return _filled(data, [self.take() for _ in range(count)])

    def events(self):
        """All events that have come or are on their way."""
        self.messages = self.rest()
        found = []
        while self.messages:
            found.append(self.take_event())
        return found

    def wait_closed(self):
        """Waits for the end of the connection; the code of the close frame, or None."""
        turn_until(lambda: self._read() or self.closed, 'the end of the connection')
        return self._codec.close_rcvd.code if self._codec.close_rcvd else None

    # -- inside --------------------------------------------------------------------------------------------------

    def _read(self):
        try:
            while not self.closed:
                data = self.socket.recv(1 << 20)
                if data:
                    self._codec.receive_data(data)
                else:
                    self._codec.receive_eof()
                    self.drop()
                for event in self._codec.events_received():
                    self._on_event(event)
                self._flush()
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.closed = True

    def _on_event(self, event):
        opcode = getattr(event, 'opcode', None)
        if opcode is Opcode.TEXT:
            text = event.data.decode()
            if text == '2':
                self.send('3')
            elif text != '3':
                self.messages.append(text)
        elif opcode is Opcode.BINARY:
            self.messages.append(bytes(event.data if self.revision == 5 else event.data[1:]))
        elif opcode is None and event is not self._codec.handshake_exc:
            self.response = event

    def _flush(self):
        for data in self._codec.data_to_send():
            while data and not self.closed:
                try:
                    data = data[self.socket.send(data) :]
                except BlockingIOError:
                    iosched.poll(1)
                except (BrokenPipeError, ConnectionResetError):
                    self.closed = True


def _placeholder(attachments, value):
    attachments.append(value)
    return {'_placeholder': True, 'num': len(attachments) - 1}


def _filled(value, attachments):
    if isinstance(value, list):
        return [_filled(item, attachments) for item in value]
    if isinstance(value, dict):
        if value.get('_placeholder'):
            return attachments[value['num']]
        return {key: _filled(item, attachments) for key, item in value.items()}
    return value
