"""Handlers that take as long as a test wants, and clients that send faster than that."""

import socket
import threading
from collections import deque

from edgeio.iosched import Promise
from edgeio.websocket.codec import TEXT, masked_frame
from host_tests.looping import PATIENCE, ask, settle, turn_until

KEY = bytes.fromhex('37fa213d')

BOUND = 256
"""The default of max_running_handlers."""


class Work:
    """`handle` is a coroutine handler; it waits until the test calls `finish`.

    begun, done: what it was given, in order; waiting: the promises of those that run; most: how many ever did at once.
    """

    def __init__(self):
        self.begun, self.done = [], []
        self.waiting = deque()
        self.most = 0

    async def handle(self, value, *_):
        self.begun.append(value)
        promise = Promise()
        self.waiting.append(promise)
        self.most = max(self.most, len(self.waiting))
        await promise
        self.done.append(value)

    def finish(self, count=None):
        """Lets the `count` that have waited longest end; None: all of them."""
        for _ in range(len(self.waiting) if count is None else count):
            self.waiting.popleft().resolve()

    def until_held(self, bound=BOUND):
        """Turns the loop until `bound` of them run, and sees that there are never more."""
        turn_until(lambda: len(self.waiting) >= bound, f'{bound} running handlers')
        settle()
        assert len(self.waiting) == bound

    def finish_all(self, total):
        """Lets them end, a few at a time, until `total` have."""
        while len(self.done) < total:
            turn_until(lambda: self.waiting, 'the next handlers')
            self.finish(min(len(self.waiting), 100))


def told_once(reports):
    """True where exactly one report says that a client is held back. It is taken out."""
    codes = [getattr(exc, 'code', exc) for exc, _ in reports]
    reports.clear()
    return codes == ['running.held']


def frames(packets):
    """The bytes of a client's text frames with `packets` (str)."""
    return b''.join(masked_frame(TEXT, packet.encode(), KEY) for packet in packets)


def upgrade_request(path, *headers):
    """The bytes of a WebSocket handshake."""
    lines = [
        f'GET {path} HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', *headers, '', '',
    ]  # fmt: skip
    return '\r\n'.join(lines).encode()


class Flood:
    """A WebSocket client of few words: what it says goes out at once, in one piece; what it hears is `heard` (bytes).

    Its socket may be under TLS; then a thread handshakes.
    """

    def __init__(self, port, path, wrap=None):
        self.socket = socket.create_connection(('127.0.0.1', port), PATIENCE / 1000)
        if wrap is not None:
            self.socket = wrap(self.socket)
        self.heard = b''
        self.socket.sendall(upgrade_request(path))

    def say(self, *packets):
        """Sends text frames, all in one piece."""
        self.socket.sendall(frames(packets))

    def until(self, words):
        """Turns the loop until it has heard `words` (bytes)."""
        self.until_times(words, 1)

    def until_times(self, words, times):
        """The same, so many times."""
        self.socket.setblocking(False)
        turn_until(lambda: self._hear() or self.heard.count(words) >= times, repr(words))
        self.socket.settimeout(PATIENCE / 1000)
        assert self.heard.count(words) >= times, 'the connection was closed'

    def until_closed(self):
        """Turns the loop until the server has closed the connection."""
        self.socket.setblocking(False)
        turn_until(lambda: self._hear(), 'the end of the connection')

    def drop(self):
        """The system sends a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        self.socket.close()

    def _hear(self):
        try:
            data = self.socket.recv(65536)
        except (BlockingIOError, OSError) as exc:
            return isinstance(exc, ConnectionError)
        self.heard += data
        return not data


class Posting:
    """A POST under way in a thread. answer: None until it came."""

    def __init__(self, port, url, body):
        self.answer = None
        self._thread = threading.Thread(target=self._post, args=(port, url, body))
        self._thread.start()

    def _post(self, port, url, body):
        self.answer = ask(port, 'POST', url, body, {'Content-Type': 'text/plain'})

    def wait(self):
        """Turns the loop until it is answered; (status, text)."""
        turn_until(lambda: self.answer, 'the answer to a POST')
        self._thread.join()
        return self.answer.status, self.answer.text


def payload(packets, revision=4):
    """The body of a POST with `packets` (str). revision: of Engine.IO."""
    if revision == 4:
        return '\x1e'.join(packets)
    return ''.join(f'{len(packet)}:{packet}' for packet in packets)
