from collections.abc import Callable, Mapping
from typing import Any

def static(root: str, options: Mapping[str, Any] | None = None, **kwargs: Any) -> Callable[[Any, Any, Any], Any]: ...
