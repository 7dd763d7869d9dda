"""The middleware that ships with web apps: basic auth, page history."""

import base64

import pytest

from edgeio import iosched
from edgeio.webapp import WebApp, basic_auth, history
from host_tests.looping import web_app
from host_tests.webapp.visits import get


@pytest.fixture
def app(reports):
    yield from web_app()


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
