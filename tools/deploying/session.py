"""A session with a board's agent: requests go out, answers and what is followed come back."""

import time
from collections import deque

from board.link import NO_ANSWER, Link

from .port import DeployError, LineLost, Port, reopen

WAIT = 0.05
"""Seconds that one look at the line takes at most."""


class Refused(DeployError):
    """The board refused a request; code, text and the rest are its own. log: the app's last words (bytes), or b''."""

    def __init__(self, error):
        super().__init__(error['code'], error['text'], error['seen'], error['expected'], error['setting'])
        self.log = error.get('log', b'')


class Session:
    """A session over `port`. Usable with `with`. DeployError where the board does not answer, or has another key."""

    def __init__(self, port, key):
        self._port = port
        self._key = key
        self._answers = {}
        self._more = deque()
        self._serial = 0
        self.link = Link(key, initiator=True)
        self._begin()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def close(self):
        """Ends the session and gives the port back."""
        if self.link.state == 'open':
            self.link.close('the command has ended')
            try:
                self._transmit()
            except LineLost:
                pass
        self._port.close()

    def resume(self, seconds):
        """Opens the port again, within `seconds`, and begins a new session."""
        self._port.close()
        self._port = reopen(self._port.name, self._port.speed, seconds)
        self._answers.clear()
        self._more.clear()
        self.link = Link(self._key, initiator=True)
        self._begin()

    def ask(self, do, **arguments):
        """Sends a request and waits for its answer; Refused where the board says no, LineLost without a line."""
        return self.answer(self.request(do, **arguments))

    def request(self, do, **arguments):
        """Sends a request; its id, for `answer`."""
        self._serial += 1
        self.link.send({'id': self._serial, 'do': do, **arguments})
        self._transmit()
        return self._serial

    def answer(self, request):
        """Waits for the answer to a request."""
        while request not in self._answers:
            self.turn()
        message = self._answers.pop(request)
        if 'error' in message:
            raise Refused(message['error'])
        return message['ok']

    def more(self):
        """What a followed request has brought since (list); waits a moment for some."""
        if not self._more:
            self.turn()
        found = list(self._more)
        self._more.clear()
        return found

    def turn(self, seconds=WAIT):
        """Carries bytes both ways, for `seconds` at most. LineLost where the session ends."""
        self._transmit()
        wait = self.link.wait(_now())
        if wait is not None:
            seconds = min(seconds, max(0.001, wait / 1000))
        data = self._port.read(seconds)
        if data:
            self.link.receive(data, _now())
        self._transmit()
        while True:
            message = self.link.take()
            if message is None:
                break
            if 'more' in message:
                self._more.append(message['more'])
            else:
                self._answers[message['id']] = message
        if self.link.state == 'closed':
            raise LineLost({'silence': 'the board says nothing any more'}.get(self.link.reason, self.link.reason))

    def _begin(self):
        self.link.open(_now())
        while self.link.state == 'opening':
            self._transmit()
            data = self._port.read(WAIT)
            if data:
                self.link.receive(data, _now())
        if self.link.state == 'closed':
            self._port.close()
            raise self._no_session()

    def _no_session(self):
        if self.link.reason == 'wrong key':
            return DeployError(
                'deploy.wrong_key', f'the board at {self._port.name} has another key', 'it did not take our proof',
                'the key that keygen made for this board', '--key',
            )  # fmt: skip
        garbled = self.link.frames.damaged
        seen = f'{garbled} garbled frames: is this the right speed?' if garbled else 'nothing'
        speed = '' if '://' in self._port.name else f' at {self._port.speed} baud'
        return DeployError(
            'deploy.no_answer', f'no answer from {self._port.name}{speed}', f'{seen}, within {NO_ANSWER // 1000} s',
            'a running agent', '--speed, --port; is the agent running? (board/install.sh)',
        )  # fmt: skip

    def _transmit(self):
        data = self.link.transmit(_now())
        if data:
            self._port.write(data)


def connect(name, speed, key):
    """A Session with the board at the port `name`."""
    return Session(Port(name, speed), key)


def _now():
    return time.monotonic() * 1000
