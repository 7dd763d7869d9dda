"""Code of the app that fails, or answers late, or never: the request is answered all the same, and nothing is left."""

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from edgeio import iosched, tasks, timers
from edgeio.engineio.server import make_id
from edgeio.http import question
from edgeio.websocket import undecided
from host_tests.looping import Polling, ask, during, open_ws, settle, turn_until

LATE = 20
"""Milliseconds that the app takes to answer."""


async def take_time(req):
    """A generate_id that takes its time."""
    await iosched.sleep(LATE)
    return make_id(req)


def set_generate_id(engine):
    engine.generate_id = take_time


WAYS = {
    'at once': ({}, lambda engine: None),
    'allow_request': (
        {'allow_request': lambda req, callback: iosched.set_timeout(callback, LATE, None, True)},
        lambda engine: None,
    ),
    'origins': (
        {'origins': lambda origin, callback: iosched.set_timeout(callback, LATE, None, True)},
        lambda engine: None,
    ),
    'middleware': ({}, lambda engine: engine.use(lambda req, res, next: iosched.set_timeout(next, LATE))),
    'generate_id': ({}, set_generate_id),
}


@pytest.fixture(params=WAYS)
def decides(serve, request):
    """An engine whose app decides about each request by one of WAYS."""
    options, prepare = WAYS[request.param]
    engine = serve(**options)
    prepare(engine)
    return engine


def nothing_is_left(engine):
    """Fails where something of a refused client is still there."""
    assert not engine.sessions
    assert engine.admission.total == 0
    assert len(engine.heartbeats) == 0
    turn_until(lambda: engine._websockets == 0, 'the end of the WebSocket')


def take_report(reports):
    """The one exception that was reported."""
    (exc, _), reports[:] = reports[0], reports[1:]
    assert not reports
    return exc


def refusal_of(engine, **options):
    """The response to a handshake that is refused."""

    def client():
        with pytest.raises(InvalidStatus) as caught:
            open_ws(engine.port, **options)
        return caught.value.response

    return during(client)


def spoil(headers, req):
    headers['X-Name'] = 'two\r\nlines'


def fail(session):
    raise ValueError('on purpose')


def test_poll_whose_session_cannot_be_begun_is_a_500(decides, reports):
    decides.on('initial_headers', spoil)
    assert during(Polling, decides.port).opened.status == 500
    assert 'header' in str(take_report(reports))
    nothing_is_left(decides)


def test_handshake_whose_session_cannot_be_begun_is_a_500(decides, reports):
    decides.on('initial_headers', spoil)
    assert refusal_of(decides).status_code == 500
    assert 'header' in str(take_report(reports))
    nothing_is_left(decides)


def test_poll_that_nobody_can_take_in_is_a_500(decides, reports):
    decides.on_session = fail
    assert during(Polling, decides.port).opened.status == 500
    assert str(take_report(reports)) == 'on purpose'
    nothing_is_left(decides)


def test_websocket_that_nobody_can_take_in_is_closed(decides, reports):
    decides.on_session = fail

    def client():
        with pytest.raises(ConnectionClosedError), open_ws(decides.port) as ws:
            while True:
                ws.recv()

    during(client)
    assert str(take_report(reports)) == 'on purpose'
    nothing_is_left(decides)


@pytest.mark.parametrize('decides', ['middleware', 'at once'], indirect=True)
def test_broken_escape_is_the_clients_fault_however_late_it_is_seen(decides):
    path = '/engine.io/?EIO=4&transport=polling&a=%zz'
    assert during(ask, decides.port, 'GET', path).status == 400
    assert refusal_of(decides, query='&a=%zz').status_code == 400
    nothing_is_left(decides)


@pytest.mark.parametrize('request_of', [Polling.poll, lambda polling: polling.post('4hello')], ids=['GET', 'POST'])
def test_answer_that_cannot_be_made_is_a_500_and_ends_the_session(serve, reports, request_of):
    engine = serve()

    def client():
        polling = Polling(engine.port)
        engine.on('headers', spoil)
        iosched.set_timeout(lambda: [session.send('hello') for session in list(engine.sessions.values())], 2 * LATE)
        return request_of(polling).status

    assert during(client) == 500
    assert 'header' in str(take_report(reports))
    nothing_is_left(engine)
    assert engine.ends == ['transport error']


def test_coroutine_that_makes_no_id_is_reported_once(serve, reports):
    async def generate_id(req):
        raise ValueError('on purpose')

    engine = serve()
    engine.generate_id = generate_id
    assert during(Polling, engine.port).opened.status == 400
    settle()
    assert str(take_report(reports)) == 'on purpose'


def never(*args):
    """A function of the app's that does not answer."""


async def never_ends(*args):
    """A coroutine function of the app's that waits for what does not come."""
    await tasks.Promise()


SILENT = {
    'allow_request': lambda engine: engine.options.update(allow_request=never),
    'allow_request, a coroutine': lambda engine: engine.options.update(allow_request=never_ends),
    'origins': lambda engine: setattr(engine.cors, 'origins', never),
    'generate_id': lambda engine: setattr(engine, 'generate_id', never_ends),
}


def polling_status(engine):
    return during(Polling, engine.port).opened.status


def websocket_status(engine):
    return refusal_of(engine).status_code


@pytest.mark.parametrize('silent', SILENT)
@pytest.mark.parametrize('status_of', [polling_status, websocket_status])
def test_question_that_is_never_answered_counts_as_refused(serve, reports, monkeypatch, silent, status_of):
    monkeypatch.setattr(question, 'ANSWER_TIMEOUT', 30)
    engine = serve()
    SILENT[silent](engine)
    before = timers.count()
    assert status_of(engine) == (400 if silent == 'generate_id' else 403)
    exc = take_report(reports)
    assert (exc.code, exc.setting) == ('app.no_answer', silent.split(',')[0])
    nothing_is_left(engine)
    turn_until(lambda: timers.count() <= before, 'the end of the timers')


def test_coroutine_that_does_not_answer_in_time_is_ended(serve, reports, monkeypatch):
    monkeypatch.setattr(question, 'ANSWER_TIMEOUT', 30)
    ends = []

    async def allow(req, callback):
        try:
            await tasks.Promise()
        finally:
            ends.append(iosched.monotonic_ms())

    engine = serve(allow_request=allow)
    assert during(Polling, engine.port).opened.status == 403
    assert len(ends) == 1
    assert take_report(reports).code == 'app.no_answer'


def yes(_, callback):
    callback(None, True)


def test_answer_at_once_needs_no_timer(serve, monkeypatch):
    set_for = []
    for module in (question, undecided):
        monkeypatch.setattr(module, 'set_timeout', lambda fn, ms: set_for.append(fn))
    engine = serve(allow_request=yes, origins=yes)
    during(Polling, engine.port)
    during(lambda: open_ws(engine.port).close())
    assert len(engine.seen) == 2 and set_for == []


def test_handshake_that_a_middleware_never_lets_go_on_is_ended(serve, reports, monkeypatch):
    monkeypatch.setattr(undecided, 'DECISION_TIMEOUT', 30)
    engine = serve()
    nexts = []
    engine.use(lambda req, res, next: nexts.append(next))
    assert refusal_of(engine).status_code == 503
    assert take_report(reports).code == 'ws.undecided'
    nexts[0]()  # too late
    settle()
    nothing_is_left(engine)
