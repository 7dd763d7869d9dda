"""HTTP requests on a Wire."""


class Response:
    """status (int); headers: {lower-case name: value}; body (bytes)."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body


async def request(wire, method, path, headers=(), body=b'', version='1.1'):
    """Sends a request and returns the Response; the Wire can be used again where the server keeps it open."""
    lines = ['%s %s HTTP/%s' % (method, path, version), 'Host: 127.0.0.1']
    lines.extend(headers)
    if body or method == 'POST':
        lines.append('Content-Length: %d' % len(body))
    await wire.send(('\r\n'.join(lines) + '\r\n\r\n').encode() + body)
    return await response(wire, method)


async def response(wire, method='GET'):
    """Reads the next response."""
    status, headers = await response_head(wire)
    while status == 100:
        status, headers = await response_head(wire)
    if method == 'HEAD' or status in (101, 204, 304):
        body = b''
    elif headers.get('transfer-encoding') == 'chunked':
        body = await _chunks(wire)
    elif 'content-length' in headers:
        body = await wire.take(int(headers['content-length']))
    else:
        body = await wire.take_all()
    return Response(status, headers, body)


async def response_head(wire):
    """(status, headers) of the next response."""
    lines = str(await wire.take_until(b'\r\n\r\n'), 'utf-8').split('\r\n')
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(':')
        headers[name.lower()] = value.strip()
    return int(lines[0].split(' ')[1]), headers


async def _chunks(wire):
    body = b''
    while True:
        size = int(str(await wire.take_until(b'\r\n'), 'utf-8'), 16)
        body += await wire.take(size)
        assert await wire.take_until(b'\r\n') == b''
        if size == 0:
            return body
