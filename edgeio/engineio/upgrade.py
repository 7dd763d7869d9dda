"""The way from long-polling to WebSocket. Loaded with the first WebSocket that asks for it.

    polling --- websocket opens with the same sid ---> probing (2probe, 3probe) --- 5 ---> websocket

While it probes, messages still go by polling; a parked poll is answered (with a noop if need be), because the
client pauses polling before it sends `5`. What is buffered at that moment leaves by WebSocket, in order: an upgrade
loses and repeats nothing (`Session.take_over`).
"""

from ..timers import clear_timeout, set_timeout
from ..websocket.codec import GOING_AWAY, PROTOCOL_ERROR
from .codec import NOOP, PING, PONG, UPGRADE
from .session import OPEN

PROBE_NOOP = 100
"""Milliseconds after which a poll that is parked during a probe is answered with a noop."""


class Upgrade:
    """One WebSocket's attempt to become the transport of `session`."""

    __slots__ = ('_session', '_ws', '_probed', '_timer')

    def __init__(self, session, ws):
        self._session = session
        self._ws = ws
        self._probed = False
        self._timer = None
        self.wait()

    def on_packet(self, packet):
        """A packet from the WebSocket."""
        session = self._session
        if session.state != OPEN or type(packet) is not str:
            self.fail()
        elif packet == PING + 'probe':
            self._ws.send_text(PONG + 'probe')
            if not self._probed:
                self._probed = True
                session.emit('upgrading', self._ws)
                set_timeout(self._release_poll, PROBE_NOOP)
        elif packet[:1] == UPGRADE and self._probed:
            self.end()
            session.take_over(self._ws)
        else:
            self.fail()

    def wait(self):
        """Gives the client the whole time, from now on: it goes over when its POST is answered, which is not while the
        session is held."""
        clear_timeout(self._timer)
        self._timer = set_timeout(self._time_up, self._session.server.options['upgrade_timeout'])

    def _time_up(self):
        if self._session.held:
            self.wait()
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
        self._probed = False
        self._timer.clear()
        self._ws.step_down()

    def _release_poll(self):
        # Polls keep coming until the client has seen the probe's answer.
        session = self._session
        if self._probed and session.state == OPEN:
            if session.polling.parked:
                session.polling.answer([NOOP])
            set_timeout(self._release_poll, PROBE_NOOP)
