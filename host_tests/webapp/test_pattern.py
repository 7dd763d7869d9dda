"""Paths of routes: which requests they meet, with which parameters."""

import re

import pytest

from edgeio.errors import OptionError, ProtocolError
from edgeio.webapp.pattern import Pattern, make_patterns

MET = [
    ('/', '/', {}),
    ('/a', '/a', {}),
    ('/a', '/a/', {}),
    ('/a/', '/a', {}),
    ('/A/b', '/a/B', {}),
    ('/:id', '/5', {'id': '5'}),
    ('/:id', '/5/', {'id': '5'}),
    ('/users/:id/books/:book', '/users/5/books/7', {'id': '5', 'book': '7'}),
    ('/index.:ext', '/index.html', {'ext': 'html'}),
    ('/index.:ext', '/index.tar.gz', {'ext': 'tar.gz'}),
    ('/:name.:ext', '/a.tar.gz', {'name': 'a', 'ext': 'tar.gz'}),
    ('/:name.html', '/a.html.html', {'name': 'a.html'}),
    ('/:from-:to', '/A-b-c', {'from': 'A', 'to': 'b-c'}),
    ('/v:major.:minor/x', '/v1.2/x', {'major': '1', 'minor': '2'}),
    ('/:a/x', '/b/x', {'a': 'b'}),
    ('/users/:id?', '/users', {}),
    ('/users/:id?', '/users/', {}),
    ('/users/:id?', '/users/5', {'id': '5'}),
    ('/:id?', '/', {}),
    ('/:id?/x', '/x', {}),
    ('/colou?r', '/color', {}),
    ('/colou?r', '/colour', {}),
    ('/file{.:ext}', '/file', {}),
    ('/file{.:ext}', '/file.txt', {'ext': 'txt'}),
    ('/a{/b{/c}}', '/a', {}),
    ('/a{/b{/c}}', '/a/b', {}),
    ('/a{/b{/c}}', '/a/b/c', {}),
    ('*', '/', {'0': '/'}),
    ('*', '/a/b', {'0': '/a/b'}),
    ('/files/*', '/files/a/b.txt', {'0': 'a/b.txt'}),
    ('/files/*', '/files/', {'0': ''}),
    ('/files/*path', '/files/a/b', {'path': 'a/b'}),
    ('/:kind/*', '/x/a/b', {'kind': 'x', '0': 'a/b'}),
    ('/*.js', '/a/b.js', {'0': 'a/b'}),
    ('/a*/z', '/a/b/z', {'0': '/b'}),
    ('/\xe9', '/%C3%A9', {}),
    ('/a b', '/a%20b', {}),
    ('/:name', '/%C3%A9%2Fx', {'name': '\xe9/x'}),
    ('/files/*', '/files/a%2Fb/%C3%A9', {'0': 'a%2Fb/\xe9'}),
    ('/a.b', '/a.b', {}),
    ('/a+(b)', '/a+(b)', {}),
]

NOT_MET = [
    ('/a', '/'), ('/a', '/ab'), ('/a', '/a/b'), ('/a', '/a//'), ('/:id', '/'), ('/:id', '/a/b'), ('/:a/:b', '/a'),
    ('/:a/:b', '//b'), ('/index.:ext', '/index.'), ('/index.:ext', '/index'), ('/index.:ext', '/indexXhtml'),
    ('/:a-:b', '/a'), ('/:a-:b', '/-'), ('/:a-:b', '/a/-b'), ('/:a.html', '/.html'), ('/:a.html', '/x/y.html'),
    ('/files/*', '/files'), ('/files/*', '/files//a'), ('/*.js', '/a.jsx'), ('/a*/z', '/a'),
    ('/ab?', '/abb'), ('/a.b', '/axb'),
]  # fmt: skip


@pytest.mark.parametrize(('pattern', 'path', 'params'), MET)
def test_path_is_met(pattern, path, params):
    found = Pattern(pattern).match(path)
    assert found is not None and found[0] == params


@pytest.mark.parametrize(('pattern', 'path'), NOT_MET)
def test_path_is_not_met(pattern, path):
    assert Pattern(pattern).match(path) is None


def test_case_and_last_slash_count_where_asked():
    assert Pattern('/Foo', case_sensitive=True).match('/foo') is None
    assert Pattern('/Foo', case_sensitive=True).match('/Foo') is not None
    assert Pattern('/foo', strict=True).match('/foo/') is None
    assert Pattern('/foo/', strict=True).match('/foo') is None
    assert Pattern('/foo/', strict=True).match('/foo/') is not None


@pytest.mark.parametrize(
    ('pattern', 'path', 'expected'),
    [
        ('/api', '/api', ({}, '/api')),
        ('/api', '/api/', ({}, '/api')),
        ('/api', '/api/x/y', ({}, '/api')),
        ('/API', '/api/x', ({}, '/api')),
        ('/api', '/apix', None),
        ('/:a/:b', '/1/2/3/4', ({'a': '1', 'b': '2'}, '/1/2')),
        ('/:a/:b', '/1', None),
    ],
)
def test_mount_path_meets_the_beginning(pattern, path, expected):
    assert Pattern(pattern, whole=False).match(path) == expected


def test_regular_expressions_are_searched_and_their_groups_are_parameters():
    (pattern,) = make_patterns(re.compile(r'^/(\w+)\.(?P<ext>\w+)$'))
    assert pattern.match('/a.b') == ({'0': 'a', '1': 'b', 'ext': 'b'}, '/a.b')
    assert pattern.match('/a') is None
    (anywhere,) = make_patterns(re.compile('fly$'))
    assert anywhere.match('/butterfly') is not None and anywhere.match('/flies') is None


def test_lists_are_several_paths():
    patterns = make_patterns(['/a', re.compile('^/b'), ['/c']])
    assert [bool(pattern.match(path)) for pattern, path in zip(patterns, ['/a', '/bb', '/c'])] == [True] * 3


def test_broken_escape_in_a_parameter_is_the_clients_fault():
    with pytest.raises(ProtocolError) as caught:
        Pattern('/:a').match('/%zz')
    assert caught.value.status == 400


WRONG = ['a', '', '/:', '/:a:b', '/*/*', '/:a*', '/*/:a', '/{a', '/a}', '?', '/{a}{b}{c}{d}{e}{f}']


@pytest.mark.parametrize('path', WRONG)
def test_path_that_cannot_be_meant_is_refused(path):
    with pytest.raises(OptionError, match='webapp.path'):
        Pattern(path)


def test_path_that_is_no_path_is_refused():
    with pytest.raises(OptionError, match='webapp.path'):
        make_patterns(5)


def test_hostile_paths_take_linear_time():
    # With a backtracking matcher each of these would not end within a life.
    hostile = '/' + 'a-' * 4000
    many = '-'.join(f':p{number}' for number in range(30))
    for pattern in ('/:a-:b-:c-:d-:e-:f-:g-:h/x', '/' + many + '!', '/*' + 'a-' * 50 + 'x'):
        assert Pattern(pattern).match(hostile) is None
