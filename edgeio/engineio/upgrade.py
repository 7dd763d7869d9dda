"""The way from long-polling to WebSocket. Loaded with the first WebSocket that asks for it.

    polling --- websocket opens with the same sid ---> probing (2probe, 3probe) --- 5 ---> websocket

While it probes, messages still go by polling; a parked poll is answered (with a noop if need be), because the
client pauses polling before it sends `5`. What is buffered at that moment leaves by WebSocket, in order: an upgrade
loses and repeats nothing (`Session.take_over`). A POST is answered at once, even where its packets have to wait for
handlers (`Session.hold`) or for their turn: the client would wait for that as well, and hear nothing meanwhile.
"""

from ..timers import set_timeout
from ..websocket.codec import GOING_AWAY, PROTOCOL_ERROR
from .codec import NOOP, PING, PONG, UPGRADE
from .session import OPEN

PROBE_NOOP = 100
"""Milliseconds after which a poll that is parked during a probe is answered with a noop."""


class Upgrade:
    """One WebSocket's attempt to become the transport of `session`. probed: the probe has come, and was answered."""

    __slots__ = ('probed', '_session', '_ws', '_timer')

    def __init__(self, session, ws):
        self._session = session
        self._ws = ws
        self.probed = False
        self._timer = set_timeout(self.fail, session.server.options['upgrade_timeout'])

    def on_packet(self, packet):
        """A packet from the WebSocket."""
        session = self._session
        if session.state != OPEN or type(packet) is not str:
            self.fail()
        elif packet == PING + 'probe':
            self._ws.send_text(PONG + 'probe')
            if not self.probed:
                self.probed = True
                session.answer_post()
                session.emit('upgrading', self._ws)
                set_timeout(self._release_poll, PROBE_NOOP)
        elif packet[:1] == UPGRADE and self.probed:
            self.end()
            session.take_over(self._ws)
        else:
            self.fail()

    def fail(self):
        """It comes to nothing; polling goes on."""
        if self._session.upgrade is self:
            self.end()
            self._ws.close(PROTOCOL_ERROR, 'the upgrade failed')

    def session_closed(self):
        """The session ended."""
        self.end()
        self._ws.close(GOING_AWAY)

    def end(self):
        """It is over, whichever way: what the WebSocket says is not a probe's any more."""
        self._session.upgrade = None
        self.probed = False
        self._timer.clear()
        self._ws.step_down()

    def _release_poll(self):
        # Polls keep coming until the client has seen the probe's answer.
        session = self._session
        if self.probed and session.state == OPEN:
            if session.polling.parked:
                session.polling.answer([NOOP])
            set_timeout(self._release_poll, PROBE_NOOP)
