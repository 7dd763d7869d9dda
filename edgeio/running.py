"""The handlers that still run: how many of one client's, and what holds the client back.

A handler that is a coroutine or a generator runs as a task for each message, and takes as long as it likes. A client
that sends faster than its handlers end is held back: at Allowance.most of them, or where what all clients' handlers
work at is more than Allowance.most_bytes, nothing more of it is read, until half of them have ended. Nothing is lost by
that; a client that never comes near the bound costs nothing.

A client that goes leaves its running handlers behind, and its place is kept for them (a Running's `above`): so whoever
connects again and again has no more of them run than one who stays.

What can be held back, a peer, has `running` (None as long as no handler took its time), `new_running()`, which makes
the Running, `hold()` and `release()`, which stop reading from the client and go on with it.
"""

from .compat import memory_size, size_of
from .errors import EdgeError
from .events import EventEmitter, call
from .report import report
from .timers import set_immediate

MAX_RUNNING = 256
"""Handlers that run for one client at one time, where nothing else is said (option max_running_handlers)."""

SHARE = 12
"""One part in so many of the memory is for the messages that all clients' running handlers work at."""


def run(peer, emitter, name, args, guard=None):
    """As `emitter.emit(name, *args)`, for what the client behind `peer` sent: what takes its time is charged to it.
    guard: who deals with exceptions, see `events.call`."""
    handlers = emitter._events.get(name) if emitter._events else None
    if not handlers:
        return False
    for handler in handlers:
        if not handler[3] or emitter._forget(name, handler):
            task = call(handler, args, name, guard)
            if task is not None:
                charge(peer, task, args)
    return True


def charge(peer, task, args=()):
    """Counts `task`, which has begun by what the client behind `peer` sent, until it ends.

    task: a Task, or whatever else has `settled`, `weight` (0), and calls `counter.ended(task)` of its attribute
    `counter`; one that has ended counts nothing. args: what it works at (list or tuple).
    """
    if not task.settled:
        running_of(peer).add(task, args)


def running_of(peer):
    """The Running of `peer`, made where there is none yet."""
    if peer.running is None:
        peer.running = peer.new_running()
    return peer.running


class Peer(EventEmitter):
    """What a client sends to, and has a `server` with an `allowance`: its events' handlers count as that client's.

    Subclasses define hold() and release().
    """

    __slots__ = ('running',)

    def __init__(self):
        EventEmitter.__init__(self)
        self.running = None

    run = run
    charge = charge

    def emit(self, name, *args):
        """Calls the handlers of `name` with `args`; True where there were any."""
        return run(self, self, name, args)

    def call(self, handler, args, where):
        """As events.call, for what this client sent."""
        task = call(handler, args, where)
        if task is not None:
            charge(self, task, args)

    def new_running(self):
        """The Running, with the first handler that takes its time."""
        return Running(self, self.server.allowance)


class Allowance:
    """How many handlers of one client may run at one time. One for a whole server: it tells once that one is held.

    told: it is not told. bytes: of what all the handlers work at; most_bytes: a SHARE of the memory.
    """

    __slots__ = ('most', 'bytes', 'most_bytes', '_told')

    def __init__(self, most, told=False):
        self.most = most
        self.bytes = 0
        self.most_bytes = memory_size() // SHARE
        self._told = told

    def tell(self, count):
        """A client is held back. Who wrote the app shall know why it is slow; once, for it may happen often."""
        if not self._told:
            self._told = True
            text = 'a client is held back until its handlers have ended: it sends faster than they do'
            seen, expected = str(count) + ' of them running', 'fewer than ' + str(self.most)
            if count < self.most:
                seen = str(self.bytes) + ' bytes in the messages that are handled'
                expected = str(self.most_bytes) + ' at most, a part of the memory'
            report(EdgeError('running.held', text, seen, expected, 'max_running_handlers'), 'the handlers of a client')


class Running:
    """The running handlers of one peer. count: how many; held: the client is held back.

    above: None, or who counts them too, as a Running does that of what the peer is a part of: by `begun()` and
    `ended(task)`.
    """

    __slots__ = ('count', 'held', '_peer', '_allowance', '_above', '_then', '_going_on')

    def __init__(self, peer, allowance, above=None):
        self.count = 0
        self.held = False
        self._peer = peer
        self._allowance = allowance
        self._above = above
        self._then = None
        self._going_on = False

    def add(self, task, args):
        """One more, that works at `args`."""
        task.counter = self
        if args:
            task.weight = weight_of(args)
            self._allowance.bytes += task.weight
        self.begun()

    def begun(self):
        """One more, that calls `ended`."""
        self.count += 1
        if self._above is not None:
            self._above.begun()
        allowance = self._allowance
        if (self.count >= allowance.most or allowance.bytes > allowance.most_bytes) and not self.held:
            self.held = True
            allowance.tell(self.count)
            self._peer.hold()

    def ended(self, task):
        """One less (the Task's call; None: that of what is a part of the peer)."""
        self.count -= 1
        if task is not None:
            self._allowance.bytes -= task.weight
        if self._above is not None:
            self._above.ended(None)
        if self.held and not self._going_on and self._may_go_on():
            # Not from here: whoever resolves a promise shall not find other handlers run inside that call.
            self._going_on = True
            set_immediate(self._release)
        if self.count == 0 and self._then is not None:
            then, self._then = self._then, None
            then()

    def when_none(self, fn):
        """Calls `fn()` once none of them runs; at once, where none does."""
        if self.count == 0:
            fn()
        else:
            self._then = fn

    def _may_go_on(self):
        # Who has none left goes on in any case: then it is others that fill the memory.
        allowance = self._allowance
        return self.count == 0 or self.count <= allowance.most >> 1 and allowance.bytes <= allowance.most_bytes

    def _release(self):
        self._going_on = False
        if self.held and self._may_go_on():
            self.held = False
            self._peer.release()


def weight_of(args):
    """Bytes (int), about, of what a handler was called with: each value, and what it holds."""
    weight, waiting = 0, [args]
    while waiting:
        value = waiting.pop()
        weight += size_of(value)
        kind = type(value)
        if kind is list or kind is tuple:
            waiting.extend(value)
        elif kind is dict:
            waiting.extend(value)
            waiting.extend(value.values())
    return weight
