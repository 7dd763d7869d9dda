from collections.abc import Callable, Coroutine
from typing import Any, Literal, Protocol

from .asyncio_bridge import AsyncioTask
from .report import report as report
from .report import set_on_error as set_on_error
from .tasks import Cancelled as Cancelled
from .tasks import Promise as Promise
from .tasks import Task as Task
from .tasks import current_task as current_task
from .tasks import readable as readable
from .tasks import sleep as sleep
from .tasks import spawn as spawn
from .tasks import writable as writable
from .timers import clear_immediate as clear_immediate
from .timers import clear_interval as clear_interval
from .timers import clear_timeout as clear_timeout
from .timers import set_immediate as set_immediate
from .timers import set_interval as set_interval
from .timers import set_timeout as set_timeout

_Descriptors = list[list[int]]

class _Check(Protocol):
    quit: bool

class IoEvent:
    method: Literal['read', 'write', 'except']
    fd: int
    arg: Any

def event(
    method: Literal['read', 'write', 'except'],
    fd: int,
    callback: Callable[[Any, IoEvent], Any],
    errback: Callable[[Any, IoEvent], Any] | None = None,
    arg: Any = None,
) -> IoEvent: ...
def add(ioevent: IoEvent) -> None: ...
def once(ioevent: IoEvent) -> None: ...
def remove(ioevent: IoEvent | None = None) -> None: ...
def listening(ioevent: IoEvent) -> bool: ...
def fds(user: _Descriptors | None = None) -> _Descriptors: ...
def select(user: _Descriptors | None = None, timeout: float | None = None) -> _Descriptors: ...
def poll(timeout: float | None = None) -> Any: ...
def forever(check: _Check | Callable[[], object] | None = None, timeout: float | None = None) -> None: ...
def spawn_asyncio(coro: Coroutine[Any, Any, Any], where: str = 'an asyncio task') -> AsyncioTask: ...
async def run_in_asyncio(check: _Check | Callable[[], object] | None = None) -> None: ...
