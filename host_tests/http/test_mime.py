"""Content types by file name."""

import pytest

from edgeio.http.mime import content_type, extension


@pytest.mark.parametrize(
    ('name', 'expected'),
    [('a.html', 'text/html; charset=utf-8'), ('/x.y/a.HTML', 'text/html; charset=utf-8'),
     ('js', 'text/javascript; charset=utf-8'),
     ('.json', 'application/json; charset=utf-8'), ('a.tar.gz', 'application/gzip'), ('a.png', 'image/png'),
     ('a.zip', 'application/zip'), ('a.woff', 'font/woff'), ('a.woff2', 'font/woff2')],
)  # fmt: skip
def test_type_is_that_of_the_extension(name, expected):
    assert content_type(name) == expected


@pytest.mark.parametrize('name', ['', 'a.', 'noext', 'a.nonsense', 'a.html x', 'a.html\ncss', '.', 'text', 'a.html/b'])
def test_unknown_extension_is_just_bytes(name):
    expected = 'text/plain; charset=utf-8' if name == 'text' else 'application/octet-stream'
    assert content_type(name) == expected
    assert content_type('unknown', None) is None


def test_extension_is_behind_the_last_dot_of_the_name():
    assert [extension(name) for name in ('a.B', 'a.b.c', '.hidden', 'a', 'x.y/a', '')] == ['b', 'c', '', '', '', '']
