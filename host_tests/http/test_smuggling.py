"""A request hidden behind an ambiguous one is never answered (RFC 9112 section 11.2)."""

import re

import pytest

from host_tests.http.test_codec import CHUNKED, REFUSED, REFUSED_CHUNKS, SMUGGLED, post
from host_tests.http.wire import exchange
from host_tests.looping import during

CASES = {name: data for name, (data, _) in REFUSED.items()}
CASES.update({'chunks with ' + name: post(CHUNKED, body) for name, body in REFUSED_CHUNKS.items()})


def answer(req, res):
    """A handler that answers whatever comes, when the body is there."""
    req.read_body(1000000, lambda error, data: None if error else res.end('served ' + req.url))


def answer_at_once(req, res):
    """A handler that does not care about bodies."""
    res.end('served ' + req.url)


@pytest.mark.parametrize('handler', [answer, answer_at_once])
@pytest.mark.parametrize('name', CASES)
def test_nothing_behind_an_ambiguous_request_is_answered(serve, name, handler):
    raw = during(exchange, serve(handler).port(), CASES[name] + SMUGGLED * 2)
    assert b'smuggled' not in raw
    if handler is answer:
        assert len(re.findall(rb'HTTP/1\.1 \d\d\d ', raw)) == 1 and raw[9:12] in (b'400', b'417', b'501', b'505')
    assert b'Connection: close' in raw or b'served /in' in raw


def test_refusal_says_what_was_seen_and_expected(serve):
    raw = during(exchange, serve(answer).port(), b'GET / HTTP/1.1\r\nHost : board\r\n\r\n')
    assert b'\r\nContent-Type: text/plain; charset=utf-8\r\n' in raw
    assert b"the request is malformed; seen: b'Host : board'; expected: NAME: VALUE" in raw
    assert raw.endswith(b'[http.bad_header]\n')


def test_server_counts_and_tells_violations(serve):
    server = serve(answer)
    seen = []
    server.on('client_error', lambda error, peer: seen.append((error.code, peer[0])))
    during(exchange, server.port(), b'nonsense\r\n\r\n')
    assert server.violations == 1 and seen == [('http.bad_request_line', '127.0.0.1')]
