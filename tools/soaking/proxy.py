"""A proxy that misbehaves: it cuts, stalls, drips and loses connections between clients and the server."""

import asyncio
import random
import socket
import struct

RESET = struct.pack('ii', 1, 0)  # SO_LINGER: closing sends a reset


class Proxy:
    """Listens on 127.0.0.1 and forwards to `target` (host, port), with faults. port; faults: {kind: how often}."""

    def __init__(self, target, seed):
        self.target = target
        self.faults = {}
        self.port = None
        self._random = random.Random(seed)
        self._server = None
        self._lines = set()

    async def start(self):
        """Begins to listen."""
        self._server = await asyncio.start_server(self._take, '127.0.0.1', 0, limit=65536)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self):
        """Ends every connection, and listens no more."""
        self._server.close()
        for line in list(self._lines):
            line.cut_now()
        await asyncio.sleep(0)

    async def _take(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        line = _Line(self, writer, far_writer)
        self._lines.add(line)
        tasks = [
            asyncio.create_task(line.forward(reader, far_writer)),
            asyncio.create_task(line.forward(far_reader, writer)),
            asyncio.create_task(self._trouble(line)),
        ]
        await asyncio.wait(tasks[:2], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(tasks[:2], timeout=1)
        for task in tasks:
            task.cancel()
        line.close()
        self._lines.discard(line)

    async def _trouble(self, line):
        while True:
            await asyncio.sleep(self._random.expovariate(1 / 3))
            kind = self._random.choice(('cut', 'stall', 'long stall', 'drip', 'lose client', 'lose server', 'split'))
            self.faults[kind] = self.faults.get(kind, 0) + 1
            await getattr(line, kind.replace(' ', '_'))()


class _Line:
    """One connection through the proxy."""

    def __init__(self, proxy, near, far):
        self._random = proxy._random
        self._near = near
        self._far = far
        self._open = asyncio.Event()
        self._open.set()
        self._piece = 65536
        self._pause = 0

    async def forward(self, reader, writer):
        """Passes on what comes, until the end."""
        try:
            while data := await reader.read(self._piece):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
                if self._pause:
                    await asyncio.sleep(self._pause)
            if writer.can_write_eof():
                writer.write_eof()
        except OSError:
            self.cut_now()

    def close(self):
        """Ends both sides."""
        for writer in (self._near, self._far):
            writer.close()

    def cut_now(self):
        """Resets both sides."""
        for writer in (self._near, self._far):
            reset(writer)

    # -- faults --------------------------------------------------------------------------------------------------

    async def cut(self):
        """Both sides are reset."""
        self.cut_now()

    async def stall(self):
        """Nothing passes for a moment; nothing is lost."""
        await self._hold(self._random.uniform(0.05, 1))

    async def long_stall(self):
        """Nothing passes for longer than either side waits."""
        await self._hold(self._random.uniform(3.2, 5))

    async def drip(self):
        """One to three bytes at a time, for a while."""
        self._piece, self._pause = self._random.randint(1, 3), 0.0005
        await asyncio.sleep(0.4)
        self._piece, self._pause = 65536, 0

    async def split(self):
        """Pieces of any size, for a while."""
        self._piece = self._random.randint(4, 400)
        await asyncio.sleep(1)
        self._piece = 65536

    async def lose_client(self):
        """The client is gone, and the server is not told: a half-open link."""
        self._open.clear()
        reset(self._near)
        await asyncio.sleep(4)
        self.cut_now()

    async def lose_server(self):
        """The server is gone, and the client is not told."""
        self._open.clear()
        reset(self._far)
        await asyncio.sleep(4)
        self.cut_now()

    async def _hold(self, seconds):
        self._open.clear()
        await asyncio.sleep(seconds)
        self._open.set()


def reset(writer):
    """Closes a connection with a reset."""
    sock = writer.get_extra_info('socket')
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
