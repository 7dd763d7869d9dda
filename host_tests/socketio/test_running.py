"""Coroutine handlers and middleware of Socket.IO: one client has max_running_handlers of them running at most."""

import json
import tracemalloc

import pytest

from edgeio import iosched
from edgeio.compat import json_decode, memory_size
from edgeio.running import weight_of
from host_tests.looping import Polling, during, settle, turn_until
from host_tests.processes import run_node
from host_tests.socketio.serving import next_socket
from host_tests.work import BOUND, Posting, Work, frames, payload, told_once

NUMBERS = list(range(2000))


def events(nsp='', numbers=NUMBERS):
    return ['42' + nsp + json.dumps(['work', n]) for n in numbers]


def flood(client, packets):
    """Sends `packets` of a RawClient all in one piece."""
    client.socket.setblocking(True)
    client.socket.sendall(frames(packets))
    client.socket.setblocking(False)


@pytest.fixture
def working(serve):
    """`working(**options)` gives an io, and the Work that each socket's `work` events are for."""

    def start(**options):
        io, work = serve(**options), Work()
        io.on('connection', lambda socket: socket.on('work', work.handle))
        return io, work

    return start


def test_events_of_one_read_wait_for_the_handlers_and_all_are_handled_in_order(working, raw, reports, revision):
    io, work = working()
    flood(raw(io, revision), events())
    work.until_held()
    work.finish_all(len(NUMBERS))
    assert work.begun == NUMBERS and work.done == NUMBERS
    assert work.most == BOUND
    assert told_once(reports)


def test_events_of_one_post_wait_for_the_handlers_and_all_are_handled_in_order(working, reports, revision):
    io, work = working()
    polling = during(lambda: Polling(io.port, '/socket.io/', revision - 1))
    packets = events() if revision == 4 else ['40', *events()]
    posting = Posting(polling.port, polling.url, payload(packets, revision - 1))
    work.until_held()
    work.finish_all(len(NUMBERS) - 1)
    assert posting.wait() == (200, 'ok')
    work.finish_all(len(NUMBERS))
    assert work.begun == NUMBERS and work.most == BOUND
    assert told_once(reports)


def test_namespaces_of_one_client_share_its_bound(working, raw, reports):
    io, work = working(max_running_handlers=4)
    io.of('/other').on('connection', lambda socket: socket.on('work', work.handle))
    client = raw(io)
    client.join('/other')
    flood(client, [packet for n in range(6) for packet in events(numbers=[n]) + events('/other,', [n])])
    work.until_held(4)
    work.finish_all(12)
    assert work.begun == [n for n in range(6) for _ in (1, 2)]
    assert told_once(reports)


def test_what_running_handlers_work_at_takes_no_more_than_its_part_of_the_memory(working, raw, reports):
    io, work = working()
    allowance = io.engine.allowance
    assert allowance.most_bytes == memory_size() // 12
    allowance.most_bytes = 100000
    texts = [str(n) + 30000 * 'x' for n in range(20)]
    greedy, other = raw(io), raw(io)
    flood(greedy, events(numbers=texts))
    work.until_held(4)
    flood(other, events(numbers=[1, 2]))
    work.until_held(5)  # one at a time has room in any case: who has filled the memory keeps nobody else out
    work.finish_all(22)
    assert [value for value in work.begun if value in texts] == texts and allowance.bytes == 0
    assert [value for value in work.begun if value not in texts] == [1, 2]
    assert '120' in str(reports[0][0]) and told_once(reports)


@pytest.mark.parametrize(
    'text', ['[]', '{}', '1.5', '77777', '{"a":[1,"b"]}', '"' + 90 * 'x' + '"', '"' + 90 * '\u20ac' + '"']
)
def test_weight_is_about_what_the_values_take(text):
    text = '[' + ','.join([text] * 10000) + ']'
    tracemalloc.start()
    value = json_decode(text)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert 0.5 < weight_of(value) / taken < 2


def test_handlers_of_any_event_count(serve, raw, reports):
    io, work = serve(max_running_handlers=4), Work()
    arrived = next_socket(io)
    client = raw(io)
    arrived().on_any(work.handle)
    flood(client, events(numbers=range(10)))
    work.until_held(4)
    work.finish_all(10)
    assert told_once(reports)


def test_middleware_of_a_socket_counts_and_so_do_the_handlers_behind_it(serve, raw, reports):
    io, work, behind = serve(max_running_handlers=4), Work(), Work()
    arrived = next_socket(io)
    client = raw(io)
    socket = arrived()

    async def middleware(packet, next):
        await work.handle(packet[1])
        next()

    socket.use(middleware)
    socket.on('work', behind.handle)
    flood(client, events(numbers=range(10)))
    work.until_held(4)
    work.finish()
    turn_until(lambda: len(behind.waiting) == 4, 'the handlers behind the middleware')
    settle()
    assert len(work.begun) == 4
    while len(behind.done) < 10:
        work.finish()
        behind.finish()
        settle(2)
    assert behind.done == list(range(10))
    assert work.most <= 4 and behind.most <= 4
    assert told_once(reports)


def test_middleware_of_namespaces_and_their_connection_handlers_count(serve, raw, reports):
    io, work, welcome = serve(max_running_handlers=3), Work(), Work()

    async def middleware(socket, next):
        await work.handle(socket.nsp.name)
        next()

    for n in range(6):
        io.of(f'/n{n}').use(middleware).on('connection', lambda socket: welcome.handle(socket.nsp.name))
    client = raw(io, nsp=None)
    flood(client, [f'40/n{n},' for n in range(6)])
    work.until_held(3)
    work.finish()
    turn_until(lambda: len(welcome.waiting) == 3, 'the connection handlers')
    settle()
    assert len(work.begun) == 3
    while len(welcome.done) < 6:
        work.finish()
        welcome.finish()
        settle(2)
    assert sorted(io.namespaces) == ['/', *(f'/n{n}' for n in range(6))]
    assert told_once(reports)


def test_handlers_of_disconnect_keep_the_place_of_the_session(serve, raw):
    io, work = serve(), Work()
    io.on('connection', lambda socket: socket.on('disconnect', work.handle))
    raw(io).drop()
    turn_until(lambda: work.begun, 'the end')
    assert io.engine.admission.total == 1
    work.finish()
    assert io.engine.admission.total == 0


def test_tasks_that_the_app_spawns_itself_do_not_count(serve, raw):
    io, work = serve(max_running_handlers=2), Work()
    io.on('connection', lambda socket: socket.on('work', lambda n: iosched.spawn(work.handle(n)) and None))
    flood(raw(io), events(numbers=range(10)))
    turn_until(lambda: len(work.waiting) == 10, 'all events')
    work.finish()


def test_plain_functions_are_never_counted(serve, raw):
    io, seen = serve(max_running_handlers=1), []
    arrived = next_socket(io)
    client = raw(io)
    socket = arrived()
    socket.on('work', seen.append)
    flood(client, events())
    turn_until(lambda: len(seen) == len(NUMBERS), 'all events')
    assert socket.conn.running is None


def test_handlers_that_all_wait_for_their_client_go_on_when_they_give_up(serve, raw, reports):
    io, seen = serve(max_running_handlers=2), []
    arrived = next_socket(io)
    client = raw(io)
    socket = arrived()

    async def handle(n):
        try:
            seen.append((n, await socket.timeout(50).emit_with_ack('question')))
        except Exception as exc:
            seen.append((n, type(exc).__name__))

    socket.on('work', handle)
    flood(client, [*events(numbers=[1, 2]), '431["late"]', *events(numbers=[3])])
    turn_until(lambda: len(seen) == 2, 'their giving up')
    assert seen == [(1, 'AckTimeout'), (2, 'AckTimeout')]
    client.take_event(), client.take_event()
    question = client.take()
    assert question.endswith('["question"]')
    client.send('43' + question[2 : question.index('[')] + '["answer"]')
    turn_until(lambda: len(seen) == 3, 'the answer')
    assert seen[2] == (3, 'answer')
    assert told_once(reports)


def test_broken_packet_behind_held_events_ends_the_connection_once_they_are_handled(working, raw, reports):
    io, work = working(max_running_handlers=2)
    client = raw(io)
    flood(client, [*events(numbers=range(4)), '4broken'])
    work.until_held(2)
    assert not client.rest() and not client.closed
    work.finish_all(4)
    client.wait_closed()
    assert work.done == [0, 1, 2, 3]
    assert told_once(reports)


CLIENT = """
const given = JSON.parse(process.argv[2])
const socket = require(given.module)(given.url, { transports: given.transports, forceNew: true })
const answers = []
socket.on('disconnect', reason => { console.log(JSON.stringify({ reason })); process.exit() })
socket.on('connect', () => {
  for (let n = 0; n < given.count; n++) {
    socket.emit('work', n, answer => {
      answers.push(answer)
      if (answers.length < given.count) return
      console.log(JSON.stringify({ answers, transport: socket.io.engine.transport.name }))
      process.exit()
    })
  }
})
"""


@pytest.mark.parametrize('module', ['socket.io-client-4', 'socket.io-client-2'])
@pytest.mark.parametrize('transports', [['websocket'], ['polling', 'websocket']], ids='-'.join)
def test_official_client_that_is_held_again_and_again_stays_and_is_answered(
    serve, reports, tmp_path, module, transports
):
    # The whole takes twice as long as the client would wait for a sign of life.
    io = serve(max_running_handlers=4, ping_interval=300, ping_timeout=1200, upgrade_timeout=1000)

    async def work(n, ack):
        await iosched.sleep(120)
        ack(n)

    ends = []
    io.on('connection', lambda socket: socket.on('work', work).on('disconnect', ends.append))
    script = tmp_path / 'client.js'
    script.write_text(CLIENT)
    told = during(
        lambda: run_node(script, url=f'http://127.0.0.1:{io.port}', module=module, transports=transports, count=100)
    )
    assert told == [{'answers': list(range(100)), 'transport': transports[-1]}], ends
    assert told_once(reports)
