"""The middleware that ships with web apps: session, basic auth, page history."""

import base64
import re

import pytest

from edgeio import iosched
from edgeio.webapp import WebApp, basic_auth, history, session
from edgeio.webapp.memorystore import MemoryStore
from host_tests.looping import ask, during, web_app


@pytest.fixture
def app(reports):
    yield from web_app()


def serve(app):
    if app.port() is None:
        app.start()
    return app.port()


def get(app, path='/', headers=None, method='GET'):
    return during(ask, serve(app), method, path, None, headers or {})


def cookie_of(answer):
    """The cookie that an answer sets, as a client sends it."""
    line = answer.headers['Set-Cookie']
    return line and line.split(';')[0]


# -- session -----------------------------------------------------------------------------------------------------


def count(req, res):
    req.session['visits'] = req.session.get('visits', 0) + 1
    res.send(str(req.session['visits']))


def test_session_counts_the_visits_of_each_visitor(app):
    app.use(session())
    app.get('/', count)
    first = get(app)
    cookie = cookie_of(first)
    assert first.text == '1' and re.fullmatch(r'sid=[\w-]{32}', cookie)
    assert 'HttpOnly' in first.headers['Set-Cookie'] and 'SameSite=Lax' in first.headers['Set-Cookie']
    second = get(app, headers={'Cookie': cookie})
    assert second.text == '2' and second.headers['Set-Cookie'] is None
    assert get(app).text == '1'


def test_nothing_is_kept_of_a_visitor_while_nothing_is_put_in(app):
    store = MemoryStore()
    app.use(session(store=store))
    app.get('/', lambda req, res: res.send(str(req.session.get('visits'))))
    assert get(app).headers['Set-Cookie'] is None and store.size == 0


def test_id_that_is_not_known_is_not_taken_over(app):
    app.use(session())
    app.get('/', count)
    assert cookie_of(get(app, headers={'Cookie': 'sid=planted'})) not in (None, 'sid=planted')


def test_regenerated_session_keeps_its_data_and_the_old_id_is_worth_nothing(app):
    app.use(session())
    app.get('/', count)
    app.get('/login', lambda req, res: (req.session.regenerate(), count(req, res))[1])
    old = cookie_of(get(app))
    login = get(app, '/login', {'Cookie': old})
    assert login.text == '2' and cookie_of(login) != old
    assert get(app, headers={'Cookie': cookie_of(login)}).text == '3'
    assert get(app, headers={'Cookie': old}).text == '1'


def test_destroyed_session_is_forgotten_with_its_cookie(app):
    store = MemoryStore()
    app.use(session(store=store))
    app.get('/', count)
    app.get('/logout', lambda req, res: (req.session.destroy(), res.send('bye'))[1])
    cookie = cookie_of(get(app))
    logout = get(app, '/logout', {'Cookie': cookie})
    assert cookie_of(logout) == 'sid=' and '1970' in logout.headers['Set-Cookie'] and store.size == 0


def test_rolling_session_sets_its_cookie_at_each_visit(app):
    app.use(session(rolling=True))
    app.get('/', count)
    cookie = cookie_of(get(app))
    assert cookie_of(get(app, headers={'Cookie': cookie})) == cookie


def test_change_that_is_not_kept_does_not_reach_the_store(app):
    app.use(session())
    app.get('/', count)

    def fail(req, res):
        res.send('sent')
        req.session['visits'] = 1000

    app.get('/late', fail)
    cookie = cookie_of(get(app))
    get(app, '/late', {'Cookie': cookie})
    assert get(app, headers={'Cookie': cookie}).text == '2'


def test_anonymous_visits_do_not_push_out_a_session_whose_client_came_back(app):
    app.use(session(store=MemoryStore(limit=20)))
    app.get('/', count)
    cookie = cookie_of(get(app))
    get(app, headers={'Cookie': cookie})
    for _ in range(25):
        get(app)
    assert get(app, headers={'Cookie': cookie}).text == '3'


def test_session_that_has_a_new_id_since_the_login_is_not_pushed_out_either(app):
    app.use(session(store=MemoryStore(limit=20)))
    app.get('/', count)
    app.get('/login', lambda req, res: (req.session.regenerate(), count(req, res))[1])
    cookie = cookie_of(get(app, '/login', {'Cookie': cookie_of(get(app))}))
    for _ in range(25):
        get(app)
    assert get(app, headers={'Cookie': cookie}).text == '3'


def test_store_of_the_apps_own_needs_three_calls(app):
    class Store(dict):
        def set(self, id, data, ms):
            self[id] = data

        destroy = dict.pop

    app.use(session(store=Store(other={})))
    app.get('/', count)
    app.get('/login', lambda req, res: (req.session.regenerate(), count(req, res))[1])
    cookie = cookie_of(get(app, '/login', {'Cookie': cookie_of(get(app))}))
    assert get(app, headers={'Cookie': cookie}).text == '3'


# -- basic auth --------------------------------------------------------------------------------------------------


def credentials(text):
    return {'Authorization': 'Basic ' + base64.b64encode(text.encode()).decode()}


def name(req, res):
    res.send('nobody' if req.auth is None else f'{req.auth.name}|{req.auth.password}')


def test_credentials_are_read(app):
    app.use(basic_auth())
    app.get('/', name)
    assert get(app, headers=credentials('ann:pass:word')).text == 'ann|pass:word'
    assert get(app, headers=credentials('Zoë:ü')).text == 'Zoë|ü'


@pytest.mark.parametrize('field', ['', 'Basic', 'Basic !!!!', 'Basic YWJj', 'Bearer YTpi', 'Basic /////w=='])
def test_what_is_no_credentials_is_nobody(app, field):
    app.use(basic_auth())
    app.get('/', name)
    assert get(app, headers={'Authorization': field}).text == 'nobody'


async def is_ann(name, password):
    await iosched.sleep(1)
    return (name, password) == ('ann', 'secret')


@pytest.mark.parametrize(
    'users', [{'ann': 'secret'}, lambda name, password: (name, password) == ('ann', 'secret'), is_ann]
)
def test_only_those_with_the_right_password_come_in(app, users):
    app.use(basic_auth(users, realm='the "board"'))
    app.get('/', name)
    assert get(app, headers=credentials('ann:secret')).text == 'ann|secret'
    for wrong in ('ann:', 'ann:Secret', 'bob:secret', 'bob:', ':'):
        answer = get(app, headers=credentials(wrong))
        assert answer.status == 401 and answer.headers['WWW-Authenticate'] == 'Basic realm="the board", charset="UTF-8"'
    assert get(app).status == 401


def test_who_cannot_be_asked_about_does_not_come_in(app, reports):
    async def users(name, password):
        raise KeyError(name)

    app.use(basic_auth(users))
    app.get('/', name)
    assert get(app, headers=credentials('ann:secret')).status == 401
    assert [(type(exc), where) for exc, where in reports] == [(KeyError, 'basic_auth')]
    reports.clear()


# -- history -----------------------------------------------------------------------------------------------------


PAGE = {'Accept': 'text/html,application/xhtml+xml'}


@pytest.fixture
def pages(app, tmp_path):
    (tmp_path / 'index.html').write_text('the page')
    (tmp_path / 'admin.html').write_text('the admin page')
    (tmp_path / 'app.js').write_text('the script')

    def add(**options):
        app.use(history(**options))
        app.use(WebApp.static(str(tmp_path)))
        return app

    return add


def test_addresses_of_the_page_are_answered_with_the_page(pages):
    app = pages()
    for path in ('/', '/settings', '/settings/wifi?x=1'):
        assert get(app, path, PAGE).text == 'the page'
    assert get(app, '/app.js', PAGE).text == 'the script'


def test_scripts_and_missing_files_see_that_there_is_nothing(pages):
    app = pages()
    assert get(app, '/api/none', {'Accept': 'application/json'}).status == 404
    assert get(app, '/none.js', PAGE).status == 404
    assert get(app, '/settings', PAGE, 'POST').status == 404


def test_rewrites_come_first(pages):
    app = pages(rewrites=[('/admin', '/admin.html')])
    assert get(app, '/admin/users', PAGE).text == 'the admin page'
    assert get(app, '/other', PAGE).text == 'the page'
