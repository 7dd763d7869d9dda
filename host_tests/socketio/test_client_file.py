"""The static client: socket.io.js and cbor.js below the path, with ETag, gzip and CORS; a file of your own; off."""

import gzip
from pathlib import Path

import pytest

import edgeio
from edgeio import http
from edgeio.errors import OptionError
from edgeio.socketio import Server
from host_tests.looping import ask, during, make_server

FOLDER = Path(edgeio.__file__).parent / 'client'
OWN = (FOLDER / 'socket.io.js').read_bytes()
JAVASCRIPT = 'application/javascript; charset=utf-8'


def get(io, name='socket.io.js', path='/socket.io/', method='GET', **headers):
    """The answer to a request for a file."""
    return during(lambda: ask(io.port, method, path + name, headers=headers))


@pytest.mark.parametrize('name', ['socket.io.js', 'cbor.js'])
def test_it_is_served_as_it_is(serve, name):
    answer = get(serve(), name)
    assert (answer.status, answer.body) == (200, (FOLDER / name).read_bytes())
    assert answer.headers['content-type'] == JAVASCRIPT
    assert answer.headers['cache-control'] == 'public, max-age=0'


def test_it_is_below_the_path_of_the_options(serve):
    io = serve(path='/own')
    assert get(io, path='/own/').body == OWN
    assert get(io).text == 'hello'


def test_it_is_not_sent_again_to_who_has_it(serve):
    io = serve()
    etag = get(io).headers['etag']
    for tags in (etag, etag[2:], f'"other", {etag}', '*'):
        answer = get(io, **{'If-None-Match': tags})
        assert (answer.status, answer.body, answer.headers['etag']) == (304, b'', etag)
    assert get(io, **{'If-None-Match': '"other"'}).status == 200


def test_it_is_compressed_for_who_takes_that(serve):
    io = serve()
    for coding in ('gzip', 'deflate, gzip;q=0.5', '*'):
        answer = get(io, **{'Accept-Encoding': coding})
        assert answer.headers['content-encoding'] == 'gzip' and gzip.decompress(answer.body) == OWN
        assert answer.headers['vary'] == 'Accept-Encoding' and len(answer.body) < len(OWN) / 2
    for coding in ('identity', 'gzip;q=0', 'deflate'):
        answer = get(io, **{'Accept-Encoding': coding})
        assert 'content-encoding' not in answer.headers and answer.body == OWN


def test_head_has_no_body_and_other_methods_are_refused(serve):
    io = serve()
    answer = get(io, method='HEAD')
    assert (answer.status, answer.body, answer.headers['content-length']) == (200, b'', str(len(OWN)))
    answer = get(io, method='DELETE')
    assert (answer.status, answer.headers['allow']) == (405, 'GET, HEAD')


@pytest.mark.parametrize(
    'name', ['other.js', 'socket.io.js.map', '../server.js', '%2e%2e/socket.io.js', 'x/socket.io.js', '.js', 'x.map']
)
def test_other_files_are_not_found(serve, name):
    assert get(serve(), name).status == 404


def test_pages_of_other_origins_may_load_it(serve):
    answer = get(serve(cors={'origin': 'https://foo.example.com'}), Origin='https://foo.example.com')
    assert answer.headers.get_all('vary') == ['Origin', 'Accept-Encoding']
    assert answer.headers['access-control-allow-origin'] == 'https://foo.example.com'


def test_a_file_of_your_own_and_its_map_are_served_in_its_place(serve, tmp_path):
    client = tmp_path / 'socket.io.min.js'
    client.write_text('// the official one')
    (tmp_path / 'socket.io.min.js.map').write_text('{"version":3}')
    io = serve(client_file=str(client))
    assert get(io).text == '// the official one'
    answer = get(io, 'socket.io.js.map')
    assert (answer.text, answer.headers['content-type']) == ('{"version":3}', 'application/json')


def test_a_file_that_cannot_be_read_is_an_error_at_the_call(tmp_path):
    with pytest.raises(OptionError, match='the client file cannot be read.*setting: client_file'):
        Server(http.create_server('test'), client_file=str(tmp_path / 'none.js'))


def test_it_can_be_switched_off(serve):
    io = serve(serve_client=False)
    assert get(io).status == 400
    assert Server(serve_client=False).serve_client() is False


def test_each_server_serves_what_was_set_when_it_was_attached(serve):
    io = serve()
    later = make_server()
    io.serve_client(False).attach(later)
    try:
        assert get(io).body == OWN
        assert during(ask, later.port(), 'GET', '/socket.io/socket.io.js').status == 400  # the engine's
    finally:
        later.stop()
