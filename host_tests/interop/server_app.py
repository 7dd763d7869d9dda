"""What the real clients talk to. `python3 server_app.py [PORT]` prints its port as JSON."""

import json
import sys

from edgeio import WebApp, iosched, socket
from edgeio.socketio import Server

app = WebApp.create('interop', 0, socket.sockaddr(socket.INADDR_LOOPBACK, int(sys.argv[1]) if sys.argv[1:] else 0))
io = Server(app.server, max_http_buffer_size=4 * 1024 * 1024)


def answer_questions(client):
    @client.on('question')
    def question(*args):
        args[-1]('answer', *args[:-1])


@io.on('connection')
def connected(client):
    client.emit('welcome', 'hello', 1.5, [True, None], {'ключ': '🙂'})
    answer_questions(client)
    client.on('echo', lambda *args: client.emit('echoed', *args))
    client.on('message', lambda *args: client.send(*args))
    client.on('count', lambda *args: client.emit('counted', *args))
    client.on('ask me', lambda *args: client.emit('ask', *args, lambda *answer: client.emit('asked', *answer)))
    use_rooms(client)
    go_away(client)


def use_rooms(client):
    @client.on('join')
    def join(room, ack):
        client.join(room)
        ack()

    @client.on('leave')
    def leave(room, ack):
        client.leave(room)
        ack()

    @client.on('tell room')
    def tell_room(room, text, ack):
        client.to(room).emit('told', text)
        ack()

    @client.on('tell everyone in')
    def tell_everyone_in(room, text, ack):
        io.to(room).emit('told', text)
        ack()

    @client.on('shout')
    def shout(*args):
        client.broadcast.emit('shouted', *args[:-1])
        args[-1]()


def go_away(client):
    rooms = []
    client.on('send me away', lambda: client.disconnect())
    client.on('close my connection', lambda: client.disconnect(True))
    client.on('disconnecting', lambda reason: rooms.extend(client.rooms))
    client.on('disconnect', lambda reason: io.emit('gone', client.id, reason, len(rooms)))


def custom(client):
    client.emit('hello', client.nsp.name)
    answer_questions(client)


io.of('/custom').on('connection', custom)


class Refusal(Exception):
    """An error whose `data` the client gets."""

    def __init__(self, text, data=None):
        super().__init__(text)
        self.data = data


def guard(client, next):
    token = client.handshake.auth.get('token') or client.handshake.query.get('token')
    if token == 'right':
        next()
    else:
        next(Refusal('not allowed', {'code': 7} if token == 'expired' else None))


io.of('/guarded').use(guard).on('connection', answer_questions)

app.start()
print(json.dumps({'port': app.port()}))

while True:
    iosched.poll(50)
