"""How many may connect: the table, and the bounds of a server as its clients meet them."""

import contextlib
import ipaddress
import socket as plain_socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeio import pollset
from edgeio.net import admission
from edgeio.net.admission import Admission, neighbourhood
from edgeio.net.stream import Stream
from edgeio.websocket import WsServer
from host_tests.looping import during, make_server, turn_until, until_quiet

NAMES = ('most', 'each')


def test_total_is_bounded_and_a_place_becomes_free_again():
    table = Admission(2, 2, NAMES)
    assert [table.enter(a) for a in ('10.0.0.1', '10.0.0.2', '10.0.0.3')] == [None, None, 'most']
    table.leave('10.0.0.1')
    assert table.enter('10.0.0.3') is None
    assert (table.total, table.refused) == (2, 1)


def test_one_address_cannot_take_every_place():
    table = Admission(10, 2, NAMES)
    assert [table.enter('10.0.0.1') for _ in range(3)] == [None, None, 'each']
    assert table.enter('10.0.0.2') is None


def test_defaults_follow_from_the_descriptors_of_the_process(monkeypatch):
    monkeypatch.setattr(admission, 'descriptors', lambda: 1024)
    table = Admission(0, 0, NAMES)
    assert (table.most, table.most_each) == (480, 120)
    assert admission.descriptors() == 1024


def test_descriptors_are_read_from_the_system():
    import resource

    assert admission.descriptors() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@pytest.mark.parametrize('address', ['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1', '::1%lo'])
def test_this_machine_is_held_to_the_total_only_unless_asked(address):
    table = Admission(8, 0, NAMES)
    assert [table.enter(address) for _ in range(9)] == [None] * 8 + ['most']
    assert [Admission(8, 1, NAMES).enter('10.0.0.1')] == [None]
    strict = Admission(8, 1, NAMES)
    assert [strict.enter(address) for _ in range(2)] == [None, 'each']


NEIGHBOURHOODS = [
    ('192.0.2.1', '192.0.2.1'), ('', ''), ('::1', '::1'), ('0:0:0:0:0:0:0:1', '::1'),
    ('2001:db8:1:2:3:4:5:6', '2001:db8:1:2'), ('2001:db8:1:2::6', '2001:db8:1:2'), ('2001:DB8:1:2::', '2001:db8:1:2'),
    ('2001:db8::6', '2001:db8:0:0'), ('2001:db8::1:2:3:4:5', '2001:db8:0:1'), ('::2:3:4:5:6:7', '0:0:2:3'),
    ('2001:0db8:0001:0002::1', '2001:db8:1:2'), ('2001:db8::', '2001:db8:0:0'), ('::', '0:0:0:0'),
    ('::2', '0:0:0:0'), ('fe80::1%eth0', 'fe80:0:0:0%eth0'), ('fe80::2%eth0', 'fe80:0:0:0%eth0'),
    ('fe80::2%25', 'fe80:0:0:0%25'), ('::ffff:192.0.2.1', '192.0.2.1'), ('::FFFF:192.0.2.1', '192.0.2.1'),
    ('::ffff:127.0.0.1', '127.0.0.1'), ('::ffff:c000:201', '192.0.2.1'), ('::ffff:7f00:1', '127.0.0.1'),
    ('::1%lo', '::1'), ('nonsense', 'nonsense'), ('a:b', 'a:b'), (':', ':'), ('x::y::z', 'x::y::z'),
]  # fmt: skip


@pytest.mark.parametrize(('address', 'expected'), NEIGHBOURHOODS)
def test_neighbourhood_is_what_one_host_has_for_itself(address, expected):
    assert neighbourhood(address) == expected


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_all_addresses_of_a_network_of_64_bits_are_neighbours_and_no_others(address, other):
    same = ipaddress.IPv6Address(int(address) >> 64 << 64 | other)
    if address.ipv4_mapped or same.ipv4_mapped or 1 in (int(address), int(same)):
        return
    assert neighbourhood(str(address)) == neighbourhood(str(same)) == neighbourhood(same.exploded)
    assert neighbourhood(str(address)) != neighbourhood(str(ipaddress.IPv6Address(int(address) ^ 1 << 64)))


def test_host_with_a_network_of_its_own_cannot_take_every_place():
    table = Admission(10, 2, NAMES)
    assert [table.enter(f'2001:db8::{n:x}') for n in range(1, 4)] == [None, None, 'each']
    table.leave('2001:db8::2')
    table.stay('2001:db8::9')
    assert table.enter('2001:db8::5') == 'each'
    assert table.enter('2001:db8:0:1::5') is None and table.total == 3
    assert [table.enter(a) for a in ('::ffff:192.0.2.1', '192.0.2.1', '::ffff:192.0.2.1')] == [None, None, 'each']


def test_nothing_is_kept_of_those_that_are_gone():
    table = Admission(100, 100, NAMES)
    for number in range(50):
        for address in (f'10.0.0.{number}', f'2001:db8:{number}::1'):
            table.enter(address)
            table.leave(address)
    assert (table.total, table._by_address) == (0, {})


@contextlib.contextmanager
def server_with(**options):
    server = make_server(**options)
    yield server
    server.stop()
    until_quiet()


def get(sock):
    sock.sendall(b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    return b''.join(iter(lambda: sock.recv(65536), b''))


def connect(port):
    return plain_socket.create_connection(('127.0.0.1', port), 20)


@pytest.mark.parametrize('name', ['max_connections', 'max_connections_per_address'])
def test_one_too_many_is_told_which_setting_applies_and_the_others_are_served(reports, name):
    def client(port):
        with connect(port) as one, connect(port) as two, connect(port) as three:
            refused = get(three)
            served = [get(one), get(two)]
        with connect(port) as four:
            return refused, [*served, get(four)]

    with server_with(**{name: 2}) as server:
        refused, served = during(client, server.port())
    assert refused.startswith(b'HTTP/1.1 503 ')
    assert f'setting: {name} '.encode() in refused
    assert all(answer.startswith(b'HTTP/1.1 200 ') for answer in served)


def test_websockets_count_too(reports):
    from websockets.sync.client import connect as connect_ws

    def client(port):
        with connect_ws(f'ws://127.0.0.1:{port}/ws', legacy=True):
            # Told before it asks, which a WebSocket client may take for a broken connection: so without one.
            with connect(port) as refused:
                return refused.recv(65536)

    with server_with(max_connections=1) as server:
        channels = WsServer('/ws', server, False)
        assert during(client, server.port()).startswith(b'HTTP/1.1 503 ')
        channels.stop()


def test_crowd_of_refused_clients_is_bounded_as_well(reports):
    # Those that are told wait for their peer to close; beyond MAX_REFUSALS they are closed at once.
    def client(port):
        socks = [connect(port) for _ in range(60)]
        closed = 0
        for sock in socks[1:]:
            with contextlib.suppress(ConnectionError):
                closed += sock.recv(65536) == b'' or not sock.recv(65536)
        counted = len([w for w in pollset.watchers.values() if isinstance(w, Stream)])
        for sock in socks:
            sock.close()
        return counted

    with server_with(max_connections=1) as server:
        assert during(client, server.port()) <= 1 + 16
        turn_until(lambda: server._listener.admission.total == 0, 'an empty table')
        assert server._listener.admission.refused == 59
