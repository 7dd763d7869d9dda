"""APP_NAME: a page and a counter that all pages share."""

from edgeio import WebApp, iosched, socket
from edgeio.socketio import Server

app = WebApp.create('APP_NAME', 0, socket.sockaddr(socket.INADDR_ANY, 8000))
io = Server(app.server)
count = 0


@app.get('/')
def index(req, res):
    res.send_file('index.html', root='.')


@io.on('connection')
def on_connection(socket):
    socket.emit('count', count)

    @socket.on('add')
    def on_add(step):
        global count
        count += step
        io.emit('count', count)


app.start()

while True:
    iosched.poll(50)
