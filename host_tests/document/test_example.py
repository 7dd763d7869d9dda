"""The example at the document's end: its server in the document's spelling, and what its page does."""

import os
import re

from edgeio import WebApp, fs, iosched, socket
from edgeio.socketio import Server as Socket
from host_tests.looping import ask, during, turn_until

PAGE = '<!doctype html><title>Socket.IO chat</title><script src="/socket.io/socket.io.js"></script>'


def serve_example(servers, log):
    def handleIndex(req, res):
        filePath = './index.html'
        buf = fs.readFile(filePath)
        if buf:
            res.end(buf.decode())
        else:
            return Exception('Read file error.')

    def handle(req, res):
        res.end('This is socket.io test server.')

    app = WebApp.create('socketio', 0, socket.sockaddr(socket.INADDR_LOOPBACK, 0))
    app.get('/index.:ext', handleIndex)
    app.all('/', handle)

    io = Socket(app.server, {'allowUpgrades': True})

    def connection(socket):
        log(f'client: {socket.id} connected')
        socket.broadcast.emit('hi', f"I'm coming, my name: client_{socket.id}.")

        socket.on('disconnect', lambda: log(f'client_{socket.id} disconnected'))
        socket.on('req', lambda msg, fn: fn('hello world'))

        def chat(msg):
            log(f'recv chat message from: {socket.id}')
            io.emit('chat', f'client_{socket.id} says: {msg}')

        socket.on('chat', chat)

    io.on('connection', connection)
    app.start()
    return servers.keep(io, app.server)


def test_example(servers, connect, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'index.html').write_text(PAGE)
    lines = []
    io = serve_example(servers, lines.append)
    assert during(ask, io.port, 'GET', '/').text == 'This is socket.io test server.'
    assert during(ask, io.port, 'GET', '/index.html').text == PAGE
    assert during(ask, io.port, 'GET', '/socket.io/socket.io.js').status == 200

    first = connect(io, transports=['polling', 'websocket'])
    assert first.ask('req', 'req:') == ['hello world']
    second = connect(io, transports=['polling', 'websocket'])
    assert first.expect('hi') == [f"I'm coming, my name: client_{second.id}."]
    second.emit('chat', 'hello')
    assert first.expect('chat') == second.expect('chat') == [f'client_{second.id} says: hello']
    second.call('disconnect')
    turn_until(lambda: len(lines) == 4, 'the disconnect')
    assert lines == [
        f'client: {first.id} connected', f'client: {second.id} connected',
        f'recv chat message from: {second.id}', f'client_{second.id} disconnected',
    ]


def test_example_answers_500_where_its_page_cannot_be_read(servers, tmp_path, monkeypatch, reports):
    monkeypatch.chdir(tmp_path)
    io = serve_example(servers, print)
    assert not os.listdir('.')
    assert during(ask, io.port, 'GET', '/index.html').status == 500
    assert [re.sub(r' \[.*', '', str(error)) for error, _ in reports] == ['Read file error.']
    reports.clear()


def test_example_loop(servers, begin):
    io = serve_example(servers, lambda line: None)
    client = begin(io)
    while not any(event == 'connect' for event, _, _ in client.heard):
        iosched.poll(50)
    assert client.id in io.sockets.connected
