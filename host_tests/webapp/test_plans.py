"""The ways of requests that an app remembers: how many, and of which requests."""

import pytest

import edgeio.webapp.app as module
from edgeio.webapp import WebApp
from host_tests.http.wire import exchange
from host_tests.looping import during


def test_plans_remembered_are_bounded(app, tester):
    app.get('/:id', lambda req, res: res.send(req.params['id']))
    raw = b''.join(b'GET /%d HTTP/1.1\r\nHost: b\r\n\r\n' % number for number in range(300))
    answer = during(exchange, tester.port(), raw + b'GET /end HTTP/1.0\r\n\r\n')
    assert answer.endswith(b'end') and 0 < len(app._plans) <= 256


def test_plans_of_long_paths_are_not_remembered(app, tester):
    app.get('/:name', lambda req, res: res.end('found'))
    assert tester.get('/' + 'x' * 200).text == 'found'
    assert tester.get('/' + 'x' * 4000).text == 'found'
    assert [len(path) for _, path in app._plans] == [201]


@pytest.mark.parametrize('line', ['{method} /x', 'GET /{path}'])
def test_plans_of_long_methods_and_of_paths_long_in_either_form_are_not_remembered(app, tester, line):
    app.all('/*', lambda req, res: res.end('found'))
    for size in (80, 300, 7000):
        text = line.format(method='M' * size, path='%22' * (size // 3) + '"' * (size % 3))
        answer = during(exchange, tester.port(), text.encode() + b' HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n')
        assert answer.endswith(b'found')
    during(exchange, tester.port(), b'GET /' + b'"' * 100 + b' HTTP/1.0\r\n\r\n')
    assert len(app._plans) == 1 and max(len(method + path) for method, path in app._plans) < 100


def test_plans_take_a_small_part_of_a_fixed_heap(monkeypatch):
    most = {}
    for heap in (1 << 18, 1 << 21, 1 << 24, 1 << 62):
        monkeypatch.setattr(module, 'heap_size', lambda heap=heap: heap)
        most[heap] = WebApp.create('test', 0)._most_plans
    assert list(most.values()) == [8, 16, 128, 256]
