from collections.abc import Callable
from typing import Any, Self

from ..events import EventEmitter
from ..http.request import Request

OPEN: str
CLOSING: str
CLOSED: str

class Session(EventEmitter):
    server: Any
    id: str
    protocol: int
    request: Request
    remote_address: str
    state: str
    buffer: list[str | bytes]
    def send(
        self, data: str | bytes | bytearray, callback: Callable[[], Any] | None = None, compress: bool = True
    ) -> Self: ...
    def write(
        self, data: str | bytes | bytearray, callback: Callable[[], Any] | None = None, compress: bool = True
    ) -> Self: ...
    @property
    def writable(self) -> bool: ...
    @property
    def transport(self) -> Any: ...
    @property
    def ready_state(self) -> str: ...
    def close(self, discard: bool = False) -> None: ...
