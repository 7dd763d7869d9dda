"""A question to the app that it answers by a callback, at once or later: may this request, origin or namespace be?"""

from ..compat import is_generator
from ..http.handlers import watch_over
from ..report import report
from ..tasks import spawn


def ask(fn, args, answered, where):
    """Calls `fn(*args, callback)`, a coroutine or generator function as a task. What is given to the first
    `callback(error, success)` is given to `answered`; (None, False) where `fn` raises an exception, which is reported.

    where: words for the report, the option's name.
    """
    callback = _Callback(answered)

    def failed(exc):
        report(exc, where)
        callback(None, False)

    try:
        result = fn(*(args + (callback,)))
        if result is not None and is_generator(result):
            spawn(watch_over(result, failed), where)
    except Exception as exc:
        if callback.answered is None:
            raise  # not by `fn`, but by what follows the answer
        failed(exc)


class _Callback:
    """The first call counts. answered: whom it tells, None after that."""

    __slots__ = ('answered',)

    def __init__(self, answered):
        self.answered = answered

    def __call__(self, error=None, success=None):
        answered, self.answered = self.answered, None
        if answered is not None:
            answered(error, success)
