"""Rooms, and who is selected: the mirrored maps stay mirrors whatever is done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeio.socketio.adapter import Adapter


class Socket:
    def __init__(self, sid):
        self.id = sid

    def __repr__(self):
        return self.id


class Namespace:
    """What an adapter needs of its namespace."""

    def __init__(self, sids):
        self.sockets = {sid: Socket(sid) for sid in sids}


def make(**rooms):
    """An adapter whose sockets a, b, c and d are in their own rooms and in those given: `make(a='red blue')`."""
    adapter = Adapter(Namespace('abcd'))
    for sid in 'abcd':
        adapter.add_all(sid, (sid, *rooms.get(sid, '').split()))
    check_mirror(adapter)
    return adapter


def check_mirror(adapter):
    """`rooms` and `sids` say the same, and nothing in them is empty."""
    by_room = {(room, sid) for room, sids in adapter.rooms.items() for sid in sids}
    by_sid = {(room, sid) for sid, rooms in adapter.sids.items() for room in rooms}
    assert by_room == by_sid
    assert all(adapter.rooms.values()) and all(adapter.sids.values())


def selected(adapter, rooms=(), excluded=()):
    """The ids that are selected; each once."""
    sids = [socket.id for socket in adapter.select(tuple(rooms), tuple(excluded))]
    assert len(sids) == len(set(sids))
    return ''.join(sorted(sids))


# -- rooms ---------------------------------------------------------------------------------------------------------


def test_sockets_join_and_leave_and_an_empty_room_vanishes():
    adapter = make(a='red', b='red blue')
    assert set(adapter.rooms['red']) == {'a', 'b'} and set(adapter.socket_rooms('b')) == {'b', 'red', 'blue'}
    adapter.remove('b', 'blue')
    assert 'blue' not in adapter.rooms
    adapter.remove('a', 'red')
    adapter.remove('a', 'red')
    adapter.remove('a', 'never joined')
    adapter.remove('nobody', 'red')
    assert set(adapter.rooms['red']) == {'b'}
    check_mirror(adapter)


def test_joining_twice_is_joining_once():
    adapter = make(a='red')
    adapter.add_all('a', ('red', 'red', 'a'))
    assert sorted(adapter.socket_rooms('a')) == ['a', 'red']
    check_mirror(adapter)


def test_remove_all_leaves_nothing_of_a_socket():
    adapter = make(a='red blue', b='red')
    adapter.remove_all('a')
    adapter.remove_all('a')
    assert adapter.socket_rooms('a') is None
    assert 'a' not in adapter.rooms and 'blue' not in adapter.rooms and set(adapter.rooms['red']) == {'b'}
    check_mirror(adapter)


def test_events_tell_of_rooms_in_order():
    adapter = make()
    told = []
    for name in ('create-room', 'join-room', 'leave-room', 'delete-room'):
        adapter.on(name, lambda *args, name=name: told.append((name, *args)))
    adapter.add_all('a', ('red',))
    adapter.add_all('b', ('red',))
    adapter.add_all('b', ('red',))
    adapter.remove('a', 'red')
    adapter.remove_all('b')
    assert told[:4] == [
        ('create-room', 'red'), ('join-room', 'red', 'a'), ('join-room', 'red', 'b'), ('leave-room', 'red', 'a'),
    ]  # fmt: skip
    assert sorted(told[4:]) == [
        ('delete-room', 'b'), ('delete-room', 'red'), ('leave-room', 'b', 'b'), ('leave-room', 'red', 'b'),
    ]  # fmt: skip


operation_names = st.sampled_from(['add', 'remove', 'remove_all'])
operations = st.lists(st.tuples(operation_names, st.sampled_from('abcd'), st.sampled_from('abxyz')), max_size=40)


@given(operations)
def test_maps_stay_mirrors_whatever_is_done(several):
    adapter = make()
    model = {(sid, sid) for sid in 'abcd'}
    for operation, sid, room in several:
        if operation == 'add':
            adapter.add_all(sid, (room,))
            model.add((room, sid))
        elif operation == 'remove':
            adapter.remove(sid, room)
            model.discard((room, sid))
        else:
            adapter.remove_all(sid)
            model = {pair for pair in model if pair[1] != sid}
        check_mirror(adapter)
        assert {(r, s) for r, sids in adapter.rooms.items() for s in sids} == model


# -- selection -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('rooms, excluded, sids', [
    ('', '', 'abcd'),
    ('red', '', 'ab'),
    ('red blue', '', 'abc'),
    ('red red', '', 'ab'),
    ('red nobody', '', 'ab'),
    ('nobody', '', ''),
    ('a', '', 'a'),
    ('', 'a', 'bcd'),
    ('', 'red', 'cd'),
    ('', 'red blue', 'd'),
    ('', 'a d', 'bc'),
    ('', 'nobody', 'abcd'),
    ('red', 'a', 'b'),
    ('red blue', 'b', 'ac'),
    ('red blue', 'blue', 'a'),
    ('red', 'red', ''),
    ('red', 'nobody', 'ab'),
])  # fmt: skip
def test_rooms_and_exclusions_select_each_socket_once(rooms, excluded, sids):
    adapter = make(a='red', b='red blue', c='blue')
    assert selected(adapter, rooms.split(), excluded.split()) == sids


def test_excluding_a_room_named_as_a_socket_excludes_all_that_joined_it():
    adapter = make(b='a')
    assert selected(adapter, excluded=['a']) == 'cd'
    assert selected(adapter, ['a'], ['a']) == ''


def test_sender_is_excluded_though_it_left_its_own_room():
    adapter = make(a='red', b='red')
    adapter.remove('a', 'a')
    assert selected(adapter, excluded=['a']) == 'bcd'
    assert selected(adapter, ['red'], ['a']) == 'b'


def test_room_of_a_socket_that_is_not_there_yet_selects_nobody():
    adapter = make()
    adapter.add_all('later', ('later', 'red'))
    assert selected(adapter, ['red']) == ''


def test_selection_may_be_changed_while_it_is_gone_through():
    adapter = make(a='red', b='red')
    for socket in adapter.select((), ()):
        del adapter.nsp.sockets[socket.id]
        adapter.remove_all(socket.id)
    check_mirror(adapter)
    assert selected(adapter) == ''


room_names = st.lists(st.sampled_from(['red', 'blue', 'green', 'a', 'b', 'nobody']), max_size=3)


@given(room_names, room_names, *[room_names.map(' '.join)] * 4)
def test_selection_is_what_its_sentence_says(rooms, excluded, a, b, c, d):
    adapter = make(a=a, b=b, c=c, d=d)
    members = {sid: set(adapter.socket_rooms(sid)) for sid in 'abcd'}
    expected = [
        sid for sid in 'abcd'
        if (not rooms or members[sid] & set(rooms)) and not members[sid] & set(excluded) and sid not in excluded
    ]  # fmt: skip
    assert selected(adapter, rooms, excluded) == ''.join(expected)
