"""What a client can make a Socket.IO server keep: namespaces, rooms, answers that never come."""

import pytest

from edgeio.errors import OptionError, StateError
from edgeio.socketio import Server
from host_tests.looping import settle, turn_until
from host_tests.socketio.serving import next_socket


def anything(name, query, done):
    """Allows every namespace."""
    done(None, True)


def test_namespaces_of_one_client_are_bounded(serve, raw):
    io = serve(max_namespaces=3)
    io.of(anything)
    client = raw(io)
    client.join('/a')
    client.join('/b')
    client.send('40/c,')
    assert client.take() == '44/c,{"message":"Invalid namespace"}'
    assert sorted(io.namespaces) == ['/', '/a', '/b']


def test_namespaces_being_asked_for_count(serve, raw):
    asked = []
    io = serve(max_namespaces=3)
    io.of(lambda name, query, done: asked.append((name, done)))
    client = raw(io)
    for name in 'abcde':
        client.send(f'40/{name},')
    assert [client.take()[:5] for _ in range(3)] == ['44/c,', '44/d,', '44/e,']
    turn_until(lambda: len(asked) == 2, 'the questions')
    asked[0][1](None, True)
    assert client.take().startswith('40/a,')
    asked[1][1](None, True)
    assert client.take().startswith('40/b,')


def test_second_answer_about_a_namespace_changes_nothing(serve, raw):
    asked = []
    io = serve()
    io.of(lambda name, query, done: asked.append(done))
    client = raw(io)
    client.send('40/a,')
    turn_until(lambda: asked, 'the question')
    asked[0](None, False)
    asked[0](None, True)
    assert client.take() == '44/a,{"message":"Invalid namespace"}'
    assert list(io.namespaces) == ['/']


def test_namespace_asked_for_twice_at_once_ends_the_client(serve, raw):
    asked = []
    io = serve()
    io.of(lambda name, query, done: asked.append(done))
    client = raw(io)
    client.send('40/a,')
    client.send('40/a,')
    client.wait_closed()
    for done in asked:
        done(None, True)
    assert list(io.namespaces) == ['/']
    assert not io.engine.sessions


def test_child_namespaces_are_bounded_and_an_empty_one_makes_room(serve, raw):
    io = serve(max_child_namespaces=2)
    io.of(anything)
    first, second, third = raw(io), raw(io), raw(io)
    first.join('/a')
    second.join('/b')
    third.send('40/c,')
    assert third.take() == '44/c,{"message":"Too many namespaces"}'
    first.send('41/a,')
    settle()
    third.join('/c')
    assert sorted(io.namespaces) == ['/', '/b', '/c']


def test_a_stranger_who_begins_namespace_after_namespace_does_not_fill_the_table(serve, raw):
    io = serve(max_child_namespaces=5)
    io.of(anything)
    client = raw(io)
    for number in range(50):
        client.join(f'/n{number}')
        client.send(f'41/n{number},')
    settle()
    assert len(io.namespaces) <= 6


def test_rooms_of_a_socket_are_bounded(serve, raw):
    io = serve(max_rooms=4)
    arrived = next_socket(io)
    raw(io)
    socket = arrived()
    socket.join(['a', 'b', 'c'])
    with pytest.raises(StateError, match='max_rooms'):
        socket.join('d')
    socket.join(['a', 'b'])  # it is there already
    socket.leave('a')
    socket.join('d')
    assert sorted(socket.rooms) == sorted([socket.id, 'b', 'c', 'd'])


def test_client_that_owes_too_many_answers_is_ended(serve, raw):
    io = serve(max_pending_acks=10)
    arrived = next_socket(io)
    client = raw(io)
    socket = arrived()
    seen = []
    socket.on('error', lambda error: seen.append(error.code))
    socket.on('disconnect', seen.append)
    for _ in range(11):
        socket.emit('question', lambda answer: None)
    assert socket.connected  # whoever sends to many does not lose one under its hands
    client.wait_closed()
    assert seen == ['sio.pending_acks', 'forced server close']


def test_answers_make_room(serve, raw):
    io = serve(max_pending_acks=10)
    arrived = next_socket(io)
    client = raw(io)
    socket = arrived()
    answers = []
    for number in range(30):
        socket.emit('question', answers.append)
        packet = client.take()
        client.send('43' + packet[2 : packet.index('[')] + f'[{number}]')
        turn_until(lambda n=number: len(answers) == n + 1, 'an answer')
    assert socket.connected


def test_question_that_cannot_be_sent_is_owed_no_answer(serve, raw):
    io = serve(max_pending_acks=2)
    arrived = next_socket(io)
    client = raw(io)
    socket = arrived()
    for ask in (socket.emit, socket.timeout(60000).emit) * 3:
        with pytest.raises(ValueError):
            ask('question', {'_placeholder': True, 'num': 9}, b'beside', lambda *answer: None)
    answers = []
    socket.emit('question', answers.append)
    packet = client.take()
    client.send('43' + packet[2 : packet.index('[')] + '["answer"]')
    turn_until(lambda: answers, 'the answer')
    assert answers == ['answer'] and socket.connected


def test_answers_that_a_broadcast_waited_for_in_vain_are_forgotten(serve, raw):
    io = serve()
    arrived = next_socket(io)
    raw(io)
    socket = arrived()
    failures = []
    io.timeout(20).emit('question', lambda error, answers: failures.append((error.code, answers)))
    turn_until(lambda: failures, 'the time-out')
    assert failures == [('sio.ack_timeout', [])]
    assert not socket._acks


@pytest.mark.parametrize('name', ['max_namespaces', 'max_child_namespaces', 'max_rooms', 'max_pending_acks'])
def test_bound_that_cannot_be_is_an_error(name):
    with pytest.raises(OptionError, match=name):
        Server(None, **{name: 0})


def test_what_a_client_gives_to_join_is_bounded(serve, raw):
    io = serve(max_auth=100)
    io.of('/a')
    client = raw(io, auth={'token': 80 * 'x'})
    client.send('40/a,' + '{"token":"' + 90 * 'x' + '"}')
    answer = client.take()
    assert answer.startswith('44/a,{"message":"') and '102' in answer and 'max_auth' in answer
    assert client.rest() == [] and client.join('/a', {'token': 80 * 'x'})


def test_what_a_client_gave_to_join_counts_as_its_memory_until_it_leaves(serve, raw):
    io = serve()
    io.of('/a')
    arrived = next_socket(io)
    client = raw(io)
    session = arrived().conn
    before = session.memory
    client.join('/a', {'lists': [[] for _ in range(1000)]})
    assert before + 50000 < session.memory < before + 200000
    client.send('41/a,')
    turn_until(lambda: not io.of('/a').sockets, 'the disconnect')
    assert session.memory == before


@pytest.mark.parametrize(('room', 'error'), [(257 * 'x', StateError), ([], TypeError), (257 * b'x', StateError)])
def test_name_of_a_room_is_bounded_and_nothing_is_joined_where_one_is_wrong(serve, raw, room, error):
    io = serve()
    arrived = next_socket(io)
    client = raw(io)
    socket = arrived()
    with pytest.raises(error, match='max_room_name' if error is StateError else 'list'):
        socket.join(['before', room])
    socket.join(256 * 'y')
    assert set(socket.rooms) == {socket.id, 256 * 'y'} and client.rest() == []
