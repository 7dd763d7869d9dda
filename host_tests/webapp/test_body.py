"""Body parsers: json, urlencoded, raw, text."""

import pytest

from edgeio.errors import OptionError
from edgeio.webapp import body


def parsed(app, tester, parser, data, kind, **headers):
    """What `parser` makes of a body, as text; or the error's status and code."""
    app.use(parser)
    app.post('/', lambda req, res: res.send(repr(req.body)))
    app.use(lambda err, req, res, next: res.status(err.status).send(err.code))
    fields = {'Content-Type': kind, **{name.replace('_', '-'): value for name, value in headers.items()}}
    answer = tester.ask('POST', '/', data, fields)
    return answer.text if answer.status == 200 else (answer.status, answer.text)


JSON = 'application/json'
FORM = 'application/x-www-form-urlencoded'

PARSED = [
    (body.json, {}, b'{"a": [1, 2.5, null, "\xc3\xa9"]}', JSON, "{'a': [1, 2.5, None, '\xe9']}"),
    (body.json, {}, b' [] ', JSON + '; charset=UTF-8', '[]'),
    (body.json, {}, b'{}', 'application/vnd.api+json', '{}'),
    (body.json, {'strict': False}, b'5', JSON, '5'),
    (body.json, {'type': 'text/*'}, b'{}', 'text/plain', '{}'),
    (body.json, {'type': lambda req: True}, b'{}', 'anything/else', '{}'),
    (body.json, {}, b'{}', 'text/plain', 'None'),
    (body.json, {}, b'', JSON, 'None'),
    (body.urlencoded, {}, b'a=1&b=%C3%A9+x&a=2', FORM, "{'a': ['1', '2'], 'b': '\xe9 x'}"),
    (body.urlencoded, {}, b'a=1', JSON, 'None'),
    (body.raw, {}, b'\0\xff', 'application/octet-stream', "b'\\x00\\xff'"),
    (body.raw, {'type': '*/*'}, b'x', 'image/png', "b'x'"),
    (body.text, {}, b'\xc3\xa9', 'text/plain', "'\xe9'"),
    (body.text, {}, b'\xe9', 'text/plain; charset=ISO-8859-1', "'\xe9'"),
    (body.text, {'default_charset': 'latin1'}, b'\xe9', 'text/plain', "'\xe9'"),
]


@pytest.mark.parametrize(('make', 'options', 'data', 'kind', 'expected'), PARSED)
def test_body_is_parsed(app, tester, make, options, data, kind, expected):
    assert parsed(app, tester, make(options), data, kind) == expected


REFUSED = [
    (body.json, {}, b'{"a": 1', JSON, (400, 'body.malformed')),
    (body.json, {}, b'{"a" 1}', JSON, (400, 'body.malformed')),
    (body.json, {}, b'[1,]', JSON, (400, 'body.malformed')),
    (body.json, {}, b"{'a': 1}", JSON, (400, 'body.malformed')),
    (body.json, {}, b'{} {}', JSON, (400, 'body.malformed')),
    (body.json, {}, b'[NaN]', JSON, (400, 'body.malformed')),
    (body.json, {}, b'["\xff"]', JSON, (400, 'body.malformed')),
    (body.json, {}, b'5', JSON, (400, 'body.malformed')),
    (body.json, {}, b'   ', JSON, (400, 'body.malformed')),
    (body.json, {}, b'[' * 50000, JSON, (400, 'body.malformed')),
    (body.json, {}, b'{}', JSON + '; charset=utf-16', (415, 'body.charset')),
    (body.json, {'limit': 5}, b'[1,2,3]', JSON, (413, 'http.body_too_large')),
    (body.urlencoded, {}, b'a=%zz', FORM, (400, 'http.bad_escape')),
    (body.urlencoded, {}, b'a=%ff', FORM, (400, 'http.bad_escape')),
    (body.urlencoded, {'max_fields': 2}, b'a=1&b=2&c=3', FORM, (400, 'http.query_fields')),
    (body.text, {}, b'\xff', 'text/plain', (400, 'body.malformed')),
    (body.text, {}, b'x', 'text/plain; charset=koi8-r', (415, 'body.charset')),
    (body.raw, {'limit': '1kb'}, b'x' * 1025, 'application/octet-stream', (413, 'http.body_too_large')),
]


@pytest.mark.parametrize(('make', 'options', 'data', 'kind', 'expected'), REFUSED)
def test_body_is_refused(app, tester, make, options, data, kind, expected):
    assert parsed(app, tester, make(options), data, kind) == expected


def test_compressed_body_is_refused(app, tester):
    result = parsed(app, tester, body.json(), b'{}', JSON, Content_Encoding='gzip')
    assert result == (415, 'body.coding')


def test_chunked_body_above_the_limit_is_refused(app, tester):
    result = parsed(app, tester, body.raw(limit=10), iter([b'x' * 6, b'x' * 6]), 'application/octet-stream')
    assert result == (413, 'http.body_too_large')


def test_default_limit_is_100_kib(app, tester):
    assert parsed(app, tester, body.raw(), b'x' * 102401, 'application/octet-stream') == (413, 'http.body_too_large')


def test_error_without_handler_tells_the_client_and_is_no_report(app, tester):
    app.use(body.json())
    answer = tester.ask('POST', '/', b'{', {'Content-Type': JSON})
    assert answer.status == 400 and '[body.malformed]' in answer.text


def test_first_parser_that_fits_takes_the_body(app, tester):
    app.use(body.json(), body.urlencoded(), body.text(type='*/*'), body.raw(type='*/*'))
    app.post('/', lambda req, res: res.send(repr(req.body)))
    kinds = [(b'{}', JSON, '{}'), (b'a=1', FORM, "{'a': '1'}"), (b'x', 'a/b', "'x'")]
    for data, kind, expected in kinds:
        assert tester.ask('POST', '/', data, {'Content-Type': kind}).text == expected


@pytest.mark.parametrize('limit', ['many', '5xb', -1, 0, 'kb', ''])
def test_wrong_limit_is_refused(limit):
    with pytest.raises(OptionError, match='limit'):
        body.json(limit=limit)


@pytest.mark.parametrize(('limit', 'expected'), [('100kb', 102400), ('1 MB', 1048576), ('5b', 5), ('7', 7), (9, 9)])
def test_limits_may_have_units(limit, expected):
    assert body._bytes(limit) == expected
