"""A question to the app that it answers by a callback, at once or later: may this request, origin or namespace be?"""

from ..compat import is_generator
from ..errors import StateError
from ..report import report
from ..running import charge
from ..tasks import Cancelled, spawn
from ..timers import clear_timeout, set_timeout
from .handlers import watch_over

ANSWER_TIMEOUT = 30000
"""Milliseconds that the app has to answer; a question that is open then counts as refused."""


def ask(peer, fn, args, answered, where):
    """Calls `fn(*args, callback)`, a coroutine or generator function as a task. What is given to the first
    `callback(error, success)` is given to `answered`; (None, False) where `fn` raises an exception, which is reported,
    or lets ANSWER_TIMEOUT pass.

    peer: whose doing it is (see running.py): question and task count as what runs for it. where: words for the
    report, the option's name. `answered` looks after its own exceptions: whoever calls the
    callback can do nothing about them.
    """
    answer = Answer(answered, where)
    try:
        result = fn(*(args + (answer,)))
        if result is not None and is_generator(result):
            answer.wait(peer, spawn(watch_over(result, answer.fail), where))
        else:
            answer.wait(peer)
    except Exception as exc:
        answer.fail(exc)


def wait_for(peer, work, answered, where):
    """As `ask`, where the answer is the result of `work`, a coroutine or generator: `answered(None, result)`."""

    async def tell():
        result = await task
        if not answer.settled:
            answer(None, result)

    answer = Answer(answered, where)
    task = spawn(watch_over(work, answer.fail), where)
    spawn(tell(), where)
    answer.wait(peer, task)


class Answer:
    """A question's callback: the first call within ANSWER_TIMEOUT ms counts. answered, where: see `ask`."""

    __slots__ = ('counter', '_answered', '_where', '_timer', '_task')

    weight = 0

    def __init__(self, answered, where):
        self._answered = answered  # None once it has been told
        self._where = where
        self.counter = self._timer = self._task = None

    def __call__(self, error=None, success=None):
        answered, self._answered = self._answered, None
        if answered is not None:
            clear_timeout(self._timer)
            if self.counter is not None:
                self.counter.ended(self)
            answered(error, success)

    @property
    def settled(self):
        """True once it is answered."""
        return self._answered is None

    def wait(self, peer, task=None):
        """The time begins, unless the answer has come. task: the Task that works at it; it ends with the time. Both
        are charged to `peer`."""
        if task is not None:
            charge(peer, task)
        charge(peer, self)
        if not self.settled:
            self._task = task
            self._timer = set_timeout(self._give_up, ANSWER_TIMEOUT)

    def fail(self, exc):
        """Whoever should answer raised `exc`: it is reported, and the question counts as refused."""
        if self.settled and isinstance(exc, Cancelled):
            return  # by `_give_up`, which has reported what there is to say
        report(exc, self._where)
        self(None, False)

    def _give_up(self):
        text = 'the app did not answer in time: refused'
        report(StateError('app.no_answer', text, None, 'within %d ms' % ANSWER_TIMEOUT, self._where), self._where)
        self(None, False)
        if self._task is not None:
            self._task.cancel()
