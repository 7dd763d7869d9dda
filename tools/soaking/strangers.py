"""Peers that mean no good, or just behave badly: each function is one visit. Nothing that they do may matter."""

import asyncio
import base64
import json
import os
import random

from .proxy import reset

POLLING = '/socket.io/?EIO=4&transport=polling'
GARBAGE = (
    b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    b'GET / HTTP/9.9\r\n\r\n',
    b'POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n'
    b'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /state HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET /socket.io/?EIO=4&transport=polling&sid=nobody HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET /' + b'a' * 20000 + b' HTTP/1.1\r\n\r\n',
)
PACKETS = ('42["up"', '4', '49', '459-["a"]', '451-["a",{"_placeholder":true,"num":5}]', '42/no,["a"]', '40', 'b!!')


class Peer:
    """A connection that can say anything."""

    def __init__(self, port):
        self.port = port

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection('127.0.0.1', self.port)
        return self

    async def __aexit__(self, *exc):
        self.writer.close()

    async def say(self, data):
        """Sends `data` and lets it leave."""
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, method, path, body=b''):
        """One HTTP request on this connection; (status, body)."""
        head = f'{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n'
        await self.say(head.encode() + body)
        head = (await self.reader.readuntil(b'\r\n\r\n')).decode('latin-1').lower()
        size = int(head.split('content-length: ')[1].split('\r\n')[0]) if 'content-length: ' in head else 0
        return int(head.split()[1]), await self.reader.readexactly(size)

    async def upgrade(self, path):
        """Opens a WebSocket."""
        key = base64.b64encode(os.urandom(16)).decode()
        await self.say((
            f'GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
            f'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n').encode())
        return await self.reader.readuntil(b'\r\n\r\n')

    async def text(self, text):
        """One text frame."""
        data = text.encode()
        await self.say(bytes((0x81, 0x80 | len(data))) + b'\0\0\0\0' + data)

    async def open_session(self):
        """Begins a polling session; its sid."""
        _, body = await self.ask('GET', POLLING)
        return json.loads(body[1:])['sid']


async def garbage(port):
    """Bytes that are no protocol, or the wrong one."""
    async with Peer(port) as peer:
        await peer.say(random.choice((*GARBAGE, os.urandom(random.randint(1, 3000)))))
        await peer.reader.read(1000)


async def broken_frames(port):
    """A WebSocket, then bytes that are no frames."""
    async with Peer(port) as peer:
        await peer.upgrade('/socket.io/?EIO=4&transport=websocket')
        await peer.text('40')
        await peer.say(os.urandom(random.randint(1, 500)))
        await peer.reader.read(1000)


async def broken_packets(port):
    """Packets of Socket.IO that are not valid."""
    async with Peer(port) as peer:
        await peer.upgrade('/socket.io/?EIO=4&transport=websocket')
        await peer.text('40')
        await peer.text(random.choice(PACKETS))
        await peer.reader.read(1000)


async def vanishing(port):
    """A session whose client resets its connection."""
    async with Peer(port) as peer:
        await peer.upgrade('/socket.io/?EIO=4&transport=websocket')
        await peer.text('40')
        await asyncio.sleep(random.uniform(0, 0.1))
        reset(peer.writer)


async def abandoned_polling(port):
    """A polling session that nobody polls; its heartbeat ends it."""
    async with Peer(port) as peer:
        sid = await peer.open_session()
        await peer.ask('POST', f'{POLLING}&sid={sid}', b'40')


async def double_poll(port):
    """Two polls at once: that ends the session."""
    async with Peer(port) as one, Peer(port) as other:
        path = f'{POLLING}&sid={await one.open_session()}'
        await one.say(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        await asyncio.sleep(0.02)
        await other.ask('GET', path)


async def racing_upgrades(port):
    """Three WebSockets that want to take over one session, while it polls and posts."""
    async with Peer(port) as poll, Peer(port) as post, Peer(port) as a, Peer(port) as b, Peer(port) as c:
        sid = await poll.open_session()
        await post.ask('POST', f'{POLLING}&sid={sid}', b'40')
        path = f'/socket.io/?EIO=4&transport=websocket&sid={sid}'
        await asyncio.gather(*(peer.upgrade(path) for peer in (a, b, c)))
        order = [a, b, c]
        random.shuffle(order)
        for peer in order:
            await peer.text('2probe')
        target = f'{POLLING}&sid={sid} HTTP/1.1\r\nHost: x\r\n'
        await poll.say(f'GET {target}\r\n'.encode())
        await post.say(f'POST {target}Content-Length: 11\r\n\r\n42["up",-1]'.encode())
        for peer in order:
            await peer.text(random.choice(('5', '5', '2probe', '42["up",-2]')))
        await asyncio.sleep(0.1)


async def slow_head(port):
    """A request a byte at a time; the server ends it."""
    async with Peer(port) as peer:
        for byte in b'GET / HTTP/1.1\r\nHost: slow.example\r\nX: ' + b'y' * 100:
            await peer.say(bytes((byte,)))
            await asyncio.sleep(0.05)
        await peer.reader.read(1000)


async def deaf(port):
    """A session that reads nothing of what it is sent."""
    async with Peer(port) as peer:
        await peer.upgrade('/socket.io/?EIO=4&transport=websocket')
        peer.reader._transport.pause_reading()
        await peer.text('40')
        await asyncio.sleep(4)


async def storm(port):
    """Sixty clients at once, gone as quickly."""
    async def one():
        async with Peer(port) as peer:
            await peer.upgrade('/socket.io/?EIO=4&transport=websocket')
            await peer.text('40')

    await asyncio.gather(*(one() for _ in range(60)), return_exceptions=True)


VISITS = (
    garbage, broken_frames, broken_packets, vanishing, abandoned_polling, double_poll, racing_upgrades, slow_head, deaf,
    storm,
)


AT_ONCE = 8
"""Visitors at one time."""


async def visit_for(port, end, counts):
    """Visits of all kinds, some at a time, until the event `end` is set. counts: {kind: how often}."""
    async def one_after_another():
        while not end.is_set():
            visit = random.choice(VISITS)
            counts[visit.__name__] = counts.get(visit.__name__, 0) + 1
            try:
                await asyncio.wait_for(visit(port), 8)
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError, ValueError):
                pass  # the server had enough of it
            await asyncio.sleep(0.05)

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
