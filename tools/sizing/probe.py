"""A Socket.IO server that tells how much of its heap is in use: GET /heap. Runs on both runtimes."""

import gc

from edgeio import compat, http, iosched, socket
from edgeio.socketio import Server


def handle(req, res):
    gc.collect()
    res.end(str(gc.mem_alloc()) if compat.MICROPYTHON else '0')


MANY = 5000  # clients: more than the heap of a real server has room for

server = http.create_server('probe', handle, 0, socket.sockaddr(socket.INADDR_LOOPBACK, 0), max_connections=MANY)
io = Server(server, max_sessions=MANY)


@io.on('connection')
def on_connection(client):
    client.on('chat', lambda message: io.emit('chat', message))
    client.on('req', lambda message, ack: ack('hello world'))


server.start()
compat.tune_gc()
print('http://127.0.0.1:' + str(server.port()))
while True:
    iosched.poll(50)
