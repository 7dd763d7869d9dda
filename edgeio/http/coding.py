"""Content codings (RFC 9110 section 8.4.1): whether a client takes gzip, and a body in it."""

from ..compat import gzip


def takes_gzip(header):
    """True where an Accept-Encoding header (str or None) allows gzip (section 12.5.3)."""
    for part in (header or '').lower().split(','):
        coding, _, parameters = part.partition(';')
        if coding.strip() in ('gzip', '*'):
            return parameters.replace(' ', '') not in ('q=0', 'q=0.0', 'q=0.00', 'q=0.000')
    return False


def compress_response(res, body, level):
    """`body` (bytes) in gzip, its headers set on `res`; as it was where the client or the runtime has no gzip.

    level: 1 (fast) to 9 (small).
    """
    res.append_header('Vary', 'Accept-Encoding')
    if not takes_gzip(res.req.headers.get('accept-encoding')):
        return body
    data = gzip(body, level)
    if data is None:
        return body
    res.set_header('Content-Encoding', 'gzip')
    return data
