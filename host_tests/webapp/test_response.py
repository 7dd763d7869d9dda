"""What a web app's response can do."""

from pathlib import Path

import pytest

from edgeio.errors import OptionError


def answer_of(app, tester, handler, **headers):
    """The answer to a GET that `handler` serves."""
    app.get('/', handler)
    return tester.get('/', **headers)


SENT = [
    ('text', 'text/html; charset=utf-8', b'text'),
    ('\xe9', 'text/html; charset=utf-8', '\xe9'.encode()),
    (b'bytes', 'application/octet-stream', b'bytes'),
    (bytearray(b'bytes'), 'application/octet-stream', b'bytes'),
    ({'a': [1, None, True]}, 'application/json; charset=utf-8', b'{"a":[1,null,true]}'),
    ([1, 2.5], 'application/json; charset=utf-8', b'[1,2.5]'),
    (5, 'application/json; charset=utf-8', b'5'),
    (None, None, b''),
]


@pytest.mark.parametrize(('body', 'kind', 'expected'), SENT)
def test_send_chooses_the_type_by_the_body(app, tester, body, kind, expected):
    answer = answer_of(app, tester, lambda req, res: res.send(body))
    assert (answer.headers['Content-Type'], answer.body) == (kind, expected)


def test_send_keeps_a_type_that_was_set(app, tester):
    answer = answer_of(app, tester, lambda req, res: res.type('txt').send('x'))
    assert answer.headers['Content-Type'] == 'text/plain; charset=utf-8'


def test_json_sends_any_json_value(app, tester):
    assert answer_of(app, tester, lambda req, res: res.json('x\ud800')).body in (b'"x\\ud800"', b'"x\\uD800"')


@pytest.mark.parametrize('value', [{'a': b'bytes'}, {'a': object()}, [float('nan')]])
def test_json_refuses_what_has_no_form(app, tester, reports, value):
    assert answer_of(app, tester, lambda req, res: res.json(value)).status == 500
    assert isinstance(reports.pop()[0], (TypeError, ValueError))


def test_status_set_get_and_chaining(app, tester):
    def handler(req, res):
        res.status(201).set('X-A', 'a').set({'X-B': 'b', 'X-C': 5}).header('X-D', 'd')
        res.send(f'{res.get("x-a")}{res.get("X-C")}{res.get("none")}')

    answer = answer_of(app, tester, handler)
    assert (answer.status, answer.text) == (201, 'a5None')
    assert [answer.headers[name] for name in ('x-a', 'x-b', 'x-c', 'x-d')] == ['a', 'b', '5', 'd']


def test_send_status_sends_the_phrase(app, tester):
    answer = answer_of(app, tester, lambda req, res: res.send_status(404))
    assert (answer.status, answer.text) == (404, 'Not Found')


def test_the_documents_spelling_works(app, tester):
    def handler(req, res):
        assert not res.headersSent
        res.clearCookie('a').sendStatus(200)
        assert res.headersSent

    assert answer_of(app, tester, handler).status == 200


TYPES = [('json', 'application/json; charset=utf-8'), ('.html', 'text/html; charset=utf-8'), ('png', 'image/png'),
         ('text/css', 'text/css; charset=utf-8'), ('image/x', 'image/x'),
         ('nonsense', 'application/octet-stream')]  # fmt: skip


@pytest.mark.parametrize(('short', 'full'), TYPES)
def test_type_takes_short_names(app, tester, short, full):
    assert answer_of(app, tester, lambda req, res: res.type(short).end()).headers['Content-Type'] == full


def test_vary_collects_names(app, tester):
    answer = answer_of(app, tester, lambda req, res: res.vary('Accept').vary('Origin').vary('accept').end())
    assert answer.headers.get_all('Vary') == ['Accept, Origin']


REDIRECTS = [
    (('/login',), 302, '/login'),
    ((301, 'http://board/a?b=c#d'), 301, 'http://board/a?b=c#d'),
    (('/a b\xe9"<',), 302, '/a%20b%C3%A9%22%3C'),
    (('/%20x',), 302, '/%20x'),
    (('/x\r\nSet-Cookie: evil=1',), 302, '/x%0D%0ASet-Cookie:%20evil=1'),
]


@pytest.mark.parametrize(('args', 'status', 'location'), REDIRECTS)
def test_redirect_sends_elsewhere_and_cannot_split(app, tester, args, status, location):
    answer = answer_of(app, tester, lambda req, res: res.redirect(*args))
    assert (answer.status, answer.headers['Location']) == (status, location)
    assert answer.headers['Set-Cookie'] is None


def test_redirect_back_goes_to_the_referrer_or_the_root(app, tester):
    app.get('/', lambda req, res: res.redirect('back'))
    assert tester.get('/', Referer='http://board/x').headers['Location'] == 'http://board/x'
    assert tester.get('/').headers['Location'] == '/'


def test_redirect_needs_a_url(app, tester, reports):
    assert answer_of(app, tester, lambda req, res: res.redirect(302)).status == 500
    assert reports.pop()[0].code == 'webapp.redirect'


def test_cookies_are_safe_unless_set_otherwise(app, tester):
    def handler(req, res):
        res.cookie('a', 'x y;').cookie('b', 1, http_only=False, same_site=False, path='/p', secure=True)
        res.cookie('c', '', {'maxAge': 60000, 'sameSite': 'Strict', 'domain': 'board'})
        res.clear_cookie('d').end()

    lines = answer_of(app, tester, handler).headers.get_all('Set-Cookie')
    assert lines[0] == 'a=x%20y%3B; Path=/; HttpOnly; SameSite=Lax'
    assert lines[1] == 'b=1; Path=/p; Secure'
    assert lines[2].startswith('c=; Max-Age=60; Expires=') and lines[2].endswith('; SameSite=Strict')
    assert lines[3] == 'd=; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Path=/; HttpOnly; SameSite=Lax'


# -- templates -------------------------------------------------------------------------------------------------------


@pytest.fixture
def views(app, tmp_path):
    """An app with two engines and a template."""
    (tmp_path / 'page.tpl').write_text('Hello {name} of {app} {own}')
    (tmp_path / 'page.later').write_text('')
    (tmp_path.parent / 'outside.tpl').write_text('secret')
    app.set('views', str(tmp_path)).set('view engine', 'tpl')
    app.engine('.tpl', lambda path, values: Path(path).read_text().format(**values))
    app.engine('later', lambda path, values, callback: callback(None, 'later ' + values['name']))
    app.locals['app'] = 'board'
    return app


def test_template_is_rendered_with_all_values(views, tester):
    def handler(req, res):
        res.locals['own'] = 'response'
        res.render('page', {'name': 'you'})

    answer = answer_of(views, tester, handler)
    assert answer.text == 'Hello you of board response'
    assert answer.headers['Content-Type'] == 'text/html; charset=utf-8'


def test_engine_may_call_back(views, tester):
    assert answer_of(views, tester, lambda req, res: res.render('page.later', {'name': 'x'})).text == 'later x'
    got = []
    views.render('page.later', {'name': 'y'}, lambda error, text: got.append((error, text)))
    views.render('page', {}, lambda error, text: got.append((type(error), text)))
    assert got == [(None, 'later y'), (KeyError, None)]


@pytest.mark.parametrize('name', ['none', '../outside', '/etc/passwd.tpl'])
def test_template_that_is_not_there_is_a_clear_error(views, name):
    with pytest.raises(OptionError, match='webapp.view'):
        views.render(name)


def test_template_without_engine_names_those_there_are(views):
    with pytest.raises(OptionError, match='later, tpl'):
        views.render('page.html')
