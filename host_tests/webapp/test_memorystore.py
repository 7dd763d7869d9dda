"""The store of sessions: which of them it forgets, and when."""

import sys

import pytest

from edgeio.errors import OptionError
from edgeio.webapp.memorystore import MAX_SESSIONS, MemoryStore

LONG = 100000


def make(limit, *ids, back=(), address='192.0.2.1'):
    """A store with the sessions `ids`, of which those in `back` came back from `address`, in that order."""
    store = MemoryStore(limit)
    for id in ids:
        store.set(id, {'id': id}, LONG)
    for id in back:
        store.came_back(id, address)
    return store


def kept(store, ids):
    """Those of `ids` that the store still has, in order."""
    return [id for id in ids if store.get(id) is not None]


@pytest.fixture
def clock(monkeypatch):
    """[now]: the milliseconds that the store sees."""
    now = [0]
    monkeypatch.setattr(sys.modules['edgeio.webapp.memorystore'], 'monotonic_ms', lambda: now[0])
    return now


def test_session_is_over_after_its_time(clock):
    store = MemoryStore()
    store.set('a', {'x': 1}, 1000)
    clock[0] = 999
    assert store.get('a') == {'x': 1}
    clock[0] = 1000
    assert store.get('a') is None and store.size == 0


def test_full_store_forgets_the_one_not_visited_for_the_longest_time():
    store = make(20, *range(20))
    store.set(0, {'n': 0}, LONG)
    store.set('new', {}, LONG)
    assert store.size == 20 and kept(store, ['new', 0, 1, 2]) == ['new', 0, 2]


def test_strangers_without_a_cookie_push_out_one_another_only():
    store = make(MAX_SESSIONS, 'logged in', back=['logged in'])
    for n in range(10500):
        store.set(n, {}, LONG)
    assert store.get('logged in') == {'id': 'logged in'} and store.size == MAX_SESSIONS
    assert kept(store, range(10500)) == list(range(501, 10500))


def test_those_that_came_back_go_by_their_last_visit_where_few_others_are_left():
    store = make(8, *range(8), back=[1, 0, *range(2, 8)], address='127.0.0.1')
    store.came_back(1, '192.0.2.7')
    for id in 'abcd':
        store.set(id, {}, LONG)
    assert kept(store, [*range(8), *'abcd']) == [1, 3, 4, 5, 6, 7, 'c', 'd']


def test_those_that_are_over_go_first(clock):
    store = make(4, 'back', 1, back=['back'])
    clock[0] = LONG
    store.set(2, {}, LONG)
    store.set(3, {}, LONG)
    assert store.size == 4
    store.set(4, {}, LONG)
    assert store.size == 3 and kept(store, ['back', 1, 2, 3, 4]) == [2, 3, 4]


def test_an_address_has_a_quarter_of_the_places_for_those_that_came_back():
    store = make(16, 'logged in', back=['logged in'])
    for n in range(100):
        store.set(n, {}, LONG)
        store.came_back(n, '192.0.2.66')
    assert kept(store, range(5)) == [0, 1, 2, 3]
    assert store.get('logged in') is not None and store.size == 16
    for n in range(4):
        store.destroy(n)
    for n in range(200, 300):
        store.set(n, {}, LONG)
        store.came_back(n, '192.0.2.66')
    assert kept(store, range(200, 205)) == [200, 201, 202, 203]


def test_all_addresses_of_one_network_have_that_quarter_together():
    store = make(16, *range(12))
    for n in range(12):
        store.came_back(n, f'2001:db8::{n + 1:x}')
    for n in range(100, 200):
        store.set(n, {}, LONG)
    assert kept(store, range(12)) == [0, 1, 2, 3]
    for n in range(4):
        store.destroy(n)
    assert store._held == {}


def test_this_machines_own_addresses_have_all_places():
    store = make(16, *range(12), back=range(12), address='127.0.0.1')
    for n in range(100, 200):
        store.set(n, {}, LONG)
    assert kept(store, range(12)) == list(range(12))


def test_sessions_that_are_not_there_are_no_error():
    store = make(2, 'a')
    store.came_back('b', '192.0.2.1')
    store.destroy('b')
    store.destroy('a')
    assert store.size == 0 and store.get('a') is None


def test_store_of_one_keeps_the_last():
    store = make(1, 'a', back=['a'])
    for id in 'bc':
        store.set(id, {}, LONG)
    assert kept(store, 'abc') == ['c']
    with pytest.raises(OptionError, match='limit'):
        MemoryStore(0)
