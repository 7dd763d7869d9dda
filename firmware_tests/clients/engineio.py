"""Engine.IO clients: packets by long-polling or WebSocket, protocol revision 4 or 3."""

import json
from binascii import a2b_base64, b2a_base64

from .http import request
from .websocket import open_websocket
from .wire import connect

SEPARATOR = '\x1e'


class Polling:
    """A session over long-polling. open: what the server said of it (dict with sid, pingInterval, ...)."""

    def __init__(self, port, path, open_packet, wire, poll_wire):
        self.port = port
        self.path = path
        self.open = open_packet
        self.wire = wire  # for POST; a GET waits on another one meanwhile
        self._poll_wire = poll_wire
        self._packets = []

    async def send(self, *packets):
        """Sends packets: str with their type, or bytes."""
        body = SEPARATOR.join([_to_text(packet) for packet in packets])
        answer = await request(self.wire, 'POST', self.path, (), body.encode())
        assert (answer.status, answer.body) == (200, b'ok'), (answer.status, answer.body)

    async def receive(self):
        """The next packet."""
        while not self._packets:
            answer = await request(self._poll_wire, 'GET', self.path)
            assert answer.status == 200, answer.body
            self._packets = [_from_text(part) for part in str(answer.body, 'utf-8').split(SEPARATOR)]
        return self._packets.pop(0)

    def close(self):
        """Drops both connections."""
        self.wire.close()
        self._poll_wire.close()


class Socket:
    """A session over WebSocket."""

    def __init__(self, websocket, open_packet):
        self.websocket = websocket
        self.open = open_packet

    async def send(self, *packets):
        """Sends packets: str with their type, or bytes."""
        for packet in packets:
            await self.websocket.send(packet)

    async def receive(self):
        """The next packet."""
        return await self.websocket.receive()

    def close(self):
        """Drops the connection."""
        self.websocket.close()


async def open_polling(port, path='/engine.io/'):
    """A new session over long-polling."""
    wire = await connect(port)
    path += '?EIO=4&transport=polling'
    answer = await request(wire, 'GET', path)
    assert answer.status == 200 and answer.body[:1] == b'0', (answer.status, answer.body)
    opened = json.loads(str(answer.body[1:], 'utf-8'))
    return Polling(port, path + '&sid=' + opened['sid'], opened, wire, await connect(port))


async def open_socket(port, path='/engine.io/', revision=4):
    """A new session over WebSocket."""
    websocket = await open_websocket(port, '%s?EIO=%d&transport=websocket' % (path, revision))
    packet = await websocket.receive()
    assert packet[0] == '0', packet
    return Socket(websocket, json.loads(packet[1:]))


async def upgrade(polling):
    """Takes a polling session over to WebSocket, as clients do; the Socket."""
    websocket = await open_websocket(polling.port, polling.path.replace('=polling', '=websocket'))
    await websocket.send('2probe')
    assert await websocket.receive() == '3probe'
    await websocket.send('5')
    polling.close()
    return Socket(websocket, polling.open)


def _to_text(packet):
    return packet if isinstance(packet, str) else 'b' + str(b2a_base64(packet)[:-1], 'utf-8')


def _from_text(text):
    return a2b_base64(text[1:]) if text[0] == 'b' else text
