"""Sessions whose handlers take their time: at max_running_handlers of them the client is held back, and loses
nothing by that."""

import pytest

from edgeio import iosched
from edgeio.engineio import Server
from edgeio.errors import OptionError
from edgeio.websocket import connection
from host_tests.http.wire import Wire
from host_tests.looping import PATIENCE, Polling, during, open_ws, settle, turn_until, until_quiet
from host_tests.work import BOUND, Flood, Posting, Work, payload, told_once, upgrade_request

NUMBERS = [str(n) for n in range(2000)]
PACKETS = ['4' + number for number in NUMBERS]
PATH = '/engine.io/?EIO={}&transport=websocket'

revisions = pytest.mark.parametrize('revision', [4, 3])


@pytest.fixture
def working(serve):
    """`working(**options)` gives an engine and the Work that its sessions' messages are for."""

    def start(**options):
        engine, work = serve(**options), Work()
        engine.on('connection', lambda session: session.on('message', work.handle))
        return engine, work

    return start


@pytest.fixture
def flood():
    """`flood(engine, revision=4)` gives a Flood with a session, dropped at the end."""
    made = []

    def connect(engine, revision=4):
        made.append(Flood(engine.port, PATH.format(revision)))
        made[-1].until(b'sid')
        return made[-1]

    yield connect
    for client in made:
        client.socket.close()


def open_polling(engine, revision=4):
    return during(lambda: Polling(engine.port, eio=revision))


def wait(ms):
    """Turns the loop for so long, for what shall not happen meanwhile."""
    over = []
    iosched.set_timeout(over.append, ms, True)
    turn_until(lambda: over)


def post(polling, packets, revision=4):
    return Posting(polling.port, polling.url, payload(packets, revision))


# -- holding and going on ------------------------------------------------------------------------------------------


@revisions
def test_messages_of_one_read_wait_for_the_handlers(working, flood, reports, revision):
    engine, work = working()
    flood(engine, revision).say(*PACKETS)
    work.until_held()
    work.finish(100)
    settle()
    assert len(work.begun) == BOUND  # more than half of them still run
    work.finish_all(len(NUMBERS))
    assert work.begun == NUMBERS and work.done == NUMBERS
    assert work.most == BOUND
    assert told_once(reports)


@revisions
def test_messages_of_one_post_wait_and_so_does_its_answer(working, reports, revision):
    engine, work = working()
    polling = open_polling(engine, revision)
    posting = post(polling, PACKETS, revision)
    work.until_held()
    work.finish_all(len(NUMBERS) - 1)
    assert posting.wait() == (200, 'ok')
    work.finish_all(len(NUMBERS))
    assert work.begun == NUMBERS and work.most == BOUND
    assert post(polling, ['4more'], revision).wait() == (200, 'ok')
    assert work.begun[-1] == 'more'
    assert told_once(reports)


def test_answer_waits_until_the_client_may_send_more(working, reports):
    engine, work = working(max_running_handlers=4)
    posting = post(open_polling(engine), PACKETS[:4])
    work.until_held(4)
    work.finish(1)
    settle()
    assert posting.answer is None  # the last packet is taken, but what would come next could not be
    work.finish(1)
    assert posting.wait() == (200, 'ok')
    assert told_once(reports)


def test_bytes_that_were_not_read_come_after_those_that_were(working, flood, reports):
    engine, work = working(max_running_handlers=1)
    client = flood(engine)
    for packet in PACKETS[:50]:
        client.say(packet)
        settle(2)
    work.finish_all(50)
    assert work.done == NUMBERS[:50] and work.most == 1
    assert told_once(reports)


def test_message_in_fragments_is_not_broken_by_a_hold(working, flood, reports):
    engine, work = working(max_running_handlers=1)
    client = flood(engine)
    # '4first'; then '4sec' 'ond' in two frames, the second of them cut in two writes
    first = b'\x81\x86\0\0\0\x004first'
    client.socket.sendall(first + b'\x01\x84\0\0\0\x004sec\x80\x83\0\0\0\0o')
    work.until_held(1)
    client.socket.sendall(b'nd' + first)
    work.finish_all(3)
    assert work.done == ['first', 'second', 'first']
    assert told_once(reports)


def test_handlers_that_end_at_once_hold_nobody(serve, flood):
    engine = serve(max_running_handlers=2)
    seen = []

    async def quick(data):
        seen.append(data)

    engine.on('connection', lambda session: session.on('message', quick))
    flood(engine).say(*PACKETS)
    turn_until(lambda: len(seen) == len(PACKETS), 'every message')
    assert all(session.running is None for session, _ in engine.seen)


def test_handler_that_fails_or_is_cancelled_counts_no_more(serve, flood, reports):
    engine = serve(max_running_handlers=2)
    tasks = []

    async def work(data):
        tasks.append(iosched.current_task())
        await iosched.sleep(0)
        if data == 'wait':
            await iosched.Promise()
        raise ValueError(data)

    engine.on('connection', lambda session: session.on('message', work))
    flood(engine).say('4bad', '4wait', '4bad', '4wait')
    turn_until(lambda: [task.settled for task in tasks] == [True, False], 'the first failure')
    tasks[1].cancel()
    turn_until(lambda: [task.settled for task in tasks[2:]] == [True, False], 'the next one')
    tasks[3].cancel()
    codes = [getattr(exc, 'code', str(exc)) for exc, _ in reports]
    assert sorted(codes) == ['bad', 'bad', 'running.held']
    reports.clear()
    assert engine.seen[0][0].running.count == 0


def test_next_handlers_do_not_begin_inside_the_call_that_ended_the_others(working, flood, reports):
    engine, work = working(max_running_handlers=2)
    flood(engine).say(*PACKETS[:4])
    work.until_held(2)
    work.finish()
    assert work.done == NUMBERS[:2] and work.begun == NUMBERS[:2]
    turn_until(lambda: work.begun == NUMBERS[:4], 'the next ones')
    work.finish()
    assert told_once(reports)


def test_one_client_that_is_held_holds_no_other(working, flood, reports):
    engine, work = working(max_running_handlers=3)
    flood(engine).say(*PACKETS[:10])
    work.until_held(3)
    flood(engine).say('4other')
    turn_until(lambda: 'other' in work.begun, "another client's message")
    work.finish_all(11)
    assert told_once(reports)


def test_server_tells_once_that_clients_are_held(working, flood, reports):
    engine, work = working(max_running_handlers=2)
    for number in (1, 2):
        flood(engine).say(*PACKETS[:5])
        work.finish_all(5 * number)
    [(error, _)] = reports
    assert error.code == 'running.held' and error.setting == 'max_running_handlers'
    assert (error.seen, error.expected) == ('2 of them running', 'fewer than 2')
    reports.clear()


@pytest.mark.parametrize('value', [0, -1, '7', None])
def test_bound_that_cannot_be_is_an_error(value):
    with pytest.raises(OptionError, match='max_running_handlers'):
        Server(None, max_running_handlers=value)


# -- the heartbeat -------------------------------------------------------------------------------------------------


@revisions
def test_held_session_is_kept_alive_though_its_pongs_are_not_read(working, flood, reports, revision):
    engine, work = working(max_running_handlers=2, ping_interval=40, ping_timeout=400)
    client = flood(engine, revision)
    client.say(*PACKETS[:5])
    work.until_held(2)
    client.until_times(b'\x81\x012' if revision == 4 else b'\x81\x013', 14 if revision == 4 else 30)
    assert engine.ends == []
    client.say('3' if revision == 4 else '2')
    work.finish_all(5)
    assert told_once(reports)
    # Free again, it is held to its heartbeat again.
    turn_until(lambda: engine.ends, 'the end of a client that says nothing more')
    assert engine.ends == ['ping timeout']


def test_held_client_of_revision_3_hears_something_before_it_gives_up_waiting_for_a_pong(working, flood, reports):
    engine, work = working(max_running_handlers=1, ping_interval=10_000_000, ping_timeout=100)
    client = flood(engine, 3)
    client.say('4work', '2')
    client.until_times(b'\x81\x013', 3)
    work.finish()
    assert told_once(reports)


@revisions
def test_client_has_the_whole_time_to_answer_once_it_is_read_again(working, flood, reports, revision):
    engine, work = working(max_running_handlers=1, ping_interval=40, ping_timeout=PATIENCE)
    client = flood(engine, revision)
    client.say(*PACKETS[:1])
    client.until_times(b'\x81\x012' if revision == 4 else b'\x81\x013', 3)
    work.finish()
    wait(200)
    assert engine.ends == []
    assert told_once(reports)


def test_held_polling_session_gets_its_pings(working, reports):
    engine, work = working(max_running_handlers=1, ping_interval=40, ping_timeout=PATIENCE)
    polling = open_polling(engine)
    posting = post(polling, PACKETS[:2])
    work.until_held(1)
    for _ in range(5):
        assert set(during(polling.poll).text.split('\x1e')) == {'2'}
    work.finish_all(2)
    assert posting.wait() == (200, 'ok')
    assert told_once(reports)


# -- the upgrade ---------------------------------------------------------------------------------------------------


def probe(engine, polling):
    """A WebSocket that has probed the session of `polling`."""
    client = Flood(engine.port, PATH.format(4) + '&sid=' + polling.sid)
    client.until(b'101')
    client.say('2probe')
    client.until(b'3probe')
    return client


def test_upgrade_while_held_takes_the_rest_of_the_post_first(working, reports):
    engine, work = working(max_running_handlers=2)
    polling = open_polling(engine)
    posting = post(polling, PACKETS[:8])
    work.until_held(2)
    client = probe(engine, polling)
    assert posting.wait() == (200, 'ok')  # the client goes over when it has this
    client.say('5', '4after', '4the', '4post')
    turn_until(lambda: engine.seen[0][0].transport.name == 'websocket', 'the upgrade')
    settle()
    assert len(work.begun) == 2
    engine.seen[0][0].send('hello')  # what goes out is not held
    client.until(b'4hello')
    work.finish_all(11)
    assert work.done == [*NUMBERS[:8], 'after', 'the', 'post']
    assert work.most == 2
    client.say('4more')
    turn_until(lambda: work.begun[-1] == 'more', 'what comes after that')
    assert told_once(reports)
    client.socket.close()


def test_post_that_comes_after_the_probe_is_answered_too_but_no_other(working, reports):
    engine, work = working(max_running_handlers=2)
    polling = open_polling(engine)
    client = probe(engine, polling)
    assert post(polling, PACKETS[:4]).wait() == (200, 'ok')
    assert len(work.begun) == 2
    second = post(polling, PACKETS[4:8])
    settle()
    work.finish()
    turn_until(lambda: len(work.begun) == 4, 'the rest of the first')
    settle()
    assert second.answer is None
    work.finish()
    turn_until(lambda: len(work.begun) == 6, 'the second')
    assert second.wait() == (200, 'ok')
    work.finish_all(8)
    assert work.done == NUMBERS[:8]
    assert told_once(reports)
    client.socket.close()


# -- the end -------------------------------------------------------------------------------------------------------


def test_client_that_goes_while_it_is_held_ends_its_session_and_keeps_its_place(working, flood, reports):
    engine, work = working(max_running_handlers=3)
    client = flood(engine)
    client.say(*PACKETS[:10])
    work.until_held(3)
    client.drop()
    turn_until(lambda: engine.ends, 'the end of the session')
    assert not engine.sessions
    assert engine.admission.total == 1  # or whoever connects again and again could have any number running
    work.finish(2)
    settle()
    assert engine.admission.total == 1
    work.finish()
    assert engine.admission.total == 0
    settle()
    assert len(work.begun) == 3
    assert told_once(reports)


def test_running_handlers_count_against_max_sessions_until_they_end(working, flood):
    engine, work = working(max_sessions=1)
    client = flood(engine)
    client.say('4slow')
    work.until_held(1)
    client.drop()
    turn_until(lambda: engine.ends, 'the end of the session')
    assert during(Polling, engine.port).opened.status == 403
    work.finish()
    assert during(Polling, engine.port).opened.status == 200


def test_handlers_of_the_end_count_too(serve):
    engine, work = serve(), Work()
    engine.on('connection', lambda session: session.on('close', work.handle))
    during(lambda: open_ws(engine.port).close())
    turn_until(lambda: work.begun, 'the end of the session')
    assert engine.admission.total == 1
    work.finish()
    assert engine.admission.total == 0


def test_held_session_that_the_app_closes_reads_on_for_the_closing_handshake(working, flood, reports, monkeypatch):
    monkeypatch.setattr(connection, 'CLOSE_TIMEOUT', 10_000_000)
    engine, work = working(max_running_handlers=2)
    client = flood(engine)
    client.say(*PACKETS[:2000])
    work.until_held(2)
    engine.seen[0][0].close()
    client.until(b'\x88\x02\x03\xe8')
    client.socket.sendall(b'\x88\x82\0\0\0\0\x03\xe8')
    client.until_closed()
    work.finish()
    settle()
    assert len(work.begun) == 2
    assert told_once(reports)


@pytest.mark.parametrize('discard', [True, False])
def test_held_session_that_the_app_closes_answers_its_post(working, reports, discard):
    engine, work = working(max_running_handlers=2)
    posting = post(open_polling(engine), PACKETS[:10])
    work.until_held(2)
    engine.seen[0][0].close(discard)
    assert posting.wait() == (200, 'ok')
    work.finish()
    settle()
    assert len(work.begun) == 2
    assert told_once(reports)


def test_handler_may_close_the_session_that_it_made_full(serve, reports):
    engine, work = serve(max_running_handlers=2), Work()

    def connected(session):
        async def handle(data):
            if len(work.begun) == 1:
                iosched.set_immediate(session.close)
            await work.handle(data)

        session.on('message', handle)

    engine.on('connection', connected)
    posting = post(open_polling(engine), PACKETS[:10])
    assert posting.wait() == (200, 'ok')
    assert len(work.begun) == 2
    assert told_once(reports)


def test_second_post_while_one_waits_is_an_error_and_both_are_answered(working, reports):
    engine, work = working(max_running_handlers=2)
    polling = open_polling(engine)
    first = post(polling, PACKETS[:10])
    work.until_held(2)
    assert post(polling, ['4again']).wait()[0] == 400
    assert first.wait() == (200, 'ok')
    assert engine.ends == ['transport error']
    work.finish()
    settle()
    assert len(work.begun) == 2
    assert told_once(reports)


def asked_of(what, work):
    """The options, or what else is set, that have an engine ask `work` about a request."""

    async def allow(req, answer):
        await work.handle(req.url)
        answer(None, True)

    async def identify(req):
        await work.handle(req.url)
        return 'an-id'

    async def middleware(req, res, next):
        await work.handle(req.url)
        next()

    def set_up(engine):
        if what == 'generate_id':
            engine.generate_id = identify
        elif what == 'middleware':
            engine.use(middleware)
        return engine

    options = {'allow_request': allow} if what == 'allow_request' else {}
    return options, set_up


@pytest.mark.parametrize('what', ['allow_request', 'generate_id', 'middleware'])
@pytest.mark.parametrize('transport', ['polling', 'websocket'])
def test_what_decides_about_a_request_keeps_the_place_of_who_went_meanwhile(serve, what, transport):
    work = Work()
    options, set_up = asked_of(what, work)
    engine = set_up(serve(http={'max_connections': 2}, **options))
    for number in (1, 2):
        client = Wire(engine.port)
        path = f'/engine.io/?EIO=4&transport={transport}'
        client.send(upgrade_request(path) if transport == 'websocket' else get(path))
        turn_until(lambda number=number: len(work.waiting) == number, 'the question')
        client.sock.close()
        until_quiet()
    assert refused(engine)
    work.finish(1)
    settle()
    assert not refused(engine)
    work.finish()
    settle()
    assert engine.seen == []


def get(path):
    return f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode()


def refused(engine):
    with Wire(engine.port) as client:
        client.send(get('/'))
        return during(client.response)[0] == 503


def test_middleware_that_goes_on_after_the_answer_has_the_next_request_wait(serve, reports):
    work = Work()
    engine = serve(http={'max_running_handlers': 1})

    async def middleware(req, res, next):
        next()
        await work.handle(req.method)

    engine.use(middleware)
    with Wire(engine.port) as client:
        client.send(get('/engine.io/?EIO=4&transport=polling') + get('/engine.io/?EIO=4&transport=polling'))
        work.until_held(1)
        work.finish_all(2)
        assert during(lambda: [client.response()[0] for _ in range(2)]) == [200, 200]
    assert told_once(reports)
