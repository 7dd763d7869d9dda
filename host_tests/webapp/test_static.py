"""Static files and send_file: what is served, conditions, ranges, and that nothing leads out of the root."""

import os
import resource
import socket

import pytest

from edgeio.errors import OptionError
from edgeio.iosched import set_immediate
from edgeio.webapp import WebApp
from host_tests.http.wire import Wire, exchange
from host_tests.looping import during, turn_until

PAGE = b'<h1>page</h1>'
LONG_AGO = 'Thu, 01 Jan 1970 00:00:00 GMT'


@pytest.fixture
def root(tmp_path):
    """A folder to serve, with things beside it that no request may reach."""
    folder = tmp_path / 'public'
    folder.mkdir()
    (folder / 'index.html').write_bytes(PAGE)
    (folder / 'a b\xe9.txt').write_bytes(b'name')
    (folder / 'page.html').write_bytes(PAGE)
    (folder / 'large.bin').write_bytes(bytes(range(256)) * 4000)
    (folder / 'empty').write_bytes(b'')
    (folder / '.hidden').write_bytes(b'hidden')
    (folder / '.git').mkdir()
    (folder / '.git' / 'config').write_bytes(b'hidden')
    (folder / 'sub').mkdir()
    (folder / 'sub' / 'index.html').write_bytes(b'sub')
    (folder / 'bare').mkdir()
    (tmp_path / 'secret.txt').write_bytes(b'SECRET')
    (tmp_path / 'public2').mkdir()
    (tmp_path / 'public2' / 'secret.txt').write_bytes(b'SECRET')
    os.symlink('page.html', folder / 'inner')
    os.symlink('sub', folder / 'inner_dir')
    os.symlink('../secret.txt', folder / 'outer')
    os.symlink('..', folder / 'outer_dir')
    os.symlink(tmp_path / 'public2', folder / 'sibling')
    os.symlink('loop', folder / 'loop')
    os.mkfifo(folder / 'pipe')
    return folder


@pytest.fixture
def served(app, tester, root):
    """The tester of an app that serves `root`."""
    app.use(WebApp.static(str(root)))
    return tester


def raw_get(tester, path, fields=b''):
    """Everything that comes for a path sent as it is."""
    request = b'GET ' + path + b' HTTP/1.1\r\nHost: b\r\n' + fields + b'Connection: close\r\n\r\n'
    return during(exchange, tester.port(), request)


# -- files -----------------------------------------------------------------------------------------------------------


def test_file_is_served_with_what_a_client_wants_to_know(served, root):
    answer = served.get('/page.html')
    assert (answer.status, answer.body) == (200, PAGE)
    headers = answer.headers
    assert headers['Content-Type'] == 'text/html; charset=utf-8' and headers['Content-Length'] == str(len(PAGE))
    assert headers['Accept-Ranges'] == 'bytes' and headers['Cache-Control'] == 'public, max-age=0'
    assert headers['ETag'].startswith('"') and headers['Last-Modified'].endswith(' GMT')


@pytest.mark.parametrize(
    ('path', 'body'),
    [('/', PAGE), ('/sub/', b'sub'), ('/a%20b%C3%A9.txt', b'name'), ('/empty', b''), ('/page.html?x=y', PAGE),
     ('/inner', PAGE), ('/inner_dir/index.html', b'sub')],
)  # fmt: skip
def test_path_leads_to_a_file(served, path, body):
    answer = served.get(path)
    assert (answer.status, answer.body) == (200, body)


NOWHERE = ['/none', '/page.html/', '/page', '/bare/', '/.hidden', '/.git/config', '/pipe', '/loop', '/INDEX.HTML']


@pytest.mark.parametrize('path', NOWHERE)
def test_path_leads_nowhere(served, path):
    assert served.get(path).status == 404


def test_head_has_the_length_and_no_body(served):
    answer = served.ask('HEAD', '/large.bin')
    assert answer.headers['Content-Length'] == '1024000' and answer.body == b''


def test_large_file_is_whole(served):
    assert served.get('/large.bin').body == bytes(range(256)) * 4000


def test_folder_is_redirected_to_its_slash_on_this_host(served):
    answer = served.get('/sub?a=b')
    assert (answer.status, answer.headers['Location']) == (301, '/sub/?a=b')
    assert raw_get(served, b'//sub').startswith(b'HTTP/1.1 404 ')  # nowhere near //sub/, another server


@pytest.mark.parametrize('path', [
    b'//sub/index.html', b'/./sub/index.html', b'/%2e/sub/index.html', b'/%2E/sub/index.html', b'/sub%2findex.html',
    b'/sub%2Findex.html', b'/%2fsub/index.html', b'///sub/index.html', b'http://b//sub/index.html',
    b'/sub/./index.html',
])  # fmt: skip
def test_what_guards_a_folder_is_not_walked_around(app, tester, root, path):
    app.use('/sub', lambda req, res, next: res.send_status(401))
    app.use(WebApp.static(str(root)))
    answer = raw_get(tester, path)
    assert answer.startswith((b'HTTP/1.1 401 ', b'HTTP/1.1 404 ')), answer


def test_other_methods_are_left_to_others(app, served):
    assert served.ask('POST', '/page.html', b'').status == 404
    app.post('/page.html', lambda req, res: res.send('posted'))
    assert served.ask('POST', '/page.html', b'').text == 'posted'


def test_what_is_not_there_is_left_to_others(app, served):
    app.use(lambda req, res: res.send(f'next {res.get("ETag")}'))
    assert served.get('/none').text == 'next None'


def test_mounted_folder_serves_below_its_path(app, tester, root):
    app.use('/files', WebApp.static(str(root)))
    assert tester.get('/files/page.html').body == PAGE
    assert tester.get('/f%69les/page.html').body == PAGE
    assert tester.get('/files/').body == PAGE
    assert tester.get('/files').headers['Location'] == '/files/'
    assert tester.get('/page.html').status == 404


# -- out of the root -------------------------------------------------------------------------------------------------

ESCAPES = [
    b'/../secret.txt', b'/%2e%2e/secret.txt', b'/%2E%2E/secret.txt', b'/.%2e/secret.txt', b'/..%2fsecret.txt',
    b'/%2e%2e%2fsecret.txt', b'/sub/../../secret.txt', b'/sub/%2e%2e/%2e%2e/secret.txt', b'/..%5csecret.txt',
    b'/..\\secret.txt', b'/%5c..%5csecret.txt', b'//../secret.txt', b'/%2f../secret.txt', b'/%00/../secret.txt',
    b'/..%00/secret.txt', b'/../secret.txt%00.html', b'/page.html%00', b'/../public2/secret.txt',
    b'/outer', b'/outer_dir/secret.txt', b'/sibling/secret.txt', b'/sub/../../public2/secret.txt',
    b'/../public/../secret.txt', b'/%252e%252e/secret.txt', b'/..;/secret.txt',
    b'/%c0%ae%c0%ae/secret.txt', b'/%e0%80%ae%e0%80%ae/secret.txt', b'/....//secret.txt',
    b'/proc/self/environ', b'//etc/passwd', b'/%2fetc%2fpasswd', b'/file:///etc/passwd', b'http://b/../secret.txt',
]  # fmt: skip


@pytest.mark.parametrize('path', ESCAPES)
@pytest.mark.parametrize('options', [{}, {'dotfiles': 'allow', 'fallthrough': False, 'redirect': False}])
def test_no_path_leads_out_of_the_root(app, tester, root, path, options):
    app.use(WebApp.static(str(root), options))
    raw = raw_get(tester, path)
    assert b'SECRET' not in raw and b'root:' not in raw
    assert raw[9:12] in (b'400', b'403', b'404')


def test_root_that_is_a_link_is_followed(app, tester, root, tmp_path):
    os.symlink(root, tmp_path / 'linked')
    app.use(WebApp.static(str(tmp_path / 'linked')))
    assert tester.get('/page.html').body == PAGE
    assert tester.get('/outer').status == 404


# -- options ---------------------------------------------------------------------------------------------------------


def test_options_change_what_is_served(app, tester, root):
    def mark(res, path, stat):
        res.set_header('X-Size', stat.size)

    app.use('/a', WebApp.static(str(root), index=['none.html', 'page.html'], extensions=['htm', 'html'], redirect=False,
                                max_age=60000, immutable=True, etag=False, last_modified=False, accept_ranges=False,
                                dotfiles='allow', set_headers=mark, headers={'X-All': 'yes'}))  # fmt: skip
    answer = tester.get('/a/page')
    assert answer.body == PAGE
    assert answer.headers['Cache-Control'] == 'public, max-age=60, immutable'
    assert answer.headers['X-Size'] == str(len(PAGE)) and answer.headers['X-All'] == 'yes'
    for name in ('ETag', 'Last-Modified', 'Accept-Ranges'):
        assert answer.headers[name] is None
    assert tester.get('/a/').body == PAGE
    assert tester.get('/a/sub').status == 404
    assert tester.get('/a/.hidden').body == b'hidden'


def test_without_fallthrough_errors_are_errors(app, tester, root):
    app.use('/strict', WebApp.static(str(root), fallthrough=False, dotfiles='deny'))
    app.use(lambda req, res: res.send('next'))
    assert [tester.get('/strict' + path).status for path in ('/none', '/.hidden', '/outer')] == [404, 403, 403]
    answer = tester.ask('POST', '/strict/page.html', b'')
    assert (answer.status, answer.headers['Allow']) == (405, 'GET, HEAD')


@pytest.mark.parametrize(
    ('given', 'words'),
    [({'maxage': 5}, "'max_age' perhaps"), ({'dotfiles': 'maybe'}, 'dotfiles'), ({'max_age': 'long'}, 'max_age')],
)
def test_wrong_option_is_named(root, given, words):
    with pytest.raises(OptionError, match=words):
        WebApp.static(str(root), given)


# -- conditions ------------------------------------------------------------------------------------------------------


def test_client_that_has_the_file_gets_304(served):
    first = served.get('/page.html')
    etag, date = first.headers['ETag'], first.headers['Last-Modified']
    for fields in ({'If_None_Match': etag}, {'If_None_Match': f'"x", W/{etag}'}, {'If_None_Match': '*'},
                   {'If_Modified_Since': date}, {'If_None_Match': etag, 'If_Modified_Since': LONG_AGO}):  # fmt: skip
        answer = served.get('/page.html', **fields)
        assert (answer.status, answer.body) == (304, b''), fields
        assert answer.headers['ETag'] == etag and answer.headers['Content-Type'] is None


def test_client_that_has_another_version_gets_the_file(served):
    date = served.get('/page.html').headers['Last-Modified']
    for fields in ({'If_None_Match': '"x"'}, {'If_Modified_Since': LONG_AGO},
                   {'If_None_Match': '"x"', 'If_Modified_Since': date}, {'If_Modified_Since': 'nonsense'}):  # fmt: skip
        assert served.get('/page.html', **fields).status == 200, fields


def test_changed_file_has_another_etag(served, root):
    before = served.get('/page.html').headers['ETag']
    (root / 'page.html').write_bytes(PAGE[::-1])
    os.utime(root / 'page.html', ns=(0, 5))
    assert served.get('/page.html').headers['ETag'] != before


def test_precondition_that_fails_is_412(served):
    etag = served.get('/page.html').headers['ETag']
    assert served.get('/page.html', If_Match=etag).status == 200
    assert served.get('/page.html', If_Match='"x"').status == 412
    assert served.get('/page.html', If_Unmodified_Since=LONG_AGO).status == 412


RANGES = [
    ('bytes=0-3', '0-3'), ('bytes=4-', '4-12'), ('bytes=-3', '10-12'), ('bytes=0-99', '0-12'), ('bytes=-99', '0-12'),
    ('bytes=12-12', '12-12'), ('bytes= 1-2 ', '1-2'),
]  # fmt: skip


@pytest.mark.parametrize(('wanted', 'given'), RANGES)
def test_part_of_a_file_is_served(served, wanted, given):
    answer = served.get('/page.html', Range=wanted)
    start, stop = (int(number) for number in given.split('-'))
    assert (answer.status, answer.body) == (206, PAGE[start : stop + 1])
    assert answer.headers['Content-Range'] == f'bytes {given}/13'


@pytest.mark.parametrize('wanted', ['bytes=13-', 'bytes=99-100', 'bytes=-0'])
def test_part_that_is_not_there_is_416(served, wanted):
    answer = served.get('/page.html', Range=wanted)
    assert (answer.status, answer.headers['Content-Range'], answer.body) == (416, 'bytes */13', b'')


MEANINGLESS = ['bytes=0-1,3-4', 'bytes=3-1', 'bytes=a-b', 'bytes=', 'bytes=-', 'lines=0-1', 'bytes=+1-2', 'bytes=0-1_0',
               'bytes=9999999999999999999999-']  # fmt: skip


@pytest.mark.parametrize('wanted', MEANINGLESS)
def test_range_that_means_nothing_or_several_is_the_whole_file(served, wanted):
    assert served.get('/page.html', Range=wanted).body == PAGE


def test_part_depends_on_the_version_that_the_client_has(served):
    headers = served.get('/page.html').headers
    for value, status in ((headers['ETag'], 206), ('"x"', 200), ('W/' + headers['ETag'], 200),
                          (headers['Last-Modified'], 206), (LONG_AGO, 200)):  # fmt: skip
        assert served.get('/page.html', Range='bytes=0-3', If_Range=value).status == status, value


# -- send_file -------------------------------------------------------------------------------------------------------


def test_send_file_takes_a_root_or_an_absolute_path(app, tester, root):
    done = []
    app.get('/a', lambda req, res: res.send_file('sub/index.html', root=str(root), max_age=5000))
    app.get('/b', lambda req, res: res.sendFile(str(root / 'page.html'), None, done.append))
    answer = tester.get('/a')
    assert answer.body == b'sub' and answer.headers['Cache-Control'] == 'public, max-age=5'
    assert tester.get('/b').body == PAGE and done == [None]


OUTSIDE = ['../secret.txt', 'outer', 'outer_dir/secret.txt', 'x/../../secret.txt', '..\\secret.txt', 'a\0b']


@pytest.mark.parametrize('path', OUTSIDE)
def test_send_file_stays_in_its_root(app, tester, root, path):
    app.get('/', lambda req, res: res.send_file(path, root=str(root)))
    answer = tester.get('/')
    assert answer.status in (400, 403) and b'SECRET' not in answer.body


def test_send_file_without_root_needs_an_absolute_path(app, tester, reports):
    app.get('/', lambda req, res: res.send_file('page.html'))
    assert tester.get('/').status == 500
    assert reports.pop()[0].code == 'file.relative'


def test_missing_file_goes_to_the_error_handlers_or_the_callback(app, tester, root):
    errors = []

    def to_callback(req, res):
        res.send_file('none', {'root': str(root)}, lambda error: (errors.append(error.code), res.send('own')))

    app.get('/a', lambda req, res: res.send_file('none', root=str(root)))
    app.get('/b', to_callback)
    app.use(lambda err, req, res, next: res.status(err.status).send('handled'))
    assert (tester.get('/a').status, tester.get('/a').text) == (404, 'handled')
    assert tester.get('/b').text == 'own' and errors == ['file.not_found']


def test_file_is_sent_as_the_peer_takes_it(app, tester, root):
    (root / 'huge.bin').write_bytes(b'x' * 40000000)
    queued, done = [], []

    def handler(req, res):
        stream = req.connection.stream

        def look():  # in every turn of the loop
            queued.append(stream.queued)
            if not done:
                set_immediate(look)

        look()
        res.send_file('huge.bin', {'root': str(root)}, done.append)

    app.get('/', handler)

    def client():
        with Wire(port) as wire:
            return len(wire.send(b'GET / HTTP/1.0\r\n\r\n').rest())

    port = tester.port()
    assert during(client) > 40000000
    assert done == [None] and len(queued) > 30 and max(queued) < 200000


def test_file_whose_reader_leaves_is_closed(app, tester, root):
    (root / 'huge.bin').write_bytes(b'x' * 40000000)
    done = []
    app.get('/', lambda req, res: res.send_file('huge.bin', {'root': str(root)}, done.append))
    port = tester.port()
    before = len(os.listdir('/proc/self/fd'))

    def client():
        with Wire(port) as wire:
            wire.send(b'GET / HTTP/1.0\r\n\r\n').until(b'xxx')
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')  # leave with a reset

    during(client)
    turn_until(lambda: done)
    assert done[0].code == 'file.aborted'
    assert len(os.listdir('/proc/self/fd')) == before


def test_file_that_shrinks_while_it_is_sent_breaks_the_response_off(app, tester, root, reports):
    (root / 'huge.bin').write_bytes(b'x' * 40000000)

    def handler(req, res):
        res.send_file('huge.bin', {'root': str(root)}, lambda error: None)
        os.truncate(root / 'huge.bin', 1000000)

    app.get('/', handler)
    port = tester.port()
    raw = during(exchange, port, b'GET / HTTP/1.0\r\n\r\n')
    assert len(raw) < 2000000
    assert isinstance(reports.pop()[0], OSError)


def test_file_that_there_is_no_descriptor_for_is_a_503(served, reports):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Wire(served.port()) as wire:
        wire.send(b'GET /sub/ HTTP/1.1\r\nHost: b\r\n\r\n')
        assert during(wire.response)[2] == b'sub'
        free = os.dup(0)  # the first number that is
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
        try:
            wire.send(b'GET /page.html HTTP/1.1\r\nHost: b\r\n\r\n')
            status, _, body = during(wire.response)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert status == 503 and b'max_connections' in body
        assert [exc.code for exc, _ in reports] == ['file.descriptors']
        reports.clear()
        wire.send(b'GET /page.html HTTP/1.1\r\nHost: b\r\n\r\n')
        assert during(wire.response)[2] == PAGE
