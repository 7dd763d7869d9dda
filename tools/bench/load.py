"""The load: many Socket.IO clients in one process, on one epoll. Sends what was made beforehand and counts answers.

What is measured is the server's CPU time per unit of work, so the generator need not be fast, only faster to feed
the server than the server is to answer. Frames are masked beforehand, with a key that a server has to undo.
"""

import os
import select
import socket
import time
from pathlib import Path

KEY = b'dGhlIHNhbXBsZSBub25jZQ=='
MASK = b'\x37\xfa\x21\x3d'
CONNECT_BATCH = 50


def frame(opcode, payload):
    """A masked frame."""
    n = len(payload)
    head = bytes((0x80 | opcode,))
    if n < 126:
        head += bytes((0x80 | n,))
    elif n < 65536:
        head += bytes((0xFE,)) + n.to_bytes(2, 'big')
    else:
        head += bytes((0xFF,)) + n.to_bytes(8, 'big')
    pad = (MASK * (n // 4 + 1))[:n]
    masked = int.from_bytes(payload, 'little') ^ int.from_bytes(pad, 'little')
    return head + MASK + masked.to_bytes(n, 'little')


class Client:
    """One connection. frames: how many came since the last look."""

    def __init__(self, port):
        self.sock = socket.create_connection(('127.0.0.1', port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fd = self.sock.fileno()
        self.rest = b''
        self.on_frame = None

    def open_websocket(self):
        """The handshakes, blocking: WebSocket, Engine.IO, the main namespace."""
        self.sock.sendall(
            b'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n'
            b'Connection: Upgrade\r\nSec-WebSocket-Key: ' + KEY + b'\r\nSec-WebSocket-Version: 13\r\n\r\n'
        )
        data = b''
        while b'\r\n\r\n' not in data:
            data += self._recv()
        assert data.startswith(b'HTTP/1.1 101'), data[:200]
        self.rest = data.split(b'\r\n\r\n', 1)[1]
        self.wait_frames(1)
        self.sock.sendall(frame(1, b'40'))
        self.wait_frames(1)
        return self

    def wait_frames(self, count):
        """Blocks until `count` frames came."""
        got = 0
        while True:
            got += self.take_frames()
            if got >= count:
                return
            self.rest += self._recv()

    def take_frames(self):
        """How many whole frames came; pings are answered and not counted."""
        data, i, end, count = self.rest, 0, len(self.rest), 0
        while end - i >= 2:
            n, h = data[i + 1], i + 2
            if n == 126:
                n, h = int.from_bytes(data[h : h + 2], 'big'), h + 2
            elif n == 127:
                n, h = int.from_bytes(data[h : h + 8], 'big'), h + 8
            if h + n > end:
                break
            if n == 1 and data[h] == 0x32:
                self.sock.send(frame(1, b'3'))
            else:
                count += 1
            i = h + n
        self.rest = data[i:]
        return count

    def _recv(self):
        data = self.sock.recv(262144)
        if not data:
            raise ConnectionError('the server closed the connection')
        return data


class Server:
    """The measured process: its CPU time and memory, its threads and children included."""

    def __init__(self, pid):
        self.pid = pid

    def pids(self):
        """The process and its descendants."""
        found, todo = [], [self.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for task in Path(f'/proc/{pid}/task').glob('*/children'):
                todo += [int(child) for child in task.read_text().split()]
        return found

    def cpu_us(self):
        """Microseconds on a processor since it began."""
        total = 0
        for pid in self.pids():
            for task in Path(f'/proc/{pid}/task').glob('*/schedstat'):
                total += int(task.read_text().split()[0])
        return total / 1000

    def rss_kb(self):
        """Resident memory."""
        total = 0
        for pid in self.pids():
            for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
                if line.startswith('Rss:'):
                    total += int(line.split()[1])
        return total


def exchange(clients, message, in_flight, replies, server, seconds):
    """Each client keeps `in_flight` messages under way; a unit is done when `replies` frames answered it.

    Returns CPU microseconds per unit.
    """
    for client in clients:
        client.owed = 0

    def serve(client):
        client.owed += client.take_frames()
        units, client.owed = divmod(client.owed, replies)
        if units:
            _send(client, message * units)
        return units

    return _measure(clients, lambda client: message * in_flight, serve, server, seconds)


def broadcast(clients, message, server, seconds):
    """The first client's message goes to all; the next is sent when all have it. CPU microseconds per delivery."""
    missing = [len(clients)]

    def serve(client):
        count = client.take_frames()
        missing[0] -= count
        if missing[0] <= 0:
            missing[0] = len(clients)
            _send(clients[0], message)
        return count

    return _measure(clients, lambda client: message if client is clients[0] else b'', serve, server, seconds)


def get(clients, server, seconds):
    """Keep-alive GETs of `/`, one under way a client. CPU microseconds per request."""
    request = b'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n'
    return _requests(clients, lambda client: request, server, seconds)


def poll_acks(clients, port, server, seconds):
    """Long-polling: an event by POST, its acknowledgement by GET. CPU microseconds per acknowledgement."""
    for client in clients:
        client.sid = _poll_handshake(client)
        client.post = _post_request(client.sid, b'420["req","some data"]')
        client.get = _get_request(client.sid)
        client.turn = 0

    def next_request(client):
        client.turn ^= 1
        return client.post if client.turn else client.get

    return 2 * _requests(clients, next_request, server, seconds)


def churn(port, server, seconds, message):
    """Connect, one acknowledged event, close; one after the other. CPU microseconds per client."""
    count, before, end = 0, server.cpu_us(), time.monotonic() + seconds
    while time.monotonic() < end:
        client = Client(port).open_websocket()
        client.sock.sendall(message)
        client.wait_frames(1)
        client.sock.sendall(frame(8, b'\x03\xe8'))
        client.sock.close()
        count += 1
    return (server.cpu_us() - before) / count


def idle(port, server, count):
    """KB of resident memory per idle client. What the first client makes the server load is not counted."""
    clients = [Client(port).open_websocket()]
    before = server.rss_kb()
    clients += [Client(port).open_websocket() for _ in range(count)]
    time.sleep(1)
    grown = server.rss_kb() - before
    for client in clients:
        client.sock.close()
    return grown / count


def connect(port, count):
    """`count` clients, connected over WebSocket."""
    return [Client(port).open_websocket() for _ in range(count)]


def pin(cpu):
    """Keeps this process on one processor, where there are several."""
    if cpu < (os.cpu_count() or 1):
        os.sched_setaffinity(0, {cpu})


def _requests(clients, next_request, server, seconds):
    def serve(client):
        if not _whole_response(client):
            return 0
        _send(client, next_request(client))
        return 1

    return _measure(clients, next_request, serve, server, seconds)


def _measure(clients, first, serve, server, seconds):
    """CPU microseconds per unit: each client sends `first(client)`; `serve(client)`, called after each read, gives
    the units that were done by it. A quarter of the time goes by before the measuring begins."""
    poll = select.epoll()
    by_fd = {client.fd: client for client in clients}
    for client in clients:
        client.sock.setblocking(False)
        poll.register(client.fd, select.EPOLLIN)
    for client in clients:
        _send(client, first(client))
    warm_until, started, done, before = time.monotonic() + seconds / 4, None, 0, 0
    while True:
        now = time.monotonic()
        if started is None and now > warm_until:
            started, done, before = now, 0, server.cpu_us()
        if started is not None and now > started + seconds:
            return (server.cpu_us() - before) / max(1, done)
        for fd, _ in poll.poll(1):
            client = by_fd[fd]
            client.rest += client._recv()
            done += serve(client)


def _whole_response(client):
    end = client.rest.find(b'\r\n\r\n')
    if end < 0:
        return False
    head = client.rest[:end].lower()
    assert head.startswith(b'http/1.1 200'), client.rest[:200]
    if b'transfer-encoding: chunked' in head:
        return _whole_chunks(client, end + 4)
    at = head.find(b'content-length: ')
    length = int(head[at + 16 :].split(b'\r\n', 1)[0])
    if len(client.rest) < end + 4 + length:
        return False
    client.body, client.rest = client.rest[end + 4 : end + 4 + length], client.rest[end + 4 + length :]
    return True


def _whole_chunks(client, at):
    if not client.rest.endswith(b'0\r\n\r\n'):
        return False
    client.body, client.rest = client.rest[at:], b''  # with the chunks' heads: only looked into for the sid
    return True


def _poll_handshake(client):
    def ask(request):
        client.sock.sendall(request)
        while not _whole_response(client):
            client.rest += client._recv()
        return client.body

    sid = ask(_get_request('')).split(b'"sid":"', 1)[1].split(b'"', 1)[0].decode()
    ask(_post_request(sid, b'40'))
    ask(_get_request(sid))
    return sid


def _get_request(sid):
    query = f'&sid={sid}' if sid else ''
    return f'GET /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.encode()


def _post_request(sid, body):
    head = (
        f'POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: 127.0.0.1\r\n'
        f'Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {len(body)}\r\n\r\n'
    )
    return head.encode() + body


def _send(client, data):
    # What does not fit now waits: with blocking for a moment nothing is lost and order is kept.
    try:
        sent = client.sock.send(data)
    except BlockingIOError:
        sent = 0
    if sent < len(data):
        client.sock.setblocking(True)
        client.sock.sendall(data[sent:])
        client.sock.setblocking(False)
