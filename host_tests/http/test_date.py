"""HTTP dates, compared with the standard library's."""

import random
from email.utils import formatdate

import pytest

from edgeio.http.date import http_date, parse_http_date


def test_dates_are_those_of_the_standard_library():
    chance = random.Random(1)
    # Beyond 2038 and before 1970: a board's 32-bit time would wrap.
    for seconds in [0, 1, 951782400, 951868800, 2**31 - 1, 2**31, 2**32, -1, -86400] + [
        chance.randrange(-(2**33), 2**36) for _ in range(2000)
    ]:
        text = http_date(seconds)
        assert text == formatdate(seconds, usegmt=True)
        assert parse_http_date(text) == seconds


@pytest.mark.parametrize(
    'text', ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']
)
def test_three_forms_are_read(text):
    assert parse_http_date(text) == 784111777


@pytest.mark.parametrize(
    'text',
    ['', 'yesterday', 'Sun, 06 Nov 1994 08:49:37', 'Sun, 31 Apr 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 24:00:00 GMT',
     'Sun, 06 Foo 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49 GMT', 'Sun, 06 Nov 1994 08:49:37 CET', '784111777'],
)  # fmt: skip
def test_what_is_no_date_is_none(text):
    assert parse_http_date(text) is None


def test_two_digit_years_from_70_on_are_past():
    assert http_date(parse_http_date('Sunday, 06-Nov-94 08:49:37 GMT')).startswith('Sun, 06 Nov 1994')
    assert ' 2069 ' in http_date(parse_http_date('Wednesday, 06-Nov-69 08:49:37 GMT'))
