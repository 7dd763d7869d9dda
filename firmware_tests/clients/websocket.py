"""A WebSocket client on a Wire (RFC 6455)."""

from .http import response_head
from .wire import connect

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

KEY, ACCEPT = 'dGhlIHNhbXBsZSBub25jZQ==', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='  # the example of section 1.3

MASK = b'\x11\x22\x33\x44'

PIECE = 4096
"""Bytes masked at a time: a message of 64 KB is in a small heap often enough already."""


class WebSocket:
    """An open connection."""

    def __init__(self, wire):
        self.wire = wire

    async def send(self, data):
        """Sends a message: str or bytes."""
        if isinstance(data, str):
            await self.send_frame(TEXT, data.encode())
        else:
            await self.send_frame(BINARY, data)

    async def send_frame(self, opcode, payload=b'', fin=True):
        """Sends one masked frame."""
        n = len(payload)
        if n < 126:
            length = bytes([0x80 | n])
        elif n < 65536:
            length = bytes([0x80 | 126]) + n.to_bytes(2, 'big')
        else:
            length = bytes([0x80 | 127]) + n.to_bytes(8, 'big')
        await self.wire.send(bytes([(0x80 if fin else 0) | opcode]) + length + MASK)
        for start in range(0, n, PIECE):
            masked = bytearray(payload[start : start + PIECE])
            for i in range(len(masked)):
                masked[i] ^= MASK[i & 3]
            await self.wire.send(masked)

    async def receive_frame(self):
        """(opcode, payload) of the next frame, which the server must send whole and unmasked."""
        first, n = await self.wire.take(2)
        assert first & 0xF0 == 0x80 and n < 128, 'a frame that is fragmented, extended or masked'
        if n == 126:
            n = int.from_bytes(await self.wire.take(2), 'big')
        elif n == 127:
            n = int.from_bytes(await self.wire.take(8), 'big')
        return first & 15, await self.wire.take(n)

    async def receive(self):
        """The next message: str or bytes."""
        opcode, payload = await self.receive_frame()
        assert opcode in (TEXT, BINARY), 'a frame with opcode %d: %r' % (opcode, payload)
        return str(payload, 'utf-8') if opcode == TEXT else payload

    def close(self):
        """Drops the connection."""
        self.wire.close()


async def open_websocket(port, path, headers=()):
    """A WebSocket to `path` of the server at `port`."""
    wire = await connect(port)
    status, answer = await handshake(wire, path, headers)
    assert status == 101 and answer['sec-websocket-accept'] == ACCEPT, (status, answer)
    return WebSocket(wire)


async def handshake(wire, path, headers=()):
    """Sends the opening handshake; (status, headers) of the answer."""
    lines = ['GET %s HTTP/1.1' % path, 'Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade']
    lines += ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: ' + KEY]
    lines.extend(headers)
    await wire.send(('\r\n'.join(lines) + '\r\n\r\n').encode())
    return await response_head(wire)
