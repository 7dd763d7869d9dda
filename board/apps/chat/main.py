"""The chat of the Socket.IO document: every page sees what every page says."""

from edgeio import WebApp, fs, iosched, socket
from edgeio.socketio import Server


def handle_index(req, res):
    buf = fs.read_file('./index.html')
    if buf:
        res.type('html')
        res.end(buf)
    else:
        return OSError('Read file error.')


def handle(req, res):
    res.end('This is socket.io test server.')


app = WebApp.create('socketio', 0, socket.sockaddr(socket.INADDR_ANY, 8000))
app.get('/index.:ext', handle_index)
app.all('/', handle)

io = Server(app.server, allow_upgrades=True)


@io.on('connection')
def on_connection(socket):
    print(f'client: {socket.id} connected')
    socket.broadcast.emit('hi', f"I'm coming, my name: client_{socket.id}.")

    @socket.on('disconnect')
    def on_disconnect():
        print(f'client_{socket.id} disconnected')

    @socket.on('req')
    def on_req(msg, fn):
        fn('hello world')

    @socket.on('chat')
    def on_chat(msg):
        print(f'recv chat message from: {socket.id}')
        io.emit('chat', f'client_{socket.id} says: {msg}')


app.start()

while True:
    iosched.poll(50)
