"""The board's switches, lamps and LEDs, live in every browser that looks; and what its sensors measure.

Which GPIO lines there are says the board's profile: "settings": {"gpio": {"inputs": {NAME: LINE}, "outputs": ...}}.
Everything goes as CBOR (the package cbor2), so that values are numbers and not text.
"""

import lines
import sensors

from edgeio import WebApp, iosched, socket
from edgeio.errors import EdgeError
from edgeio.socketio import Server
from edgeio.socketio.cbor import CborParser

PERIOD = 1000
"""Milliseconds between two readings of the sensors."""

app = WebApp.create('panel', 0, socket.sockaddr(socket.INADDR_ANY, 8000))
app.get('/', lambda req, res: res.send_file('index.html', root='.'))

io = Server(app.server, parser=CborParser())
panel = lines.Panel(lambda kind, name, value: io.emit('changed', kind, name, value))


@io.on('connection')
def on_connection(socket):
    socket.emit('state', panel.state())
    socket.emit('sensors', sensors.read())

    @socket.on('set')
    def on_set(kind, name, value, ack=None):
        try:
            panel.set(kind, name, value)
            error = None
        except EdgeError as exc:
            error = str(exc)
        if ack:
            ack(error)


def send_sensors():
    if io.sockets.connected:
        io.volatile.emit('sensors', sensors.read())


iosched.set_interval(send_sensors, PERIOD)
app.start()

while True:
    iosched.poll(50)
