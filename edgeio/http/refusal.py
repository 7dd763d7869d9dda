"""The answer to a request that no handler gets."""

from .message import response_head


def refuse_stream(stream, error, headers=None):
    """Answers a connection that is not served at all, and closes it. error: a ProtocolError; headers: of
    `response.make_fields`, to add.
    """
    stream.write(refusal(error, headers))
    stream.finish(error.code)


def refusal(error, headers=None):
    """The bytes of it: `error` (a ProtocolError) with its status, after which the connection closes."""
    body = (str(error) + '\n').encode()
    fields = {'content-type': ('Content-Type', 'text/plain; charset=utf-8'), 'connection': ('Connection', 'close')}
    if headers:
        fields.update(headers)
    head = response_head(error.status, None, fields)
    return b'%sContent-Length: %d\r\n\r\n%s' % (head, len(body), body)
