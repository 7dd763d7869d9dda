from collections.abc import Callable
from typing import Any

def report(exc: BaseException, where: object) -> None: ...
def set_on_error(
    fn: Callable[[BaseException, Any], Any] | None = None,
) -> Callable[[BaseException, Any], Any]: ...
