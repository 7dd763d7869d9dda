"""The server under test: `python app.py HOST [CERT KEY]`. Prints where it listens as JSON; says its state when asked.

Up: a client's `up` events are noted and acknowledged. Down: each client gets numbered `down` events that it must
acknowledge, and all of them hear the `tick`s of a room.

    GET /state      what the process keeps: sessions, rooms, descriptors, timers
    GET /memory     how much memory it uses, after a garbage collection
    GET /record     what arrived and what was acknowledged, by client; the next round begins with none
    GET /pause      no more events down; GET /resume
"""

import json
import os
import sys

from edgeio import iosched, pollset, socket, timers
from edgeio.net.stream import Stream
from edgeio.socketio import Server
from edgeio.webapp import WebApp
from tools.soaking import memory

PING_INTERVAL, PING_TIMEOUT = 1500, 1500
TICK, DOWN = 40, 50


class Record:
    """What happened with one client, over all of its connections."""

    def __init__(self):
        self.up = []  # (connection, number) as they arrived
        self.down = 0  # the last number sent
        self.down_acked = []
        self.reasons = []


class App:
    """The servers (one plain, one under TLS where there is a certificate) and one Socket.IO server on both."""

    def __init__(self, host, tls):
        self.plain = self._listen(host, None)
        self.secure = self._listen(host, tls) if tls else None
        self.io = Server(
            self.plain, ping_interval=PING_INTERVAL, ping_timeout=PING_TIMEOUT, connect_timeout=3000,
            connection_state_recovery={'max_disconnection_duration': 8000}, per_message_deflate={'threshold': 200},
        )
        if self.secure:
            self.io.attach(self.secure)
        self.records = {}
        self.paused = False
        self.ticks = 0
        self.io.on('connection', self.on_connection)
        iosched.set_interval(self.tick, TICK)

    def _listen(self, host, tls):
        app = WebApp.create('soak', 0, socket.sockaddr(host, 0), tls, header_timeout=3000, body_timeout=3000)
        app.get('/state', lambda req, res: res.json(self.state()))
        app.get('/memory', lambda req, res: res.json(memory.measure()))
        app.get('/record', lambda req, res: res.json(self.take_record()))
        app.get('/pause', lambda req, res: self.pause(res, True))
        app.get('/resume', lambda req, res: self.pause(res, False))
        return app.start()

    # -- clients -------------------------------------------------------------------------------------------------

    def on_connection(self, client):
        name = client.handshake.query.get('client')
        if name is None:
            return  # a stranger: it is let in, and nothing is expected of it
        record = self.records.setdefault(name, Record())

        def on_up(number, payload, ack=None):
            record.up.append((client.id, number))
            if ack is not None:
                ack(number, payload)

        client.on('up', on_up)
        client.on('disconnect', record.reasons.append)
        client.on('bounce', lambda: client.disconnect(True))
        client.join('everybody')
        self.send_down(client, record)

    def send_down(self, client, record):
        """The next event down, once the last was acknowledged or given up."""
        if not client.connected:
            return
        if not self.paused:
            record.down += 1
            number = record.down

            def answered(error, echo=None):
                if error is None and echo == number:
                    record.down_acked.append(number)

            payload = bytes(number % 700) if number % 5 == 0 else 'x' * (number % 700)
            client.timeout(6000).emit('down', number, payload, answered)
        iosched.set_timeout(self.send_down, DOWN, client, record)

    def tick(self):
        if not self.paused:
            self.ticks += 1
            self.io.to('everybody').emit('tick', self.ticks)

    # -- what is asked -------------------------------------------------------------------------------------------

    def pause(self, res, paused):
        self.paused = paused
        res.json(self.ticks)

    def take_record(self):
        records, self.records = self.records, {}
        return {name: record.__dict__ for name, record in records.items()}

    def state(self):
        adapter = self.io.sockets.adapter
        return {
            'sessions': len(self.io.engine.sessions),
            'sockets': len(self.io.sockets.sockets),
            'rooms': len(adapter.rooms) + len(adapter.sids),
            'recoverable': len(adapter._sessions),
            'namespaces': len(self.io.namespaces),
            'streams': sum(isinstance(w, Stream) for w in pollset.watchers.values()),
            'descriptors': len(os.listdir('/proc/self/fd')),
            'timers': sum(timer.callback is not None for _, _, timer in timers._heap),
            'heartbeats': len(self.io.engine.heartbeats),
            'arrivals': len(self.io._arrivals),
            'admitted': sum(app.server._listener.admission.total for app in self.servers()),
            'resident': memory.resident(),
        }

    def servers(self):
        return [app for app in (self.plain, self.secure) if app]


def main(host, cert=None, key=None):
    app = App(host, {'cert': cert, 'key': key} if cert else None)
    ports = [server.port() for server in app.servers()]
    print(json.dumps({'port': ports[0], 'tls': ports[-1] if len(ports) > 1 else None}), flush=True)
    iosched.forever()


if __name__ == '__main__':
    main(*sys.argv[1:])
