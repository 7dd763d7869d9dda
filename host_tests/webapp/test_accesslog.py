"""The access log: its formats, and how little of it a stranger decides."""

import base64
import re

import pytest

from edgeio.errors import OptionError
from edgeio.webapp import access_log, accesslog, basic_auth
from host_tests.looping import ask, during, web_app

TOLD = re.compile(r'access log: (\d+) more responses? \(max_per_second\)')

FORGING = [
    *range(1, 0x20), 0x22, 0x5C, *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A),
]  # fmt: skip
"""What ends a line somewhere, is a terminal's command, or turns the direction of a line's text (Unicode TR9)."""


@pytest.fixture
def app(reports):
    yield from web_app()


@pytest.fixture
def long_period(monkeypatch):
    """No period ends within the test."""
    monkeypatch.setattr(accesslog, 'PERIOD', 3600000)


@pytest.fixture
def short_period(monkeypatch):
    monkeypatch.setattr(accesslog, 'PERIOD', 200)


def serve(app):
    if app.port() is None:
        app.start()
    return app.port()


def get(app, path='/', headers=None):
    return during(ask, serve(app), 'GET', path, None, headers or {})


def logged(app, *arguments, **options):
    lines = []
    app.use(access_log(*arguments, write=lines.append, **options))
    app.get('/', lambda req, res: res.send('hello'))
    app.get('/missing', lambda req, res: res.status(404).send('none'))
    return lines


def test_common_format_is_that_of_web_servers(app):
    lines = logged(app)
    get(app, '/?a=b')
    assert re.fullmatch(
        r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET /\?a=b HTTP/1\.1" 200 5', lines[0]
    ), lines


def test_tiny_and_own_formats(app):
    lines = logged(app, ':method :url :status :req[x-test] :res[content-type] a: b')
    get(app, '/missing', {'X-Test': 'yes'})
    assert lines == ['GET /missing 404 yes text/html; charset=utf-8 a: b']


def test_format_may_be_a_function_and_requests_may_be_skipped(app):
    lines = logged(app, lambda req, res, ms: req.method, skip=lambda req, res: res.status_code == 404)
    get(app, '/missing')
    get(app)
    assert lines == ['GET']


def test_client_cannot_forge_a_line(app):
    lines = logged(app, '":req[user-agent]"')
    get(app, headers={'User-Agent': 'x" 200\ty'})
    assert lines == ['"x\\x22 200\\x09y"']


def test_line_has_nothing_that_ends_it_commands_a_terminal_or_poses_as_an_escape(app):
    app.use(basic_auth())
    lines = logged(app, ':req[user-agent]|:remote-user', max_value=0, max_per_second=0)
    name = 'Zo\xeb\u20ac' + ''.join(chr(code) for code in FORGING)
    auth = 'Basic ' + base64.b64encode(f'{name}:'.encode()).decode()
    get(app, headers={'User-Agent': 'a\\x22\x85b\x9b2J\xa0\xff', 'Authorization': auth})
    (line,) = lines
    shown, user = line.split('|')
    assert shown == 'a\\x5cx22\\x85b\\x9b2J\xa0\xff'
    assert user == 'Zo\xeb\u20ac' + ''.join(('\\x%02x' if code < 256 else '\\u%04x') % code for code in FORGING)
    assert line.splitlines() == lines


def test_response_that_breaks_off_is_logged_without_a_status(app):
    lines = logged(app, ':url :status')
    app.get('/broken', lambda req, res: res.destroy())

    def client():
        with pytest.raises(OSError):
            ask(app.port(), 'GET', '/broken')

    serve(app)
    during(client)
    assert lines == ['/broken -']


def test_unknown_token_is_an_error_at_the_call():
    with pytest.raises(OptionError, match=':verb'):
        access_log(':verb :url')


# -- bounds ----------------------------------------------------------------------------------------------------------


def test_long_values_are_cut_with_a_mark(app):
    lines = logged(app, ':method :url ":req[user-agent]"')
    most = accesslog.MAX_VALUE
    get(app, '/?' + 'x' * 5000, {'User-Agent': 'y' * most})
    get(app, '/?' + 'x' * (most - 2), {'User-Agent': 'y\t' + 'y' * most})
    assert lines[0] == 'GET /?' + 'x' * (most - 2) + '... "' + 'y' * most + '"'
    assert lines[1] == 'GET /?' + 'x' * (most - 2) + ' "y\\x09' + 'y' * (most - 5) + '..."'


def test_what_is_printed_in_a_second_is_bounded_and_the_others_are_counted(app, long_period):
    lines = logged(app, ':method :url', max_per_second=40)
    for _ in range(6):
        get(app, '/missing')
    assert lines == ['GET /missing'] * 3


def test_those_left_out_are_told_when_the_period_ends(app, short_period):
    lines = logged(app, ':method :url', max_per_second=12)
    asked, told = 0, []
    while not told:
        get(app, '/missing')
        asked += 1
        told = [int(found[1]) for found in map(TOLD.fullmatch, lines) if found]
    assert lines.count('GET /missing') == asked - sum(told) < asked
    assert len(lines) == lines.count('GET /missing') + len(told)


def test_nothing_is_shown_behind_one_that_was_left_out(app, long_period):
    lines = logged(app, ':url', max_per_second=10)
    for path in ('/', '/missing?abcdef', '/'):
        get(app, path)
    assert lines == ['/']


def test_one_line_is_no_longer_than_all_of_a_second(app):
    lines = logged(app, lambda req, res, ms: req.url, max_per_second=100)
    get(app, '/?' + 'x' * 500)
    assert lines == ['/?' + 'x' * 98 + '...']


def test_both_bounds_can_be_turned_off(app, long_period):
    lines = logged(app, ':url', max_value=0, max_per_second=0)
    for _ in range(3):
        get(app, '/?' + 'x' * 5000)
    assert lines == ['/?' + 'x' * 5000] * 3


def test_a_format_is_not_asked_for_what_is_not_shown(app, long_period):
    asked = []
    logged(app, lambda req, res, ms: asked.append(req) or 'a line', max_per_second=5)
    for _ in range(5):
        get(app)
    assert len(asked) == 2  # the second found no room


@pytest.mark.parametrize('name', ['max_value', 'max_per_second'])
@pytest.mark.parametrize('value', [-1, None, 'many', 1.5])
def test_a_bound_is_a_number(name, value):
    with pytest.raises(OptionError, match=name):
        access_log(**{name: value})
