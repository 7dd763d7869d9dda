"""Acknowledgements both ways: once, in time, of several clients, in coroutines."""

import json

import pytest

from edgeio import iosched
from edgeio.errors import OptionError
from host_tests.looping import turn_until
from host_tests.socketio.serving import next_socket


@pytest.fixture
def pair(serve, raw, revision):
    """(io, client, socket)."""
    io = serve()
    arrived = next_socket(io)
    client = raw(io, revision)
    return io, client, arrived()


def take_question(client):
    """Takes an event that asks for an answer; (ack id, [name, *args])."""
    packet = client.take()
    start = packet.index('[')
    assert packet[:2] == '42' and start > 2, packet
    return packet[2:start], json.loads(packet[start:])


# -- the client asks -------------------------------------------------------------------------------------------------


def test_a_handler_answers_with_any_arguments(pair):
    _, client, socket = pair
    socket.on('echo', lambda *args: args[-1](*args[:-1]))
    for args, answer in (((), '[]'), (('a', 1), '["a",1]'), ((None, [], {}), '[null,[],{}]')):
        client.emit('echo', *args, ack_id=12)
        assert client.take() == '4312' + answer


def test_an_answer_may_hold_binary(pair):
    _, client, socket = pair
    socket.on('echo', lambda data, ack: ack({'data': data}, b''))
    client.emit('echo', b'\0\1', ack_id=3)
    assert client.take() == '462-3[{"data":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]'
    assert [client.take(), client.take()] == [b'\0\1', b'']


def test_a_second_answer_changes_nothing(pair):
    _, client, socket = pair

    @socket.on('question')
    def answer(ack):
        ack(1)
        ack(2)

    client.emit('question', ack_id=0)
    assert client.take() == '430[1]' and client.rest() == []


def test_an_answer_after_the_end_is_dropped(pair):
    _, client, socket = pair
    acks = []
    socket.on('question', acks.append)
    client.emit('question', ack_id=0)
    turn_until(lambda: acks, 'the question')
    socket.disconnect()
    acks[0]('too late')
    assert client.rest() == ['41']


def test_answers_go_to_their_namespace(serve, raw, revision):
    io = serve()
    arrived = next_socket(io, '/chat')
    client = raw(io, revision)
    client.join('/chat')
    arrived().on('question', lambda ack: ack('answer'))
    client.emit('question', nsp='/chat', ack_id=5)
    assert client.take() == '43/chat,5["answer"]'


def test_a_coroutine_answers_when_it_is_done(pair):
    _, client, socket = pair

    @socket.on('question')
    async def answer(data, ack):
        await iosched.sleep(1)
        ack(data)

    client.emit('question', 'x', ack_id=1)
    assert client.take() == '431["x"]'


# -- the server asks -------------------------------------------------------------------------------------------------


def test_each_answer_finds_its_question(pair):
    _, client, socket = pair
    answers = []
    for n in range(3):
        socket.emit('question', n, lambda *args: answers.append(args))
    questions = [take_question(client) for _ in range(3)]
    assert [question[1] for question in questions] == [['question', n] for n in range(3)]
    for ack_id, _ in reversed(questions):
        client.send(f'43{ack_id}[{ack_id},"x"]')
    turn_until(lambda: len(answers) == 3, 'the answers')
    assert answers == [(int(ack_id), 'x') for ack_id, _ in reversed(questions)]


def test_an_answer_nobody_waits_for_is_ignored(pair):
    _, client, socket = pair
    answers = []
    socket.emit('question', answers.append)
    ack_id, _ = take_question(client)
    client.send(f'43{ack_id}["first"]')
    client.send(f'43{ack_id}["second"]')
    client.send('439999["unknown"]')
    assert client.rest() == [] and answers == ['first'] and not client.closed


def test_without_a_time_limit_the_callback_gets_the_answer_alone_and_nothing_at_the_end(pair):
    _, client, socket = pair
    answers = []
    socket.emit('question', lambda *args: answers.append(args))
    take_question(client)
    socket.disconnect()
    client.rest()
    assert answers == []


def test_timeout_gives_no_error_and_the_answer(pair):
    _, client, socket = pair
    answers = []
    socket.timeout(5000).emit('question', 1, lambda *args: answers.append(args))
    ack_id, _ = take_question(client)
    client.send(f'43{ack_id}["a","b"]')
    turn_until(lambda: answers, 'the answer')
    assert answers == [(None, 'a', 'b')]


def test_timeout_gives_an_error_when_the_time_is_up_and_a_late_answer_is_ignored(pair):
    _, client, socket = pair
    answers = []
    socket.timeout(10).emit('question', lambda error, answer: answers.append((error, answer)))
    ack_id, _ = take_question(client)
    turn_until(lambda: answers, 'the time-out')
    client.send(f'43{ack_id}["late"]')
    client.rest()
    [(error, answer)] = answers
    assert error.code == 'sio.ack_timeout' and 'timed out' in str(error) and answer is None


def test_timeout_gives_an_error_at_once_when_the_client_is_gone(pair):
    _, client, socket = pair
    errors = []
    socket.timeout(60000).emit('question', errors.append)
    take_question(client)
    socket.disconnect()
    socket.timeout(60000).emit('question', errors.append)
    assert [error.code for error in errors] == ['sio.ack_timeout'] * 2
    assert 'disconnected' in str(errors[0])


def test_volatile_question_that_is_dropped_times_out(pair):
    _, client, socket = pair
    errors = []
    while socket.conn.writable:
        socket.emit('fill', 'x' * 30000)
    socket.volatile.timeout(10).emit('question', errors.append)
    turn_until(lambda: errors, 'the time-out')
    assert errors[0].code == 'sio.ack_timeout'


def test_emit_with_ack_gives_a_coroutine_the_answer(pair):
    _, client, socket = pair
    answers = []

    async def ask():
        answers.append(await socket.emit_with_ack('question', 1))
        answers.append(await socket.timeout(5000).emit_with_ack('question', 2))

    iosched.spawn(ask())
    for n in (1, 2):
        ack_id, data = take_question(client)
        assert data == ['question', n]
        client.send(f'43{ack_id}["answer {n}"]')
    turn_until(lambda: len(answers) == 2, 'the answers')
    assert answers == ['answer 1', 'answer 2']


def test_emit_with_ack_raises_in_the_coroutine_when_the_time_is_up(pair):
    _, client, socket = pair
    errors = []

    async def ask():
        try:
            await socket.timeout(5).emit_with_ack('question')
        except Exception as exc:
            errors.append(exc.code)

    iosched.spawn(ask())
    turn_until(lambda: errors, 'the time-out')
    assert errors == ['sio.ack_timeout']


# -- the server asks several -----------------------------------------------------------------------------------------


@pytest.fixture
def several(serve, raw, revision):
    """(io, [client, client, client])."""
    io = serve()
    return io, [raw(io, revision) for _ in range(3)]


def ask_all(emitter, answers):
    """Asks; the answers come to `answers` as (error, list)."""
    emitter.emit('question', lambda error, found: answers.append((error, found)))


def test_a_broadcast_gives_all_answers_once_they_are_there(several):
    io, clients = several
    answers = []
    ask_all(io.timeout(5000), answers)
    for n, client in enumerate(clients):
        assert answers == []
        client.send(f'43{take_question(client)[0]}[{n},"surplus"]')
        client.rest()
    assert [(error, sorted(found)) for error, found in answers] == [(None, [0, 1, 2])]


def test_a_broadcast_gives_the_answers_that_came_when_the_time_is_up(several):
    io, clients = several
    answers = []
    ask_all(io.timeout(60), answers)
    ids = [take_question(client)[0] for client in clients]
    clients[1].send(f'43{ids[1]}["b"]')
    turn_until(lambda: answers, 'the time-out')
    clients[0].send(f'43{ids[0]}["late"]')
    clients[0].rest()
    [(error, found)] = answers
    assert error.code == 'sio.ack_timeout' and found == ['b']


def test_a_broadcast_to_nobody_gives_no_answers(several):
    io, _ = several
    answers = []
    ask_all(io.to('nowhere').timeout(5000), answers)
    assert answers == [(None, [])]


def test_a_broadcast_of_a_socket_asks_the_others(serve, raw, revision):
    io = serve()
    arrived = next_socket(io)
    client, other = raw(io, revision), raw(io, revision)
    answers = []
    ask_all(arrived().broadcast.timeout(5000), answers)
    other.send(f'43{take_question(other)[0]}["x"]')
    turn_until(lambda: answers, 'the answer')
    assert answers == [(None, ['x'])] and client.rest() == []


def test_a_broadcast_with_binary_answers(several):
    io, clients = several
    answers = []
    ask_all(io.timeout(5000), answers)
    for client in clients:
        client.send('461-' + take_question(client)[0] + '[{"_placeholder":true,"num":0}]')
        client.send(b'\0\1')
    turn_until(lambda: answers, 'the answers')
    assert answers == [(None, [b'\0\1'] * 3)]


def test_a_broadcast_with_a_callback_needs_a_time_limit(several):
    io, _ = several
    with pytest.raises(OptionError, match=r'setting: \.timeout\(ms\)'):
        io.emit('question', print)


def test_a_broadcast_that_cannot_be_encoded_asks_nobody_and_calls_back_no_more(several):
    io, clients = several
    answers = []
    with pytest.raises(TypeError):
        io.timeout(20).emit('question', object(), lambda error, found: answers.append((error, found)))
    later = []
    iosched.set_timeout(lambda: later.append(1), 40)
    turn_until(lambda: later, 'the time after the limit')
    assert answers == [] and [client.rest() for client in clients] == [[], [], []]


def test_emit_with_ack_gives_a_coroutine_all_answers(several):
    io, clients = several
    answers = []

    async def ask():
        answers.append(await io.timeout(5000).emit_with_ack('question'))
        answers.append(await io.to('nowhere').emit_with_ack('question'))

    iosched.spawn(ask())
    for n, client in enumerate(clients):
        client.send(f'43{take_question(client)[0]}[{n}]')
    turn_until(lambda: len(answers) == 2, 'the answers')
    assert [sorted(found) for found in answers] == [[0, 1, 2], []]


def test_emit_with_ack_of_several_raises_and_tells_the_answers_that_came(several):
    io, clients = several
    errors = []

    async def ask():
        try:
            await io.timeout(60).emit_with_ack('question')
        except Exception as exc:
            errors.append(exc)

    iosched.spawn(ask())
    clients[0].send(f'43{take_question(clients[0])[0]}["a"]')
    turn_until(lambda: errors, 'the time-out')
    assert errors[0].code == 'sio.ack_timeout' and errors[0].responses == ['a']


def test_answer_that_cannot_be_encoded_may_be_given_again(serve, raw, revision):
    io = serve()
    arrived = next_socket(io)
    client = raw(io, revision)
    raised = []

    def answer(ack):
        try:
            ack(object())
        except TypeError as exc:
            raised.append(exc)
            ack('error')
        ack('second')

    arrived().on('question', answer)
    client.emit('question', ack_id=7)
    assert client.take() == '437["error"]' and len(raised) == 1 and client.rest() == []
