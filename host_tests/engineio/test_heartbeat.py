"""Who counts as alive: a client that says so without having heard what it answers does not."""

import socket as plain_socket
import threading
import time

import pytest

from edgeio import iosched
from host_tests.looping import PATIENCE, during, open_ws, turn_until
from host_tests.work import frames, upgrade_request

LARGE = 100000


class Deaf:
    """A WebSocket that says `packet` all the time, in a thread, and reads nothing."""

    def __init__(self, port, eio, packet):
        self.socket = plain_socket.socket()
        self.socket.setsockopt(plain_socket.SOL_SOCKET, plain_socket.SO_RCVBUF, 4096)
        self.socket.settimeout(PATIENCE / 1000)
        self.socket.connect(('127.0.0.1', port))
        self.socket.sendall(upgrade_request(f'/engine.io/?EIO={eio}&transport=websocket'))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._talk, args=(frames([packet]),))
        self._thread.start()

    def _talk(self, data):
        try:
            while not self._over.wait(0.02):
                self.socket.sendall(data)
        except OSError:
            pass  # the server has closed

    def stop(self):
        self._over.set()
        self._thread.join()
        self.socket.close()


@pytest.mark.parametrize(('eio', 'packet'), [(4, '3'), (3, '2')])
def test_client_that_says_it_is_alive_and_hears_nothing_is_ended(serve, eio, packet):
    engine = serve(ping_interval=100, ping_timeout=100)
    deaf = Deaf(engine.port, eio, packet)
    turn_until(lambda: engine.seen, 'the session')
    for _ in range(100):
        engine.seen[0][0].send(LARGE * 'x')  # more than all buffers between
    turn_until(lambda: engine.ends, 'the end')
    assert engine.ends == ['ping timeout']
    deaf.stop()


@pytest.mark.parametrize('eio', [4, 3])
def test_client_that_always_has_more_to_read_stays(serve, eio):
    engine = serve(ping_interval=100, ping_timeout=1000)

    def feed():
        for session, _ in engine.seen:
            if session.state == 'open' and session.transport.stream.queued < 20 * LARGE:
                for _ in range(10):
                    session.send(LARGE * 'x')

    def client():
        until = time.monotonic() + 1.5
        with open_ws(engine.port, eio=eio) as ws:
            while time.monotonic() < until:
                text = ws.recv()
                if eio == 3 or text == '2':
                    ws.send('2' if eio == 3 else '3')
            return engine.ends[:]

    timer = iosched.set_interval(feed, 5)
    assert during(client) == []
    timer.clear()
