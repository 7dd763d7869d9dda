"""Worker processes that share a port."""

import os
import signal

import pytest

from edgeio import http, socket
from edgeio.errors import EdgeError
from host_tests.http.wire import exchange, wait_for

APP = """
import os
from edgeio import http, iosched, socket

def handler(req, res):
    if req.path == '/stop' and os.getpid() == first:
        server.stop(lambda: print('stopped', flush=True))
    res.end(str(os.getpid()))

first = os.getpid()
server = http.create_server('workers', handler, 2, socket.sockaddr('127.0.0.1', 0))
server.start()
print('http://127.0.0.1:%d/' % server.port(), flush=True)
while True:
    iosched.poll(50)
"""


def pids_of(app):
    """The processes that answer: the system spreads connections over them."""
    pids = set()
    for _ in range(500):
        pids.add(int(exchange(app.port, b'GET / HTTP/1.0\r\n\r\n').rsplit(b'\r\n', 1)[1]))
        if len(pids) == 3:
            break
    return pids


def is_gone(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rsplit(')', 1)[1].split()[0] == 'Z'
    except OSError:
        return True


def test_workers_share_the_port_and_end_with_the_first_process(run_app):
    app = run_app(APP)
    pids = pids_of(app)
    assert len(pids) == 3 and app.process.pid in pids
    app.stop(signal.SIGKILL)
    wait_for(lambda: all(is_gone(pid) for pid in pids), 'the end of the workers')


def test_workers_end_when_the_first_process_stops_serving(run_app):
    app = run_app(APP)
    pids = pids_of(app)
    for _ in range(500):
        if exchange(app.port, b'GET /stop HTTP/1.0\r\n\r\n').endswith(b'\n%d' % app.process.pid):
            break
    app.wait_for('stopped')
    wait_for(lambda: all(is_gone(pid) for pid in pids - {app.process.pid}), 'the end of the workers')
    assert app.running


def test_runtime_without_workers_says_so(monkeypatch):
    monkeypatch.delattr(os, 'fork')
    server = http.create_server('name', None, 2, socket.sockaddr('127.0.0.1', 0))
    with pytest.raises(EdgeError, match='http.no_fork'):
        server.start()
    assert not server.listening
