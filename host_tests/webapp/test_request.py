"""What a web app's request says."""

from host_tests.http.wire import exchange
from host_tests.looping import during


def test_request_has_what_the_platform_names(app, tester):
    app.get('/p/:id', lambda req, res: res.json({
        'method': req.method, 'url': req.url, 'path': req.path, 'protocol': req.protocol, 'params': req.params,
        'http_version': req.http_version, 'query': req.query, 'cookies': req.cookies, 'ip': req.ip, 'xhr': req.xhr,
        'keep_alive': req.keep_alive, 'host': req.host, 'get': req.get('X-One'), 'header': req.header('x-one'),
        'body': req.body, 'eos': req.eos, 'none': req.get('None'), 'httpVersion': req.httpVersion,
    }))  # fmt: skip
    answer = tester.get('/p/5?a=b', X_One='1', Cookie='c=d; e=%20', X_Requested_With='XMLHttpRequest')
    assert answer.json == {
        'method': 'GET', 'url': '/p/5?a=b', 'path': '/p/5', 'protocol': 'http', 'params': {'id': '5'},
        'http_version': '1.1', 'query': {'a': 'b'}, 'cookies': {'c': 'd', 'e': ' '}, 'ip': '127.0.0.1', 'xhr': True,
        'keep_alive': True, 'host': f'127.0.0.1:{tester.port()}', 'get': '1', 'header': '1', 'body': None, 'eos': None,
        'none': None, 'httpVersion': '1.1',
    }  # fmt: skip


def test_request_knows_its_app_and_response(app, tester):
    app.get('/', lambda req, res: res.json([req.app is app, res.app is app, req.res is res, res.req is req]))
    assert tester.get('/').json == [True] * 4


def test_apps_may_keep_attributes_on_request_and_response(app, tester):
    def first(req, res, next):
        req.user, res.mark = 'u', 'm'
        next()

    app.use(first)
    app.get('/', lambda req, res: res.json([req.user, res.mark]))
    assert tester.get('/').json == ['u', 'm']


def test_body_of_any_kind_can_be_read_without_a_parser(app, tester):
    @app.post('/')
    async def handler(req, res):
        res.send(await req.read_body())

    assert tester.ask('POST', '/', b'\0\1').body == b'\0\1'


def test_type_of_a_request_is_told(app, tester):
    app.post('/', lambda req, res: res.json([req.is_type('json'), req.is_type(['text/*', 'html']), req.is_type('*/*')]))
    kind = {'Content-Type': 'application/json; charset=utf-8'}
    assert tester.ask('POST', '/', b'{}', kind).json == [True, False, True]


def test_absolute_target_is_routed_by_its_path(app, tester):
    app.get('/x', lambda req, res: res.json([req.host, req.url]))
    raw = during(exchange, tester.port(), b'GET http://other:81/x HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n')
    assert raw.endswith(b'["other:81","/x"]')
