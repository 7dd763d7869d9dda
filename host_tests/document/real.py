"""The official clients, driven by a test while it turns the server's loop itself. See real.js."""

import base64
import itertools
import json
import signal
import subprocess
from pathlib import Path

from host_tests.looping import turn_until
from host_tests.processes import Program, node_environment

DRIVER = Path(__file__).with_name('real.js')


class RealClients(Program):
    """The process that holds the clients."""

    def __init__(self):
        self._clients = {}
        self._numbers = itertools.count(1)
        super().__init__(['node', DRIVER], env=node_environment(), stdin=subprocess.PIPE)

    def open(self, port, release='4', nsp='/', like=None, **options):
        """A client of that release, its connection begun. like: a client whose connection it shares."""
        client = RealClient(self, next(self._numbers))
        self._clients[client.number] = client
        options.setdefault('path', '/socket.io')
        self.request(
            'open', n=client.number, client=release, url=f'http://127.0.0.1:{port}', nsp=nsp, options=options,
            like=like and like.number,
        )
        return client

    def request(self, what, **values):
        """Tells the process what to do."""
        self.process.stdin.write(json.dumps({'do': what, **values}, default=_encoded) + '\n')
        self.process.stdin.flush()

    def close_all(self):
        """Ends the clients there are."""
        for client in self._clients.values():
            client.call('close')
        self._clients = {}

    def on_line(self, line):
        if line.startswith('{'):
            said = json.loads(line)
            client = self._clients.get(said['n'])
            if client is not None:
                client.id = said['id'] or client.id
                client.heard.append((said['event'], _decoded(said['args']), said['reply']))

    def stop(self, number=signal.SIGTERM):
        self.process.stdin.close()
        return super().stop(number)


class RealClient:
    """One client's socket. id: as the client knows it; heard: [(event, args, reply)] that no `expect` has taken."""

    def __init__(self, process, number):
        self.number = number
        self.id = None
        self.heard = []
        self.last_reply = None
        self._process = process
        self._acks = itertools.count(1)

    def emit(self, *args):
        """Emits an event."""
        self._process.request('emit', n=self.number, args=args)

    def ask(self, *args):
        """Emits an event that asks for an answer; the answer's arguments."""
        number = next(self._acks)
        self._process.request('emit', n=self.number, args=args, ack=number)
        answer = self.expect('ack')
        assert answer[0] == number
        return answer[1:]

    def reply(self, *args):
        """Answers the event that `expect` took last."""
        self._process.request('reply', reply=self.last_reply, args=args)

    def call(self, path, *args):
        """Calls a method of the client's socket, such as 'disconnect' or 'io.engine.close'."""
        self._process.request('call', n=self.number, path=path, args=args)

    def expect(self, name):
        """Waits for the event `name`; its arguments. Other events that came before it stay."""
        def came():
            return next((i for i, said in enumerate(self.heard) if said[0] == name), None)

        try:
            turn_until(lambda: came() is not None, name)
        except AssertionError:
            raise AssertionError(f'no {name!r} came; heard: {self.heard}; {self._process}') from None
        _, args, self.last_reply = self.heard.pop(came())
        return args

    def events(self, until='end of test'):
        """[name, *args] of each event that has come before the event `until`, which the server sends last."""
        self.expect(until)
        return [[name, *args] for name, args, _ in self.heard]


def _encoded(value):
    return {'$bytes': base64.b64encode(value).decode()}


def _decoded(value):
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, dict):
        if '$bytes' in value:
            return base64.b64decode(value['$bytes'])
        return {key: _decoded(item) for key, item in value.items()}
    return value
