"""One path, many spellings: what is mounted on a path meets every one that leads to a file below it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeio.http.url import normalise
from edgeio.webapp import Router, WebApp, basic_auth, history
from host_tests.http.wire import exchange
from host_tests.looping import during

NOTATION = ':*{}?%'
"""What means something else in a route's path, unless it is escaped."""

RAW = [chr(byte) for byte in range(0x21, 0x7F) if chr(byte) not in '#?%']
"""What may stand in a target as it is, whether RFC 3986 has it so or not."""


def status(tester, path):
    """The status of a GET of `path` (str), sent as it is."""
    request = b'GET ' + path.encode() + b' HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n'
    return int(during(exchange, tester.port(), request)[9:12])


def route_of(name):
    """`name` as the path of a route."""
    return '/' + ''.join('%%%02x' % ord(c) if c in NOTATION else c for c in name)


def escaped(text):
    return ''.join(f'%{byte:02x}' for byte in text.encode())


@pytest.fixture
def site(app, tester, tmp_path):
    """`guard(name)` makes the folder `name`, with s.txt in it, and asks for a password before it."""
    guards = Router()
    app.use(guards)
    app.use(WebApp.static(str(tmp_path), dotfiles='allow'))

    def guard(name):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / 's.txt').write_text('secret')
        assert status(tester, f'/{escaped(name)}/s.txt') == 200
        guards.use(route_of(name), basic_auth({'ann': 'pass'}))
        return route_of(name)

    guard.lift = guards.unhandle
    return guard


@pytest.mark.parametrize(
    ('name', 'path'),
    [('@admin', '/%40admin/s.txt'), ('@admin', '/@%61dmin/s.txt'), ('a(1)', '/a%281%29/s.txt'), ('a b', '/a%20b/s.txt'),
     ('a&b', '/a%26b/s.txt'), ('a"b', '/a"b/s.txt'), ('a<b', '/a%3cb/s.txt'), ('a<b', '/a<b/s.txt'),
     ('{a}', '/{a}/s.txt'), ('a`b', '/a`b/s.txt'), ('a%b', '/a%25b/s.txt'), ('a%41', '/a%2541/s.txt'),
     ('a:b', '/a:b/s.txt'), ('a:b', '/a%3Ab/s.txt'), ('a*', '/a*/s.txt'), ('a?', '/a%3F/s.txt'), ('a#', '/a%23/s.txt'),
     ('aA', '/%%34%31/s.txt'), ('A', '/%%34%31/s.txt'), ('~', '/%7e/s.txt'), ('[a]', '/%5Ba%5d/s.txt')],
)  # fmt: skip
@pytest.mark.parametrize('sensitive', [False, True])
def test_guard_of_a_folder_meets_every_spelling_of_it(app, tester, site, name, path, sensitive):
    app.set('case sensitive routing', sensitive)
    site(name)
    assert status(tester, path) in (400, 401, 404)


@pytest.mark.parametrize('path', ['/caf%c3%a9/s.txt', '/caf%C3%A9/s.txt', '/caf%C3%a9/s.txt', '/%63af%c3%A9/s.txt'])
def test_escapes_have_no_case_where_routes_have(tester, path):
    asked = []
    router = Router(case_sensitive=True)
    router.use('/caf\xe9', lambda req, res: (asked.append(req.url), res.send(''))[1])
    tester.app.use(router)
    assert status(tester, path) == 200 and asked == ['/s.txt']


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_spelling_of_a_name_leads_around_its_guard(tester, site, data):
    printable = st.characters(exclude_categories=('C',), exclude_characters='/\\')
    name = data.draw(st.text(st.one_of(st.sampled_from(RAW), printable), min_size=1, max_size=8))
    name = name.replace('/', '').replace('\\', '')
    if name.strip('.') == '' or len(name.encode()) > 200:
        return

    def spell(byte):
        raw = chr(byte) in RAW and data.draw(st.booleans())
        form = data.draw(st.sampled_from(['%%%02x', '%%%02X']))
        return chr(byte) if raw else form % byte

    route = site(name)
    try:
        for _ in range(4):
            path = '/' + ''.join(spell(byte) for byte in name.encode()) + '/s.txt'
            assert status(tester, path) in (400, 401, 404), path
        # The plain form of it is asked for a password, not lost.
        assert status(tester, f'/{escaped(name)}/s.txt') == 401
    finally:
        site.lift(route)


def test_escape_in_the_path_of_a_route_is_the_character(app, tester):
    app.get('/a%3ab', lambda req, res: res.send('colon'))
    app.get('/%7Euser', lambda req, res: res.send('tilde'))
    app.get('/100%', lambda req, res: res.send('percent'))
    assert [tester.get(path).text for path in ('/a:b', '/a%3Ab', '/~user', '/100%25')] == [
        'colon', 'colon', 'tilde', 'percent',
    ]  # fmt: skip


def test_what_a_handler_sees_of_a_path_is_its_normal_form(app, tester):
    app.get('/caf\xe9/:name', lambda req, res: res.json([req.path, req.params['name'], req.original_url]))
    url = '/caf%c3%a9/%40%7ba%2fb?x=%40'
    assert tester.get(url).json == ['/caf%C3%A9/@%7Ba%2Fb', '@{a/b', url]


def test_rewrite_of_a_pages_address_meets_every_spelling_of_it(app, tester):
    app.use(history(rewrites=[('/caf\xe9', '/menu.html')]))
    app.use(lambda req, res: res.send(req.url))
    assert tester.get('/c%61f%c3%a9/x', Accept='text/html').text == '/menu.html'


def test_normal_form_of_a_path_that_comes_often_costs_one_look(app, tester, monkeypatch):
    import edgeio.webapp.app as module

    asked = []
    monkeypatch.setattr(module, 'normalise', lambda path: (asked.append(path), normalise(path))[1])
    app.get('/@x', lambda req, res: res.send('found'))
    assert [tester.get('/%40x').text, tester.get('/%40x', X='y').text] == ['found', 'found']
    assert asked == ['/%40x']


def test_guard_of_a_strict_router_guards_what_is_below_its_last_slash(app, tester, tmp_path):
    (tmp_path / 'admin').mkdir()
    (tmp_path / 'admin' / 's.txt').write_text('secret')
    app.enable('strict routing')
    app.use('/admin/', basic_auth({'ann': 'pass'}))
    app.use(WebApp.static(str(tmp_path)))
    assert [status(tester, path) for path in ('/admin/s.txt', '/admin/', '/admin')] == [401] * 3


@pytest.mark.parametrize(
    'path', ['/f/p/s.txt', '/f//p/s.txt', '/f/./p/s.txt', '/f/p%2fs.txt', '/f/%2e/p/s.txt', '/f/p//s.txt']
)
def test_no_spelling_leads_around_what_guards_a_folder_of_send_file(app, tester, tmp_path, path):
    (tmp_path / 'p').mkdir()
    (tmp_path / 'p' / 's.txt').write_text('secret')
    app.use('/f/p', basic_auth({'ann': 'pass'}))
    app.get('/f/*', lambda req, res: res.send_file(req.params['0'], root=str(tmp_path)))
    assert status(tester, path) == (401 if path == '/f/p/s.txt' or path == '/f/p//s.txt' else 404)
