"""WebApp over the loopback interface: routes, middleware, bodies, files."""

import json
import os

from edgeio import WebApp, iosched, socket
from edgeio.compat import heap_size
from edgeio.webapp import access_log, body, session
from edgeio.webapp.memorystore import MemoryStore
from edgeio.webapp.router import PLAN_COST

from . import servers
from .clients.http import request
from .clients.wire import connect
from .harness import same, take_reports

HERE = __file__[: __file__.rfind('/')] if '/' in __file__ else '.'


class _App:
    """A started app and a connection to it: `ask(method, path, ...)` gives the Response."""

    def __init__(self):
        self.app = WebApp.create('test', 0, socket.sockaddr(socket.INADDR_LOOPBACK, 0))
        self.wire = None

    async def ask(self, method, path, headers=(), data=b''):
        if self.wire is None:
            self.app.start()
            self.wire = await connect(self.app.port())
        return await request(self.wire, method, path, headers, data)

    async def stop(self):
        self.wire.close()
        await servers.stop(self.app)


async def test_routes_and_parameters():
    site = _App()
    site.app.get('/room/:name', lambda req, res: res.send('room ' + req.params['name']))
    site.app.get('/index.:ext', lambda req, res: res.send(req.params['ext']))
    site.app.post('/room/:name', lambda req, res: res.send_status(204))
    same((await site.ask('GET', '/room/a%20b')).body, b'room a b')
    same((await site.ask('GET', '/index.html')).body, b'html')
    same((await site.ask('POST', '/room/a')).status, 204)
    same((await site.ask('GET', '/nowhere')).status, 404)
    await site.stop()


async def test_access_log_is_bounded_in_characters_of_a_value_and_of_a_second():
    site = _App()
    lines = []
    site.app.use(access_log(':url', write=lines.append, max_value=8, max_per_second=11))
    site.app.get('/', lambda req, res: res.send(''))
    asked, told = 0, []
    while not told:
        await site.ask('GET', '/?aaaaaaaaaa')
        asked += 1
        told = [line for line in lines if line.startswith('access log: ')]
    same(lines.count('/?aaaaaa...') + int(told[0].split()[2]), asked)
    await site.stop()


async def test_middleware_in_order_and_errors():
    site = _App()

    def first(req, res, next):
        req.seen = ['first']
        next()

    def second(req, res, next):
        req.seen.append('second')
        next(ValueError('on purpose') if req.path == '/fail' else None)

    site.app.use(first)
    site.app.use(second)
    site.app.get('/', lambda req, res: res.json(req.seen))
    site.app.use(lambda err, req, res, next: res.status(418).send(str(err)))
    same(json.loads(str((await site.ask('GET', '/')).body, 'utf-8')), ['first', 'second'])
    answer = await site.ask('GET', '/fail')
    same((answer.status, answer.body), (418, b'on purpose'))
    await site.stop()


async def test_handlers_that_wait_raise_and_return_errors():
    site = _App()

    @site.app.get('/slow')
    async def slow(req, res):
        await iosched.sleep(2)
        res.send('late')

    @site.app.get('/raise')
    def fail(req, res):
        raise ValueError('on purpose')

    site.app.get('/return', lambda req, res: OSError('Read file error.'))
    same((await site.ask('GET', '/slow')).body, b'late')
    same((await site.ask('GET', '/raise')).status, 500)
    same((await site.ask('GET', '/return')).status, 500)
    same(len(take_reports()), 2)
    await site.stop()


async def test_json_bodies():
    site = _App()
    site.app.use(body.json(limit=1000))
    site.app.post('/', lambda req, res: res.json({'got': req.body}))
    kind = ['Content-Type: application/json']
    answer = await site.ask('POST', '/', kind, b'{"a":[1,"\xe2\x82\xac"]}')
    same(json.loads(str(answer.body, 'utf-8')), {'got': {'a': [1, '\u20ac']}})
    same((await site.ask('POST', '/', kind, b'{"a" 1}')).status, 400)
    same((await site.ask('POST', '/', kind, b'["' + b'x' * 1000 + b'"]')).status, 413)
    await site.stop()


async def test_files_are_served_and_nothing_outside():
    site = _App()
    site.app.use('/files', WebApp.static(HERE))
    path = '/files/vectors/http.md'
    with open(HERE + '/vectors/http.md', 'rb') as file:
        content = file.read()
    answer = await site.ask('GET', path)
    same((answer.status, int(answer.headers['content-length'])), (200, os.stat(HERE + '/vectors/http.md')[6]))
    assert answer.body == content
    etag = 'If-None-Match: ' + answer.headers['etag']
    same((await site.ask('GET', path, [etag])).status, 304)
    part = await site.ask('GET', path, ['Range: bytes=2-5'])
    same((part.status, part.body), (206, content[2:6]))
    for outside in ('/files/../setup.cfg', '/files/%2e%2e/setup.cfg', '/files/..%5csetup.cfg', '/files/%00'):
        assert (await site.ask('GET', outside)).status in (400, 403, 404), outside
    await site.stop()


async def test_path_has_one_spelling_for_what_guards_it():
    site = _App()
    site.app.use(['/@(a)', '/caf\xe9', '/%7b1%7D'], lambda req, res: res.send_status(401))
    site.app.use(lambda req, res: res.send('open'))
    for path in ('/@(a)/x', '/%40%28a%29/x', '/caf%c3%A9/x', '/%63af%C3%a9', '/{1}/x', '/%7B%31}'):
        same((path, (await site.ask('GET', path)).status), (path, 401))
    same((await site.ask('GET', '/%%34%30(a)')).status, 200)  # no escape of @
    await site.stop()


async def test_plans_of_long_methods_are_not_remembered():
    site = _App()
    site.app.use(lambda req, res: res.send('done'))
    for number in range(8):
        same((await site.ask('M%07d' % number + 'X' * 8000, '/x')).status, 200)
    same(len(site.app._plans), 0)
    for number in range(40):
        await site.ask('GET', '/%d' % number)
    assert 0 < len(site.app._plans) * PLAN_COST <= heap_size() // 64, len(site.app._plans)
    await site.stop()


async def test_cookies():
    site = _App()
    site.app.get('/set', lambda req, res: res.cookie('sid', 'a b').send('set'))
    site.app.get('/get', lambda req, res: res.json(req.cookies))
    line = (await site.ask('GET', '/set')).headers['set-cookie']
    assert line.startswith('sid=a%20b;') and 'HttpOnly' in line and 'SameSite=Lax' in line, line
    answer = await site.ask('GET', '/get', ['Cookie: sid=a%20b; other=1'])
    same(json.loads(str(answer.body, 'utf-8')), {'sid': 'a b', 'other': '1'})
    await site.stop()


async def test_anonymous_visits_do_not_push_out_a_session_whose_client_came_back():
    def count(req, res):
        req.session['visits'] = req.session.get('visits', 0) + 1
        res.json(req.session['visits'])

    store = MemoryStore(20)
    site = _App()
    site.app.use(session(store=store))
    site.app.get('/', count)
    cookie = 'Cookie: ' + (await site.ask('GET', '/')).headers['set-cookie'].split(';')[0]
    same((await site.ask('GET', '/', [cookie])).body, b'2')
    for _ in range(50):
        await site.ask('GET', '/')
    same(store.size, 20)
    same((await site.ask('GET', '/', [cookie])).body, b'3')
    await site.stop()
