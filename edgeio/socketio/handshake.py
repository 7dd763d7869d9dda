"""The handshake details of a socket (document, "socket.handshake")."""

from ..http.date import http_date
from ..http.url import parse_query
from ..names import both_spellings


@both_spellings
class Handshake:
    """What the client said when it connected.

    headers: mapping; time: the date (str); issued: the date (ms since 1970); address: the client's IP (str);
    xdomain: bool, whether it came from another origin; secure: bool; url: str; query: dict; auth: dict, what a
    revision 5 client gave; eos: who is asking (see eos.py), None where there is no valid token.
    """

    __slots__ = ('issued', 'query', 'auth', 'eos', '_req')

    def __init__(self, req, issued, nsp_query, auth):
        """nsp_query: what stood behind the namespace's name (str; revision 4), or None."""
        self._req = req
        self.issued = issued
        self.auth = auth
        self.eos = getattr(req, 'eos', None)
        self.query = merged_query(req, nsp_query)

    @property
    def headers(self):
        """The headers sent as part of the handshake."""
        return self._req.headers

    @property
    def address(self):
        """The client's IP address (str)."""
        return self._req.ip

    @property
    def xdomain(self):
        """True where the client said that it comes from another origin."""
        return self._req.headers.get('origin') is not None

    @property
    def secure(self):
        """True under TLS."""
        return self._req.secure

    @property
    def url(self):
        """The URL of the request (str)."""
        return self._req.url

    @property
    def time(self):
        """`issued` as text: `Tue, 24 Nov 2026 10:00:00 GMT`."""
        return http_date(self.issued // 1000)


def merged_query(req, nsp_query):
    """The fields of the request's query, and over them those of the namespace's (dict)."""
    query = dict(req.query)
    if nsp_query:
        query.update(parse_query(nsp_query))
    return query
