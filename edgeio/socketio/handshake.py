"""The handshake details of a socket (document, "socket.handshake")."""

from ..http.date import http_date
from ..names import camel


class Handshake:
    """What the client said when it connected.

    headers: mapping; time: the date (str); issued: the date (ms since 1970); address: the client's IP (str);
    xdomain: bool, whether it came from another origin; secure: bool; url: str; query: dict; auth: dict, what a
    revision 5 client gave; eos: who is asking, None where the request carries no valid token.
    """

    __slots__ = ('headers', 'issued', 'address', 'xdomain', 'secure', 'url', 'query', 'auth', 'eos')
    __getattr__ = camel

    def __init__(self, req, issued, query, auth):
        self.headers = req.headers
        self.issued = issued
        self.address = req.ip
        self.xdomain = req.headers.get('origin') is not None
        self.secure = req.secure
        self.url = req.url
        self.query = query
        self.auth = auth
        self.eos = getattr(req, 'eos', None)

    @property
    def time(self):
        """`issued` as text: `Tue, 24 Nov 2026 10:00:00 GMT`."""
        return http_date(self.issued // 1000)
