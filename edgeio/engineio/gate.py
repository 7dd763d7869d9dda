"""Whether a request may begin a session, or go on with one: verified, asked of the app, given an id."""

from ..compat import is_generator
from ..errors import OptionError
from ..report import report
from .errors import (
    BAD_HANDSHAKE_METHOD,
    BAD_REQUEST,
    FORBIDDEN,
    UNKNOWN_SID,
    UNKNOWN_TRANSPORT,
    Refusal,
    unsupported,
)

_REVISIONS = {'3': 3, '4': 4}


class Gate:
    """The rules of one server."""

    def __init__(self, server):
        self._server = server

    def verify(self, req, upgrade, done):
        """Calls `done`, at once or later, with the sid that `req` may use, an open session's or a new one's; or with
        the Refusal. upgrade: it is a WebSocket handshake. `done` looks after its own exceptions."""
        query = req.query
        transport = field(query, 'transport')
        served = self._server.options['transports']
        if transport not in served:
            done(Refusal(UNKNOWN_TRANSPORT, {'transport': transport}, 'served here: ' + ', '.join(served)))
        elif upgrade and transport != 'websocket':
            done(Refusal(BAD_REQUEST, {'name': 'TRANSPORT_MISMATCH', 'transport': transport}))
        elif 'sid' in query:
            self._verify_upgrade(req, self._verify_sid(req, field(query, 'sid'), transport, upgrade), done)
        elif req.method != 'GET':
            done(Refusal(BAD_HANDSHAKE_METHOD, {'method': req.method}))
        elif transport == 'websocket' and not upgrade:
            done(Refusal(BAD_REQUEST, {'name': 'TRANSPORT_HANDSHAKE_ERROR'}))
        elif self.revision(query) is None:
            done(unsupported(field(query, 'EIO'), self._revisions()))
        else:
            self._server.cors.check(req, lambda refusal: done(refusal) if refusal else self._ask(req, done))

    def revision(self, query):
        """The protocol revision that a query asks for (3 or 4), None for one that is not served."""
        revision = _REVISIONS.get(field(query, 'EIO'))
        return revision if revision in self._revisions() else None

    def _revisions(self):
        return (3, 4) if self._server.options['allow_eio3'] else (4,)

    def _verify_sid(self, req, sid, transport, upgrade):
        session = self._server.sessions.get(sid)
        if session is None or not session.is_of(req):
            return Refusal(UNKNOWN_SID, {'sid': sid})
        if not upgrade:  # and yet not one of its polls
            return Refusal(BAD_REQUEST, {'name': 'TRANSPORT_MISMATCH', 'transport': transport})
        if not self._server.options['allow_upgrades']:
            return Refusal(BAD_REQUEST, {'setting': 'allow_upgrades'}, 'sessions keep their transport here')
        return sid

    def _verify_upgrade(self, req, sid, done):
        # A browser sends cookies with a WebSocket handshake to anywhere: its origin is looked at each time.
        if isinstance(sid, Refusal):
            done(sid)
        else:
            self._server.cors.check(req, lambda refusal: done(refusal or sid))

    def _ask(self, req, done):
        """Asks the app (option allow_request)."""
        allow = self._server.options['allow_request']
        if allow is None:
            self._identify(req, done)
            return
        from ..http.question import ask

        def answered(error, success):
            if success:
                self._identify(req, done)
            else:
                message = error if isinstance(error, str) else None
                done(Refusal(FORBIDDEN, {'message': message}, message=message))

        ask(req.connection, allow, (req,), answered, 'allow_request')

    def _identify(self, req, done):
        """Makes the id of a new session. `generate_id` may be a coroutine function: then it takes its time."""
        try:
            sid = self._server.generate_id(req)
        except Exception as exc:
            report(exc, 'generate_id')
            done(_no_id())
            return
        if is_generator(sid):
            self._await_id(req, sid, done)
        else:
            done(self._check_id(sid))

    def _await_id(self, req, work, done):
        from ..http.question import wait_for

        def identified(error, sid):
            done(_no_id() if sid is False else self._check_id(sid))

        wait_for(req.connection, work, identified, 'generate_id')

    def _check_id(self, sid):
        if isinstance(sid, str) and sid and sid not in self._server.sessions:
            return sid
        error = OptionError('eio.sid', 'generate_id gave an id that cannot be used', repr(sid), 'a new str')
        report(error, 'generate_id')
        return _no_id()


def _no_id():
    return Refusal(BAD_REQUEST, {'name': 'ID_GENERATION_ERROR'})


def field(query, name):
    """The field `name` of a query (str), the first of several; None where it is missing."""
    value = query.get(name)
    return value[0] if type(value) is list else value
