"""Namespaces that come and go: by name, by regular expression, by function; their parents, their end."""

import re

import pytest

from edgeio.errors import OptionError
from edgeio.http import question
from edgeio.iosched import set_immediate, set_timeout
from edgeio.socketio.adapter import Adapter
from host_tests.looping import turn_until
from host_tests.socketio.serving import next_socket

DYNAMIC = re.compile(r'^/dynamic-\d+$')


def refused(client, nsp):
    """True once the client was refused at `nsp`."""
    client.send(f'40{nsp},')
    return client.take().startswith(f'44{nsp},')


def test_names_are_one_with_and_without_the_slash():
    from edgeio.socketio import Server

    io = Server()
    assert io.of('') is io.of('/') is io.sockets
    assert io.of('chat') is io.of('/chat')


def test_new_namespace_tells_of_each_once(serve, raw):
    io = serve()
    names = []
    io.on('new_namespace', lambda namespace: names.append(namespace.name))
    io.of('/chat')
    io.of('/chat')
    io.of(DYNAMIC)
    raw(io).join('/dynamic-1')
    raw(io).join('/dynamic-1')
    assert names == ['/chat', '/dynamic-1']


def test_of_takes_a_handler(serve, raw):
    io = serve()
    seen = []
    io.of('/chat', seen.append)
    raw(io).join('/chat')
    assert [socket.nsp.name for socket in seen] == ['/chat']


def test_an_expression_lets_in_what_it_matches_alone(serve, raw, revision):
    io = serve()
    io.of(DYNAMIC)
    client = raw(io, revision)
    client.join('/dynamic-1')
    assert refused(client, '/dynamic-x')
    assert sorted(io.namespaces) == ['/', '/dynamic-1']


def test_parents_are_asked_in_order(serve, raw, revision):
    io = serve()
    seen = []
    io.of(re.compile('^/a')).on('connection', lambda socket: seen.append('first'))
    io.of(re.compile('^/ab')).on('connection', lambda socket: seen.append('second'))
    io.of(lambda name, query, next: next(None, True)).on('connection', lambda socket: seen.append('function'))
    client = raw(io, revision)
    client.join('/ab')
    client.join('/b')
    assert seen == ['first', 'function']


def test_a_function_gets_name_and_query(serve, raw, revision):
    io = serve()
    asked = []

    def allow(name, query, next):
        asked.append((name, query['token']))
        next(None, True)

    io.of(allow)
    client = raw(io, revision, query={'token': 'of the connection'})
    client.join('/a')
    assert asked == [('/a', 'of the connection')]


def test_a_function_gets_what_a_revision_5_client_gave_as_auth(serve, raw):
    io = serve()
    io.of(lambda name, query, next: next(None, query.get('token') == 'right'))
    client = raw(io)
    assert client.join('/a', {'token': 'right'})
    assert refused(client, '/b')


def test_a_function_gets_the_query_behind_a_revision_4_clients_name(serve, raw):
    io = serve()
    io.of(lambda name, query, next: next(None, query.get('token') == 'right'))
    raw(io, 4).join('/a?token=right')
    assert refused(raw(io, 4), '/a') is False or '/a' in io.namespaces
    assert refused(raw(io, 4), '/b')


def test_a_function_may_answer_later_and_several_clients_meet_in_one_namespace(serve, raw, revision):
    io = serve()
    answers = []
    io.of(lambda name, query, next: answers.append(next))
    clients = [raw(io, revision) for _ in range(3)]
    for client in clients:
        client.send('40/dynamic-1,')
    turn_until(lambda: len(answers) == 3, 'the questions')
    for answer in answers:
        set_immediate(answer, None, True)
    for client in clients:
        assert client.take().startswith('40/dynamic-1,')
    assert len(io.of('/dynamic-1').sockets) == 3


def test_a_client_that_left_before_the_answer_harms_nobody(serve, raw, revision):
    io = serve()
    answers = []
    io.of(lambda name, query, next: answers.append(next))
    client = raw(io, revision)
    client.send('40/dynamic-1,')
    turn_until(lambda: answers, 'the question')
    client.drop()
    turn_until(lambda: not io.engine.clients, 'the end of the connection')
    answers[0](None, True)
    assert '/dynamic-1' not in io.namespaces


def test_an_error_of_the_function_refuses(serve, raw, revision):
    io = serve()
    io.of(lambda name, query, next: next(Exception('not you'), True))
    assert refused(raw(io, revision), '/any')


def test_a_function_that_raises_refuses_and_the_error_is_reported(serve, raw, revision, reports):
    io = serve()

    def broken(name, query, next):
        raise KeyError('token')

    io.of(broken)
    client = raw(io, revision)
    assert refused(client, '/any') and not client.closed
    assert [type(error) for error, _ in reports] == [KeyError]
    reports.clear()


def test_a_function_that_never_answers_refuses_and_is_reported_once(serve, raw, revision, reports, monkeypatch):
    monkeypatch.setattr(question, 'ANSWER_TIMEOUT', 30)
    io = serve()
    answers = []
    io.of(lambda name, query, next: answers.append(next))
    client = raw(io, revision)
    assert refused(client, '/any') and not client.closed
    (error, where), reports[:] = reports[0], reports[1:]
    assert error.code == 'app.no_answer' and where == 'the function of a dynamic namespace'
    answers[0](None, True)
    assert '/any' not in io.namespaces


def test_a_namespace_that_cannot_begin_ends_the_connection_however_late(serve, raw, revision, reports):
    class Broken(Adapter):
        def __init__(self, nsp):
            Adapter.__init__(self, nsp)
            if nsp.name == '/late':
                raise ValueError('on purpose')

    io = serve(adapter=Broken)
    io.of(lambda name, query, next: set_timeout(next, 20, None, True))
    client = raw(io, revision)
    client.send('40/late,')
    client.wait_closed()
    assert [str(error) for error, _ in reports] == ['on purpose']
    assert '/late' not in io.namespaces
    reports.clear()


def test_what_a_parent_emits_reaches_every_child(serve, raw, revision):
    io = serve()
    parent = io.of(DYNAMIC)
    first, second, outside = [raw(io, revision) for _ in range(3)]
    first.join('/dynamic-1')
    second.join('/dynamic-2')
    parent.emit('hello', 1)
    assert first.take() == '42/dynamic-1,["hello",1]'
    assert second.take() == '42/dynamic-2,["hello",1]'
    assert outside.rest() == []


def test_a_parents_rooms_are_those_of_its_children(serve, raw, revision):
    io = serve()
    parent = io.of(DYNAMIC).on('connection', lambda socket: socket.join(socket.nsp.name[-1]))
    first, second = raw(io, revision), raw(io, revision)
    first.join('/dynamic-1')
    second.join('/dynamic-2')
    parent.to('1').emit('to one')
    parent.except_('1').emit('to the other')
    parent.sockets_join('both')
    parent.to('both').emit('to both')
    assert [packet.split(',')[1] for packet in first.rest()] == ['["to one"]', '["to both"]']
    assert [packet.split(',')[1] for packet in second.rest()] == ['["to the other"]', '["to both"]']


def test_what_is_asked_of_a_parent_holds_for_every_child(serve, raw):
    io = serve()
    parent = io.of(DYNAMIC)
    clients = [raw(io), raw(io)]
    ids = {clients[0].join('/dynamic-1'), clients[1].join('/dynamic-2')}
    answers = []
    parent.clients(lambda error, found: answers.append(set(found)))
    assert answers == [ids]
    parent.disconnect_sockets()
    assert [client.take() for client in clients] == ['41/dynamic-1,', '41/dynamic-2,']
    with pytest.raises(OptionError, match='cannot collect answers'):
        parent.timeout(10).emit('question', print)


def test_a_parents_middleware_runs_before_the_childs(serve, raw, revision):
    io = serve()
    order = []
    parent = io.of(DYNAMIC)
    parent.use(lambda socket, next: (order.append('parent'), next())[1])
    io.of('/dynamic-1').use(lambda socket, next: (order.append('child'), next())[1])
    raw(io, revision).join('/dynamic-1')
    assert order == ['parent', 'child']


def test_a_child_made_by_hand_belongs_to_its_parent(serve, raw, revision):
    io = serve()
    seen = []
    parent = io.of(DYNAMIC).on('connection', seen.append)
    child = io.of('/dynamic-1')
    assert child.parent is parent and child in parent.children
    client = raw(io, revision)
    client.join('/dynamic-1')
    assert [socket.nsp for socket in seen] == [child]
    parent.emit('hello')
    assert client.take() == '42/dynamic-1,["hello"]'


def test_empty_children_stay_unless_told_otherwise(serve, raw, revision):
    io = serve()
    io.of(DYNAMIC)
    client = raw(io, revision)
    client.join('/dynamic-1')
    client.send('41/dynamic-1,')
    turn_until(lambda: not io.of('/dynamic-1').sockets, 'the disconnect')
    assert '/dynamic-1' in io.namespaces


def test_empty_children_are_cleaned_up(serve, raw, revision):
    io = serve(cleanup_empty_child_namespaces=True)
    parent = io.of(DYNAMIC)
    first, second = raw(io, revision), raw(io, revision)
    for client in (first, second):
        client.join('/dynamic-1')
    first.send('41/dynamic-1,')
    turn_until(lambda: len(io.of('/dynamic-1').sockets) == 1, 'the first disconnect')
    second.drop()
    turn_until(lambda: '/dynamic-1' not in io.namespaces, 'the end of the namespace')
    assert parent.children == set()
    first.join('/dynamic-1')
    assert '/dynamic-1' in io.namespaces


def test_a_child_that_refused_its_only_client_is_cleaned_up(serve, raw, revision):
    io = serve(cleanup_empty_child_namespaces=True)
    io.of(DYNAMIC).use(lambda socket, next: next(Exception('no')))
    client = raw(io, revision)
    assert refused(client, '/dynamic-1')
    assert sorted(io.namespaces) == ['/']


def test_a_child_with_a_client_still_in_its_middleware_is_not_cleaned_up(serve, raw, revision):
    io = serve(cleanup_empty_child_namespaces=True)
    waiting = []
    io.of(DYNAMIC).use(lambda socket, next: waiting.append(next))
    first, second = raw(io, revision), raw(io, revision)
    first.send('40/dynamic-1,')
    turn_until(lambda: waiting, 'the first')
    second.send('40/dynamic-1,')
    turn_until(lambda: len(waiting) == 2, 'the second')
    waiting[0](Exception('no'))
    assert first.take().startswith('44/dynamic-1,')
    waiting[1]()
    assert second.take().startswith('40/dynamic-1,')
    io.of(DYNAMIC)
    io.of('/dynamic-1').emit('hello')
    assert second.take() == '42/dynamic-1,["hello"]'


def test_a_child_with_a_client_still_in_its_middleware_makes_no_room_for_another(serve, raw):
    io = serve(max_child_namespaces=1)
    waiting = []
    io.of(DYNAMIC).use(lambda socket, next: waiting.append(next))
    first, second = raw(io), raw(io)
    first.send('40/dynamic-1,')
    turn_until(lambda: waiting, 'the first')
    assert refused(second, '/dynamic-2')
    waiting[0]()
    assert first.take().startswith('40/dynamic-1,')
    io.of('/dynamic-1').emit('hello')
    assert first.take() == '42/dynamic-1,["hello"]'


def test_ordinary_namespaces_are_never_cleaned_up(serve, raw):
    io = serve(cleanup_empty_child_namespaces=True)
    io.of('/chat')
    client = raw(io)
    client.join('/chat')
    client.drop()
    turn_until(lambda: not io.engine.clients, 'the end of the connection')
    assert sorted(io.namespaces) == ['/', '/chat']


def test_a_socket_of_one_namespace_hears_nothing_of_another(serve, raw, revision):
    io = serve()
    io.of('/chat')
    arrived = next_socket(io)
    client = raw(io, revision)
    client.join('/chat')
    arrived().join('room')
    io.of('/chat').to('room').emit('nobody')
    io.to('room').emit('main')
    io.of('/chat').emit('chat')
    assert client.rest() == ['42["main"]', '42/chat,["chat"]']
    set_timeout(lambda: None, 0)
