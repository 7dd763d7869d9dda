from typing import Any

from ..errors import EdgeError

class AckTimeout(EdgeError):
    responses: list[Any] | None
    def __init__(self, why: str, responses: list[Any] | None = None) -> None: ...

class Ack:
    def __call__(self, *args: Any) -> None: ...
