"""python-socketio's client (PyPI) against server_app.py: events, acknowledgements, binary, namespaces, the end."""

import threading

import pytest
import socketio

from host_tests.processes import PATIENCE

BYTES = bytes(range(256)) * 100


class Player:
    """A client, and what it heard. transports: its mode."""

    def __init__(self, url, mode):
        transports = {'polling': ['polling'], 'websocket': ['websocket'], 'upgrade': ['polling', 'websocket']}[mode]
        self.client = socketio.Client(reconnection=False)
        self._heard = {}
        self._news = threading.Condition()
        for nsp in ('/', '/custom'):
            self.client.on('*', self._hear, namespace=nsp)
            self.client.on('disconnect', lambda reason: self._hear('disconnect', reason), namespace=nsp)
        self.client.connect(url, transports=transports, namespaces=['/', '/custom'], wait_timeout=PATIENCE)

    def emit(self, *args, **options):
        name, data = args[0], args[1:]
        self.client.emit(name, data or None, **options)

    def ask(self, name, *data, **options):
        """The arguments of the answer."""
        return self.client.call(name, data or None, timeout=PATIENCE, **options)

    def expect(self, name):
        """The arguments of the next event `name`."""
        with self._news:
            assert self._news.wait_for(lambda: self._heard.get(name), PATIENCE), f'no {name!r}; heard: {self._heard}'
            return self._heard[name].pop(0)

    def _hear(self, name, *args):
        with self._news:
            self._heard.setdefault(name, []).append(list(args))
            self._news.notify_all()
        if name == 'ask':
            return args[1], args[0], 'seen'


@pytest.fixture(params=['edgeio'], scope='session')
def server_name(request):
    """Ours alone: that the tests are right, the other clients show."""
    return request.param


@pytest.fixture
def player(server, mode):
    player = Player(server.url, mode)
    yield player
    player.client.disconnect()


def test_its_transport_is_the_one_of_the_mode(player, mode):
    assert player.client.transport() == ('polling' if mode == 'polling' else 'websocket')


def test_events_carry_values_of_every_kind_both_ways(player):
    assert player.expect('welcome') == ['hello', 1.5, [True, None], {'ключ': '🙂'}]
    values = ['text', 7, -1.5, True, None, [1, [2]], {'a': {'b': 'größer, 漢字, 🙂'}}, '']
    player.emit('echo', *values)
    assert player.expect('echoed') == values


def test_acknowledgements_work_both_ways(player):
    assert list(player.ask('question', 'a', {'b': 1})) == ['answer', 'a', {'b': 1}]
    player.emit('ask me', 1, 'two')
    assert player.expect('asked') == ['two', 1, 'seen']


def test_binary_goes_both_ways(player):
    player.emit('echo', BYTES, {'list': [BYTES[:3], {'deep': b''}]})
    assert player.expect('echoed') == [BYTES, {'list': [BYTES[:3], {'deep': b''}]}]
    assert list(player.ask('question', BYTES)) == ['answer', BYTES]


def test_namespaces_share_the_connection(player):
    assert player.expect('hello') == ['/custom']
    assert list(player.ask('question', 'there', namespace='/custom')) == ['answer', 'there']
    assert list(player.ask('question', 'here')) == ['answer', 'here']


def test_the_server_closes_its_connection(player):
    player.emit('close my connection')
    player.expect('disconnect')


def test_it_disconnects(server, mode, player):
    other = Player(server.url, mode)
    sid = other.client.get_sid()
    other.client.disconnect()
    sids, reasons = set(), set()
    while sid not in sids:
        gone, reason, _ = player.expect('gone')
        sids.add(gone)
        reasons.add(reason)
    # It closes a WebSocket without waiting until its last packet has left.
    assert reasons <= {'client namespace disconnect', 'transport close'}
