"""The link between a board and a desktop: CBOR messages, in order and once, over any line of bytes.

Both ends share a key. A session is opened by challenge and response; every frame after that carries an HMAC-SHA256
of its own, cut to 16 bytes. A wrong key gets no answer, and nothing at all is answered for a while after it.

    initiator                                     board
    HELLO      nonce a                  ->
                                        <-        CHALLENGE  nonce a, nonce b
    PROOF      a, b, HMAC(key, proof a b) ->
                                        <-        WELCOME    HMAC(key, welcome a b)
    DATA, ACK, PROBE, CLOSE             <->       DATA, ACK, PROBE, CLOSE

Sans-I/O: the caller carries bytes and says what time it is (ms, never going back):

    link.receive(data, now)      what the line brought; then look at link.state and link.take()
    link.send(message)           queues a message
    link.transmit(now)           the bytes that have to go on the line now
    link.wait(now)               ms until `transmit` must be called again; None: not before something comes
"""

import hmac
import os
import struct
from collections import deque

import cbor2

from edgeio.errors import EdgeError

from .framing import FrameReader, encode_frame
from .window import Receiver, Sender

HELLO, CHALLENGE, PROOF, WELCOME, DATA, ACK, PROBE, CLOSE = range(1, 9)

VERSION = b'edgeio-link-1'
NONCE = 16
"""Bytes of a nonce."""

TAG = 16
"""Bytes of a frame's HMAC: RFC 2104 (section 5) allows to cut it to half."""

KEY = 32
"""Bytes of a board's key."""

FRAGMENT = 512
"""Bytes of a message in one frame: about 50 ms at 115200 baud, so noise costs little."""

MAX_MESSAGE = 1048576
"""Bytes of a message at most."""

REPEAT = 500
"""Milliseconds after which an unanswered HELLO or PROOF is sent again."""

NO_ANSWER = 6000
"""Milliseconds without CHALLENGE after which the initiator gives up."""

NO_WELCOME = 3000
"""Milliseconds without WELCOME after which the initiator takes its key for wrong."""

WRONG_KEY_DELAY = 2000
"""Milliseconds that the board is silent after a wrong proof. (The key has 256 bits: it cannot be guessed anyway.)"""

PROBE_EVERY = 2000
"""Milliseconds of silence after which the initiator asks whether the board is still there."""

SILENCE = 15000
"""Milliseconds of silence after which a session is over."""

_MORE, _LAST = b'\0', b'\1'
_SEQ = struct.Struct('>I')
_ACK = struct.Struct('>IIQ')


class LinkError(EdgeError):
    """A link cannot be had, or is lost."""


def new_key():
    """A key (bytes) for a board."""
    return os.urandom(KEY)


class Link:
    """One end. initiator: True at the desktop, False at the board.

    state: 'idle', 'opening', 'open' or 'closed'; reason: why it is closed (str).
    """

    def __init__(self, key, initiator=False, random=os.urandom):
        if len(key) != KEY:
            raise LinkError('link.key', 'not a key', f'{len(key)} bytes', f'{KEY} bytes', 'keygen')
        self.state = 'idle'
        self.reason = None
        self.wrong_keys = 0
        self.forged = 0
        self.frames = FrameReader()
        self.initiator = initiator
        self._key = key
        self._random = random
        self._control = []  # bodies that wait to be sent, oldest first; one of a kind
        self._messages = deque()  # (message, fragments)
        self._nonces = None  # of the handshake under way: a + b
        self._current = None  # of the session
        self._silent_until = 0
        self._begin_session()

    # -- what the owner calls ------------------------------------------------------------------------------------

    def open(self, now):
        """Begins a session (initiator)."""
        self.state = 'opening'
        self._nonces = None
        self._hello = self._random(NONCE)
        self._asked = self._heard = now
        self._challenged = None
        self._ask()

    def send(self, message):
        """Queues a message (what CBOR can carry). LinkError without a session, or where it is too long."""
        if self.state != 'open':
            raise LinkError('link.not_open', 'there is no session', self.reason or self.state)
        data = cbor2.dumps(message)
        if len(data) > MAX_MESSAGE:
            raise LinkError('link.message_size', 'the message is too long', len(data), f'{MAX_MESSAGE} bytes')
        for start in range(0, len(data), FRAGMENT):
            last = _LAST if start + FRAGMENT >= len(data) else _MORE
            self.sender.put(last + data[start : start + FRAGMENT])

    def take(self):
        """The oldest message that has arrived; None where there is none. Taking makes room for more."""
        if not self._messages:
            return None
        full = self.receiver.limit
        message, fragments = self._messages.popleft()
        self.receiver.untaken -= fragments
        if self.receiver.limit > full and self.receiver.untaken == 0:
            self._must_ack = True
        return message

    @property
    def queued(self):
        """Fragments (of 512 bytes) that the other end has not acknowledged yet."""
        return self.sender.queued

    def close(self, reason='closed'):
        """Ends the session and tells the other end, as far as one frame can."""
        if self.state == 'open':
            self._put(self._sealed(CLOSE, reason.encode()[:200]))
        self._end(reason)

    def receive(self, data, now):
        """Takes in what the line brought (bytes)."""
        for body in self.frames.feed(data):
            kind = body[0]
            if kind in _HANDSHAKE:
                _HANDSHAKE[kind](self, body[1:], now)
            elif self.state == 'open':
                self._receive_sealed(kind, body, now)

    def transmit(self, now):
        """The bytes that have to go on the line now; b'' for none."""
        self._check_time(now)
        bodies, self._control = self._control, []
        if self.state == 'open':
            # A seal at the last moment: the acknowledgement is then as new as it can be.
            bodies += [self._sealed(DATA, _SEQ.pack(seq) + data) for seq, data in self.sender.due(now)]
            if self._must_ack:
                self._must_ack = False
                receiver = self.receiver
                bodies.append(self._sealed(ACK, _ACK.pack(receiver.received, receiver.limit, receiver.seen)))
        if not bodies:
            return b''
        return b'\0' + b''.join([encode_frame(body) for body in bodies])

    def wait(self, now):
        """Milliseconds until `transmit` must be called again; None: not before something comes or is sent."""
        if self._control or self.state == 'open' and self._must_ack:
            return 0
        if self.state == 'opening':
            return max(0, self._asked + REPEAT - now)
        if self.state != 'open':
            return None
        waits = [self._heard + SILENCE - now, self.sender.wait(now)]
        if self.initiator or self.sender.stuck:
            waits.append(max(self._heard, self._asked) + PROBE_EVERY - now)
        return max(0, min(wait for wait in waits if wait is not None))

    def _put(self, body):
        """Queues `body`, in the place of one of its kind: the other end may ask often, and take nothing."""
        self._control = [waiting for waiting in self._control if waiting[0] != body[0]] + [body]

    # -- the handshake -------------------------------------------------------------------------------------------

    def _ask(self):
        if self._nonces is not None:
            self._put(bytes([PROOF]) + self._nonces + self._mac(b'proof', self._nonces))
            if self._asked == self._challenged:
                return
        # After a PROOF that nobody answered: the board may have forgotten the challenge.
        self._put(bytes([HELLO]) + VERSION + self._hello)

    def _on_hello(self, payload, now):
        if self.initiator or now < self._silent_until or payload[:-NONCE] != VERSION:
            return
        theirs = payload[-NONCE:]
        if self._nonces is None or self._nonces[:NONCE] != theirs:
            self._nonces = theirs + self._random(NONCE)
        self._put(bytes([CHALLENGE]) + self._nonces)

    def _on_challenge(self, payload, now):
        if not self.initiator or self.state != 'opening' or payload == self._nonces:
            return
        if len(payload) == 2 * NONCE and payload[:NONCE] == self._hello:
            self._nonces = payload
            if self._challenged is None:
                self._asked = self._challenged = now
            self._ask()

    def _on_proof(self, payload, now):
        nonces, proof = payload[: 2 * NONCE], payload[2 * NONCE :]
        if self.initiator or now < self._silent_until or nonces not in (self._current, self._nonces):
            return  # to an earlier challenge: says nothing about the key
        if not hmac.compare_digest(proof, self._mac(b'proof', nonces)):
            self.wrong_keys += 1
            self._nonces = None
            self._silent_until = now + WRONG_KEY_DELAY
            return
        if nonces != self._current:  # else the first WELCOME was lost
            self._start(now)
        self._put(self._welcome())

    def _welcome(self):
        return bytes([WELCOME]) + self._mac(b'welcome', self._current)

    def _on_welcome(self, payload, now):
        if not self.initiator or self.state != 'opening' or self._nonces is None:
            return
        if hmac.compare_digest(payload, self._mac(b'welcome', self._nonces)):
            self._start(now)

    def _start(self, now):
        self._current, self._nonces = self._nonces, None
        mine, theirs = (b'initiator', b'board') if self.initiator else (b'board', b'initiator')
        self._sealing, self._opening = self._mac(mine, self._current), self._mac(theirs, self._current)
        self._begin_session()
        self.state, self.reason = 'open', None
        self._heard = self._asked = now

    def _begin_session(self):
        self.sender, self.receiver = Sender(), Receiver()
        self._messages.clear()
        self._partial = bytearray()
        self._fragments = 0
        self._must_ack = False

    def _mac(self, label, nonces):
        return hmac.digest(self._key, VERSION + label + nonces, 'sha256')

    # -- the session ---------------------------------------------------------------------------------------------

    def _sealed(self, kind, payload=b''):
        body = bytes([kind]) + payload
        return body + hmac.digest(self._sealing, body, 'sha256')[:TAG]

    def _receive_sealed(self, kind, body, now):
        plain, tag = body[:-TAG], body[-TAG:]
        if not plain or not hmac.compare_digest(tag, hmac.digest(self._opening, plain, 'sha256')[:TAG]):
            self.forged += 1  # or a frame of an earlier session
            return
        self._heard = now
        payload = plain[1:]
        if kind == DATA and len(payload) > _SEQ.size:
            self._must_ack = True
            for fragment in self.receiver.put(_SEQ.unpack_from(payload)[0], payload[_SEQ.size :]):
                self._add_fragment(fragment)
        elif kind == ACK and len(payload) == _ACK.size:
            received, limit, seen = _ACK.unpack(payload)
            self.sender.on_ack(received, limit, seen, now)
        elif kind == PROBE:
            self._must_ack = True
        elif kind == CLOSE:
            self._end(payload.decode('utf-8', 'replace') or 'closed')

    def _add_fragment(self, fragment):
        self._partial += fragment[1:]
        self._fragments += 1
        if len(self._partial) > MAX_MESSAGE:
            self.close('a message is too long')
        elif fragment[:1] == _LAST:
            data, self._partial = bytes(self._partial), bytearray()
            fragments, self._fragments = self._fragments, 0
            try:
                message = cbor2.loads(data)
            except Exception as exc:  # the library's own errors have many types
                self.close(f'a message is not CBOR: {exc}')
                return
            self._messages.append((message, fragments))
            self.receiver.untaken += fragments

    def _check_time(self, now):
        if self.state == 'opening':
            if self._challenged is None and now - self._heard >= NO_ANSWER:
                self._end('no answer')
            elif self._challenged is not None and now - self._challenged >= NO_WELCOME:
                self._end('wrong key')
            elif now - self._asked >= REPEAT:
                self._asked = now
                self._ask()
        elif self.state == 'open':
            if now - self._heard >= SILENCE:
                self._end('silence')
            elif (self.initiator or self.sender.stuck) and now - max(self._heard, self._asked) >= PROBE_EVERY:
                self._asked = now
                self._put(self._sealed(PROBE))

    def _end(self, reason):
        if self.state != 'closed':
            self.state, self.reason = 'closed', reason


_HANDSHAKE = {
    HELLO: Link._on_hello,
    CHALLENGE: Link._on_challenge,
    PROOF: Link._on_proof,
    WELCOME: Link._on_welcome,
}
