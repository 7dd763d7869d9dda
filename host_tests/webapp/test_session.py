"""Sessions: what is kept of a visitor, under which id, and what of it a request under way may change."""

import json
import re
import threading

import pytest

from edgeio.webapp import session
from edgeio.webapp.memorystore import MemoryStore
from host_tests.looping import ask, turn_until, web_app
from host_tests.webapp.visits import get, serve


@pytest.fixture
def app(reports):
    yield from web_app()


def cookie_of(answer):
    """The cookie that an answer sets, as a client sends it."""
    line = answer.headers['Set-Cookie']
    return line and line.split(';')[0]


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


# -- requests at the same time -------------------------------------------------------------------------------------


class Store(dict):
    """A store of the app's own, with the three calls that it needs; what it gives is a copy, as from a file."""

    def get(self, id):
        text = dict.get(self, id)
        return None if text is None else json.loads(text)

    def set(self, id, data, ms):
        self[id] = json.dumps(data)

    def destroy(self, id):
        self.pop(id, None)


@pytest.fixture(params=[MemoryStore, Store])
def site(app, request):
    """`site.get(path)` as one visitor, logged in; `site.while_under_way(path, *paths)` asks for `paths` after `path`
    was asked for and before it is answered; its answer."""
    return Site(app, request.param())


class Site:
    def __init__(self, app, store):
        self.app = app
        self.store = store
        self.cookie = None
        self.slow = None  # (handler, req, res) that waits
        app.use(session(store=store))
        for name in ('login', 'logout', 'who', 'renew', 'add', 'fill', 'data', 'clear'):
            app.get('/' + name, getattr(self, name))
            app.get('/slow/' + name, self.wait(getattr(self, name)))
        self.get('/login')

    def get(self, path):
        answer = get(self.app, path, {'Cookie': self.cookie} if self.cookie else {})
        self.cookie = cookie_of(answer) or self.cookie
        return answer.text

    def while_under_way(self, path, *paths):
        port, headers, answers = serve(self.app), {'Cookie': self.cookie}, []
        thread = threading.Thread(target=lambda: answers.append(ask(port, 'GET', '/slow' + path, None, headers)))
        thread.start()
        turn_until(lambda: self.slow)
        for other in paths:
            self.get(other)
        handler, req, res = self.slow
        handler(req, res)
        turn_until(lambda: answers)
        thread.join()
        return answers[0]

    def wait(self, handler):
        def take(req, res):
            self.slow = handler, req, res

        return take

    def login(self, req, res):
        req.session['user'] = 'ann'
        req.session['cart'] = ['tea']
        req.session['flag'] = 1
        res.send('in')

    def logout(self, req, res):
        req.session.destroy()
        res.send('out')

    def who(self, req, res):
        res.send(str(req.session.get('user')))

    def renew(self, req, res):
        req.session.regenerate()
        res.send('renewed')

    def add(self, req, res):
        req.session['cart'].append('milk')
        res.send('added')

    def fill(self, req, res):
        req.session['cart'] = ['cake']
        req.session['flag'] = True
        res.send('filled')

    def data(self, req, res):
        req.session.data['user'] = 'bob'
        res.send('changed')

    def clear(self, req, res):
        for name in list(req.session.data):
            del req.session[name]
        res.send('cleared')


@pytest.mark.parametrize('slow', ['/who', '/add', '/fill', '/renew', '/clear', '/logout'])
def test_session_that_was_destroyed_stays_gone_whatever_is_under_way(site, slow):
    cookie = site.cookie
    answer = site.while_under_way(slow, '/logout')
    assert answer.status == 200 and not (cookie_of(answer) or 'sid=').removeprefix('sid=')
    site.cookie = cookie
    assert site.get('/who') == 'None' and held(site.store) == 0


@pytest.mark.parametrize('slow', ['/who', '/fill', '/renew'])
def test_id_from_before_a_regenerate_stays_worth_nothing(site, slow):
    old = site.cookie
    answer = site.while_under_way(slow, '/renew')
    assert cookie_of(answer) is None and site.cookie != old
    assert site.get('/who') == 'ann' and held(site.store) == 1
    site.cookie = old
    assert site.get('/who') == 'None'


def test_request_that_changes_nothing_keeps_what_others_changed(site):
    assert site.while_under_way('/who', '/fill', '/data').text == 'ann'
    kept = site.store.get(site.cookie[4:])
    assert kept == {'user': 'bob', 'cart': ['cake'], 'flag': True} and kept['flag'] is True
    site.while_under_way('/who', '/add', '/login', '/data', '/add')
    assert site.store.get(site.cookie[4:]) == {'user': 'bob', 'cart': ['tea', 'milk'], 'flag': 1}


@pytest.mark.parametrize('path', ['/add', '/fill', '/data', '/clear'])
def test_every_kind_of_change_is_kept(site, path):
    before = json.dumps(site.store.get(site.cookie[4:]))
    site.get(path)
    assert json.dumps(site.store.get(site.cookie[4:])) != before


def test_change_after_the_head_is_lost_inside_a_list_too(site):
    site.app.get('/late', lambda req, res: (res.send(''), add_late(req))[0])
    site.get('/late')
    assert site.store.get(site.cookie[4:])['cart'] == ['tea']


def add_late(req):
    req.session['cart'].append('late')


def test_number_that_becomes_true_and_nothing_under_another_name_are_changes(site):
    def change(req, res):
        req.session.data.update(flag=True)
        res.send('')

    def none(req, res):
        req.session.data = {req.query['name']: None}
        res.send('')

    site.app.get('/true', change)
    site.app.get('/none', none)
    site.get('/true')
    assert site.store.get(site.cookie[4:])['flag'] is True
    site.get('/none?name=a')
    site.get('/none?name=b')
    assert site.store.get(site.cookie[4:]) == {'b': None}


def test_visit_prolongs_a_session_though_it_changes_nothing(app):
    times = []

    class Watched(MemoryStore):
        def set(self, id, data, ms):
            times.append(ms)
            MemoryStore.set(self, id, data, ms)

    site = Site(app, Watched())
    site.get('/who')
    assert times == [86400000, 86400000]


def test_what_could_change_unseen_counts_as_changed(app):
    class Cart:
        items = ()

    def put(req, res):
        req.session['cart'] = Cart()
        res.send('')

    def fill(req, res):
        req.session['cart'].items += ('tea',)
        res.send('')

    kept = []

    class Watched(MemoryStore):
        def set(self, id, data, ms):
            kept.append(data.get('cart').items)
            MemoryStore.set(self, id, data, ms)

    app.use(session(store=Watched()))
    app.get('/put', put)
    app.get('/fill', fill)
    cookie = cookie_of(get(app, '/put'))
    get(app, '/fill', {'Cookie': cookie})
    assert kept == [(), ('tea',)]


def test_circle_in_a_session_is_no_error(app):
    def tie(req, res):
        req.session['x'] = req.session.get('x') or []
        req.session['x'].append(req.session['x'])
        res.send('tied')

    app.use(session())
    app.get('/', tie)
    assert get(app, '/', {'Cookie': cookie_of(get(app))}).text == 'tied'


def held(store):
    return getattr(store, 'size', None) or len(getattr(store, '_sessions', store))
