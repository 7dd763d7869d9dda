"""Cookies, both ways."""

import pytest

from edgeio.errors import OptionError
from edgeio.webapp.cookies import cookie_line, parse_cookies


@pytest.mark.parametrize(
    ('header', 'expected'),
    [
        ('', {}),
        ('a=1', {'a': '1'}),
        ('a=1; b=2;c=3 ;  d=4', {'a': '1', 'b': '2', 'c': '3', 'd': '4'}),
        ('a=1; a=2', {'a': '1'}),
        ('a="x y"', {'a': 'x y'}),
        ('a=b=c', {'a': 'b=c'}),
        ('a=%C3%A9%20', {'a': '\xe9 '}),
        ('a=%zz; b=%ff', {'a': '%zz', 'b': '%ff'}),
        ('novalue; =x; a=', {'a': ''}),
        ('__proto__=x', {'__proto__': 'x'}),
    ],
)
def test_cookies_are_read(header, expected):
    assert parse_cookies(header) == expected


@pytest.mark.parametrize('value', ['', 'plain', 'a b;c,d"e\\f', '\xe9\u20ac', '100%', 'a\r\nb'])
def test_value_survives_the_way_there_and_back(value):
    line = cookie_line('name', value)
    assert parse_cookies(line.split('; ')[0]) == {'name': value}
    assert '\r' not in line and line.endswith('; Path=/; HttpOnly; SameSite=Lax')


@pytest.mark.parametrize('name', ['', 'a b', 'a=b', 'a;b', 'a\r\n', '\xe9', 5])
def test_name_must_be_a_token(name):
    with pytest.raises(OptionError, match='cookie.name'):
        cookie_line(name, 'x')


@pytest.mark.parametrize(
    'options',
    [{'path': '/; Domain=evil'}, {'domain': 'a\r\nb'}, {'same_site': 'Maybe'}, {'same_site': 'None'}, {'max_age': '5'},
     {'expires': 'soon'}, {'httponly': True}, {'encode': False}],
)  # fmt: skip
def test_option_that_does_not_fit_is_refused(options):
    with pytest.raises(OptionError):
        cookie_line('a', 'x;y', options)


def test_options_are_written():
    line = cookie_line('a', 'b', {'expires': 784111777000, 'secure': True, 'sameSite': 'none', 'httpOnly': False})
    assert line == 'a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/; Secure; SameSite=None'
