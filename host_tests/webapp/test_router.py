"""Routing over real requests: order, next, errors, mounting."""

import re

import pytest

from edgeio import iosched
from edgeio.errors import OptionError, StateError
from edgeio.webapp import Router


def say(text):
    """A handler that answers with `text`."""
    return lambda req, res: res.send(text)


def pass_on(log, name):
    """A handler that notes its name and goes on."""

    def handler(req, res, next):
        log.append(name)
        next()

    return handler


# -- methods and paths -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize('method', ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
def test_method_has_its_route(app, tester, method):
    for name in ('get', 'post', 'put', 'delete', 'patch', 'options'):
        getattr(app, name)('/x', say(name.upper()))
    assert tester.ask(method, '/x').text == method


def test_all_meets_every_method(app, tester):
    app.all('/x', lambda req, res: res.send(req.method))
    assert [tester.ask(method, '/x').text for method in ('GET', 'POST', 'BREW')] == ['GET', 'POST', 'BREW']


def test_head_is_answered_by_get_without_body(app, tester):
    app.get('/x', say('hello'))
    answer = tester.ask('HEAD', '/x')
    assert answer.status == 200 and answer.headers['Content-Length'] == '5' and answer.body == b''


def test_head_of_its_own_comes_first_where_registered_first(app, tester):
    app.head('/x', lambda req, res: res.set('X-Head', '1').end())
    app.get('/x', say('hello'))
    assert tester.ask('HEAD', '/x').headers['X-Head'] == '1'


def test_unknown_path_is_404_and_unserved_method_405_with_allow(app, tester):
    app.get('/x', say('x'))
    app.post('/x', say('x'))
    assert tester.get('/y').status == 404
    answer = tester.ask('DELETE', '/x')
    assert answer.status == 405 and answer.headers['Allow'] == 'GET, HEAD, OPTIONS, POST'


def test_options_lists_methods_where_no_route_answers_it(app, tester):
    app.get('/x', say('x'))
    answer = tester.ask('OPTIONS', '/x')
    assert answer.status == 204 and answer.headers['Allow'] == 'GET, HEAD, OPTIONS'
    assert tester.ask('OPTIONS', '*').status == 204
    assert tester.ask('OPTIONS', '/none').status == 404


def test_parameters_are_decoded_and_a_broken_one_is_400(app, tester):
    app.get('/users/:name', lambda req, res: res.json(req.params))
    assert tester.get('/users/J%C3%B6rg%20X?a=b').json == {'name': 'J\xf6rg X'}
    assert tester.get('/users/%ff').status == 400


def test_parameters_of_one_request_are_its_own(app, tester):
    def handler(req, res):
        req.params['added'] = 'x'
        res.json(len(req.params))

    app.get('/:a', handler)
    assert [tester.get('/same').json for _ in range(3)] == [2, 2, 2]


def test_lists_and_regular_expressions_are_paths(app, tester):
    app.get(['/a', '/b', re.compile(r'^/c(\d+)$')], lambda req, res: res.json(req.params))
    assert tester.get('/a').json == tester.get('/b').json == {}
    assert tester.get('/c12').json == {'0': '12'}
    assert tester.get('/c').status == 404


def test_decorators_register(app, tester):
    @app.get('/x')
    def x(req, res):
        res.send('x')

    @app.use
    def everything(req, res, next):
        res.set('X-Seen', 'yes')
        next()

    @app.use('/y')
    def below_y(req, res):
        res.send(req.url)

    assert callable(x) and x.__name__ == 'x'
    assert tester.get('/x').text == 'x'
    answer = tester.get('/y/z?q')
    assert answer.text == '/z?q' and answer.headers['X-Seen'] == 'yes'


def test_route_collects_the_methods_of_a_path(app, tester):
    app.route('/x').get(say('get')).post(say('post')).all(say('other'))
    assert [tester.ask(method, '/x').text for method in ('GET', 'POST', 'PUT')] == ['get', 'post', 'other']


def test_case_and_strictness_are_options(tester, app):
    app.use('/s', Router(case_sensitive=True, strict=True).get('/Foo', say('strict')))
    app.use('/l', Router({'caseSensitive': False}).get('/Foo', say('lax')))
    assert tester.get('/l/foo/').text == 'lax'
    assert tester.get('/s/Foo').text == 'strict'
    assert tester.get('/s/foo').status == tester.get('/s/Foo/').status == 404


def test_settings_of_the_app_make_its_own_routes_strict(app, tester):
    app.enable('strict routing').enable('case sensitive routing')
    app.get('/Foo', say('x'))
    assert [tester.get(path).status for path in ('/Foo', '/foo', '/Foo/')] == [200, 404, 404]


# -- order and next --------------------------------------------------------------------------------------------------


def test_handlers_run_in_order_of_registration(app, tester):
    log = []
    app.use(pass_on(log, 'first'))
    app.get('/x', pass_on(log, 'a'), [pass_on(log, 'b'), pass_on(log, 'c')])
    app.use('/other', pass_on(log, 'other'))
    app.get('/x', say('end'))
    app.use(pass_on(log, 'never'))
    assert tester.get('/x').text == 'end'
    assert log == ['first', 'a', 'b', 'c']


def test_next_route_leaves_the_route(app, tester):
    app.get('/x', lambda req, res, next: next('route'), say('skipped'))
    app.get('/x', say('second route'))
    assert tester.get('/x').text == 'second route'


def test_next_router_leaves_the_router_with_all_its_inner_ones(app, tester):
    inner, outer = Router(), Router()
    inner.get('/x', lambda req, res, next: next('router'))
    inner.get('/x', say('skipped'))
    outer.use(inner)
    outer.get('/x', say('outer'))
    app.use('/r', outer)
    assert tester.get('/r/x').text == 'outer'
    leaving = Router().use(lambda req, res, next: next('router'), Router().get('/x', say('skipped')))
    app.use('/l', leaving, say('after'))
    assert tester.get('/l/x').text == 'after'


def test_next_may_come_later(app, tester):
    app.use(lambda req, res, next: iosched.set_timeout(next, 20) and None)
    app.get('/', say('later'))
    assert tester.get('/').text == 'later'


def test_next_twice_is_an_error_at_the_call(app, tester):
    caught = []

    def twice(req, res, next):
        next()
        try:
            next()
        except StateError as exc:
            caught.append(exc.code)

    app.use(twice)
    app.get('/', say('once'))
    assert tester.get('/').text == 'once'
    assert caught == ['webapp.next_twice']


def test_handler_gets_as_many_arguments_as_it_takes(app, tester):
    class Methods:
        def two(self, req, res):
            res.send('two')

        def __call__(self, req, res, next):
            next()

    app.get('/two', Methods(), Methods().two)
    app.get('/any', lambda *args: args[1].send(str(len(args))))
    app.get('/default', lambda req, res, next=None: res.send(str(next is not None)))
    assert tester.get('/two').text == 'two'
    assert tester.get('/any').text == '3'
    assert tester.get('/default').text == 'True'


# -- errors ----------------------------------------------------------------------------------------------------------


def fail(req, res):
    raise ValueError('secret')


async def fail_later(req, res):
    await iosched.sleep(5)
    raise ValueError('secret')


def fail_in_generator(req, res, next):
    yield iosched.sleep(5)
    raise ValueError('secret')


FAILURES = [
    fail, fail_later, fail_in_generator, lambda req, res: ValueError('secret'),
    lambda req, res, next: next(ValueError('secret')), lambda req, res, next: next('secret'),
]  # fmt: skip


@pytest.mark.parametrize('handler', FAILURES)
def test_failure_is_a_500_without_details_and_reported_once(app, tester, reports, handler):
    app.get('/', handler, say('skipped'))
    answer = tester.get('/')
    assert answer.status == 500 and answer.text == 'Internal Server Error\n'
    exc, where = reports.pop()
    assert 'secret' in str(exc) and where == 'GET /' and not reports


@pytest.mark.parametrize('handler', FAILURES)
def test_failure_goes_to_the_next_error_handler_once(app, tester, handler):
    calls = []

    def on_error(err, req, res, next):
        calls.append(str(err))
        res.status(503).send('handled')

    app.get('/', handler)
    app.use(lambda req, res: res.send('not for errors'))
    app.use(on_error)
    app.use(on_error)
    answer = tester.get('/')
    assert (answer.status, answer.text) == (503, 'handled')
    assert len(calls) == 1 and 'secret' in calls[0]


def test_error_handler_may_pass_on_fail_or_recover(app, tester):
    def passes(err, req, res, next):
        next(err)

    def fails(err, req, res, next):
        raise KeyError('second')

    def recovers(err, req, res, next):
        next()

    app.get('/', fail)
    app.use(passes, fails, recovers)
    app.use(say('recovered'))
    assert tester.get('/').text == 'recovered'


def test_error_handlers_are_skipped_where_nothing_fails(app, tester):
    app.use(lambda err, req, res, next: res.send('no'))
    app.get('/', say('yes'))
    assert tester.get('/').text == 'yes'


def test_failure_after_the_response_is_only_reported(app, tester, reports):
    def handler(req, res):
        res.send('sent')
        raise ValueError('after')

    app.get('/', handler)
    assert tester.get('/').text == 'sent'
    assert str(reports.pop()[0]) == 'after'


def test_tasks_may_take_their_time(app, tester):
    @app.get('/co')
    async def co(req, res):
        await iosched.sleep(5)
        res.send('coroutine')

    @app.get('/gen')
    def gen(req, res):
        yield iosched.sleep(5)
        res.send('generator')

    @app.use
    async def middleware(req, res, next):
        await iosched.sleep(1)
        next()

    @app.get('/behind')
    def behind(req, res):
        res.send('behind')

    assert [tester.get(path).text for path in ('/co', '/gen', '/behind')] == ['coroutine', 'generator', 'behind']


# -- mounting --------------------------------------------------------------------------------------------------------


def test_mounted_router_sees_the_rest_of_the_path(app, tester):
    router = Router()
    seen = []

    @router.get('/:id')
    def one(req, res):
        seen.append((req.url, req.path, req.base_url, req.original_url, req.params))
        res.send('one')

    router.get('/', say('root'))
    app.use('/api/:version', router)
    app.use(lambda req, res: res.send(f'app {req.url} {req.base_url}'))
    assert tester.get('/api/1/5?q=2').text == 'one'
    assert seen == [('/5?q=2', '/5', '/api/1', '/api/1/5?q=2', {'id': '5'})]
    assert tester.get('/api/1').text == tester.get('/api/1/').text == 'root'
    assert tester.get('/api/1/5/6').text == 'app /api/1/5/6 '


def test_parameters_of_the_mount_path_are_seen_where_merged(app, tester):
    app.use('/m/:a', Router(merge_params=True).get('/:b', lambda req, res: res.json(req.params)))
    app.use('/n/:a', Router().get('/:b', lambda req, res: res.json(req.params)))
    app.use('/o/:a', lambda req, res: res.json(req.params))
    assert tester.get('/m/1/2').json == {'a': '1', 'b': '2'}
    assert tester.get('/n/1/2').json == {'b': '2'}
    assert tester.get('/o/1/2').json == {'a': '1'}


def test_routes_may_be_added_and_removed_while_serving(app, tester):
    router = Router()
    app.use('/r', router)
    assert tester.get('/r/x').status == 404
    first, second = say('first'), say('second')
    router.get('/x', first)
    router.get('/x', second)
    assert tester.get('/r/x').text == 'first'
    router.unhandle('/x', first)
    assert tester.get('/r/x').text == 'second'
    router.unhandle('/x')
    assert tester.get('/r/x').status == 404


def test_escapes_do_not_lead_around_a_guard(app, tester):
    app.use('/private', lambda req, res: res.status(403).send('guarded'))
    app.use(lambda req, res: res.send('open'))
    for path in ('/private', '/PRIVATE/x', '/%70rivate', '/%70%72ivate/x', '/private/'):
        assert tester.get(path).status == 403, path


@pytest.mark.parametrize('wrong', [5, None, 'x'])
def test_handler_that_cannot_be_called_is_refused(app, wrong):
    with pytest.raises(OptionError, match='webapp.handler'):
        app.get('/x', wrong)


def test_handler_with_too_many_arguments_is_refused(app):
    with pytest.raises(OptionError, match='webapp.handler'):
        app.get('/x', lambda a, b, c, d, e: None)


def test_unknown_router_option_names_the_nearest():
    with pytest.raises(OptionError, match="'merge_params' perhaps"):
        Router(merge_param=True)
