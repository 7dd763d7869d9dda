"""Percent-decoding and queries: strict, bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeio.errors import ProtocolError
from edgeio.http.url import normalise, parse_query, percent_decode, percent_encode


@pytest.mark.parametrize(
    ('text', 'expected'),
    [('', ''), ('a%20b', 'a b'), ('%C3%A9', '\xe9'), ('%e2%82%ac', '\u20ac'), ('%F0%9F%98%80', '\U0001f600'),
     ('a+b', 'a+b'), ('%25', '%'), ('%2525', '%25')],
)  # fmt: skip
def test_escapes_are_decoded_as_utf8(text, expected):
    assert percent_decode(text) == expected


BROKEN = ['%', '%4', '%zz', '%+1', '%1 ', 'a%', '%c3', '%ff', '%C0%80', '%ED%A0%80', '%F5%80%80%80']


@pytest.mark.parametrize('text', BROKEN)
def test_broken_escapes_are_refused(text):
    with pytest.raises(ProtocolError, match='http.bad_escape') as caught:
        percent_decode(text)
    assert caught.value.status == 400


def test_plus_is_a_space_in_forms_only():
    assert percent_decode('a+b%2Bc', plus=True) == 'a b+c'
    assert percent_decode('a+b') == 'a+b'


@pytest.mark.parametrize('text', ['', '/a/b', 'a b', '\xe9\u20ac', '%', '?#[]', '\r\n\0'])
def test_encoding_is_undone_by_decoding(text):
    encoded = percent_encode(text)
    assert percent_decode(encoded) == text
    assert all(' ' < character < '\x7f' for character in encoded)


@pytest.mark.parametrize(
    ('path', 'expected'),
    [('/a', '/a'), ('/%61', '/a'), ('/%7Euser', '/~user'), ('/a%2Fb', '/a%2Fb'), ('/%2e%2E/x', '/../x'),
     ('/%zz%', '/%zz%'), ('/%C3%A9', '/%C3%A9'), ('/%2561', '/%2561'), ('/%40a%28%29', '/@a()'),
     ('/%21%24%26%27%2a%2B%2c%3B%3d%3A%7c%5E%5B%5D', "/!$&'*+,;=:|^[]"), ('/%c3%a9%2f%3f%23%25', '/%C3%A9%2F%3F%23%25'),
     ('/"<>{}`\\', '/%22%3C%3E%7B%7D%60%5C'), ('/\xe9 ', '/%C3%A9%20'), ('/%zz"%7b', '/%zz%22%7B'), ('/%00', '/%00'),
     ('/%%34%31', '/%%341'), ('/%4%31', '/%4%31'), ('/%/%31%31', '/%/11'), ('/%%%341', '/%%%341')],
)  # fmt: skip
def test_normal_form_escapes_only_what_needs_it(path, expected):
    assert normalise(path) == expected


@given(st.text(st.sampled_from('/%4419aAfF@"?\xe9')))
def test_normal_form_is_its_own_and_means_the_same(path):
    normal = normalise(path)
    assert normalise(normal) == normal
    assert decoded(normal) == decoded(path)


def decoded(path):
    try:
        return percent_decode(path)
    except ProtocolError:
        return None


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('', {}),
        ('a=1&b=2', {'a': '1', 'b': '2'}),
        ('a=1&a=2&a=3', {'a': ['1', '2', '3']}),
        ('a', {'a': ''}),
        ('a=&=b&&', {'a': '', '': 'b'}),
        ('a=b=c', {'a': 'b=c'}),
        ('a+b=c+d', {'a b': 'c d'}),
        ('%C3%A9=%26', {'\xe9': '&'}),
    ],
)
def test_query_is_parsed(text, expected):
    assert parse_query(text) == expected


def test_query_has_a_bound_of_fields():
    assert len(parse_query('&'.join(f'a{i}' for i in range(1000)))) == 1000
    with pytest.raises(ProtocolError, match='http.query_fields'):
        parse_query('&'.join(f'a{i}' for i in range(1001)))
