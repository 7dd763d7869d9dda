"""Heads of responses that have no body (RFC 9110 section 8.6)."""

import pytest

from host_tests.http.wire import exchange
from host_tests.looping import during

GET = b'GET / HTTP/1.1\r\nHost: b\r\n\r\n'
LAST = b'GET / HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n'


def answers(serve, status, send):
    """What comes for two requests that are answered with `status` and a Content-Length that the app has set."""

    def handler(req, res):
        res.status_code = status
        send(res.set_header('Content-Length', 5).set_header('X-Seen', 'yes'))

    raw = during(exchange, serve(handler).port(), GET + LAST)
    assert raw.count(f'HTTP/1.1 {status} '.encode()) == raw.count(b'X-Seen: yes') == 2
    return raw


SENDING = {
    'end': lambda res: res.end(),
    'body': lambda res: res.end('hello'),
    'pieces': lambda res: (res.write('hel'), res.end('lo')),
    'head first': lambda res: res.flush_headers().end(),
}


@pytest.mark.parametrize('send', SENDING.values(), ids=SENDING)
def test_no_content_has_no_length_either(serve, send):
    raw = answers(serve, 204, send)
    assert b'content-length' not in raw.lower() and b'hello' not in raw


def test_not_modified_may_tell_the_length_that_the_file_has(serve):
    assert answers(serve, 304, SENDING['end']).count(b'Content-Length: 5\r\n') == 2
