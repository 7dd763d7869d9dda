"""The errors that Engine.IO clients know: a code, a message, and why (protocol, "Errors")."""

UNKNOWN_TRANSPORT, UNKNOWN_SID, BAD_HANDSHAKE_METHOD, BAD_REQUEST, FORBIDDEN, UNSUPPORTED_PROTOCOL = range(6)

MESSAGES = (
    'Transport unknown',
    'Session ID unknown',
    'Bad handshake method',
    'Bad request',
    'Forbidden',
    'Unsupported protocol version',
)


def fail(exc, res):
    """What should answer by `res` raised `exc`: it is reported, and answered with 500 (HttpServer.fail)."""
    res.connection.server.fail(exc, res.req, res)


class Refusal:
    """Why a request is refused. code: see above; context: dict for the `connection_error` event; detail: for people."""

    def __init__(self, code, context=None, detail=None, message=None):
        self.code = code
        self.context = context or {}
        self.detail = detail
        self.message = MESSAGES[code] if message is None else message

    @property
    def status(self):
        """The HTTP status that goes with it."""
        return 403 if self.code == FORBIDDEN else 400

    def body(self):
        """The JSON body, as a dict."""
        body = {'code': self.code, 'message': self.message}
        if self.detail:
            body['detail'] = self.detail
        return body


def unsupported(revision, served):
    """The refusal of a client that speaks a protocol revision that is not served."""
    return Refusal(
        UNSUPPORTED_PROTOCOL,
        {'protocol': revision},
        'the client speaks Engine.IO revision '
        + (repr(revision)[:12] if revision else 'unknown (no EIO in its query)')
        + '; served here: '
        + ' and '.join(str(r) for r in served)
        + '; use socket.io-client '
        + ' or '.join({3: '1.x and 2.x', 4: '3.x and 4.x'}[r] for r in served),
    )
