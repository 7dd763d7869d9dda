from collections.abc import Callable
from typing import Any, Self

from ..events import EventEmitter
from ..socket import Address
from .request import Request
from .response import Response

def create_server(
    group: str,
    handler: Callable[[Request, Response], Any] | None = None,
    subs: int = 0,
    saddr: Address | None = None,
    tls: Any = None,
    **options: Any,
) -> HttpServer: ...

class HttpServer(EventEmitter):
    group: str
    handler: Callable[..., Any] | None
    subs: int
    saddr: Address | None
    limits: dict[str, Any]
    violations: int
    def __init__(
        self,
        group: str,
        handler: Callable[[Request, Response], Any] | None = None,
        subs: int = 0,
        saddr: Address | None = None,
        tls: Any = None,
        **options: Any,
    ) -> None: ...
    def start(self) -> Self: ...
    def stop(self, callback: Callable[[], Any] | None = None) -> None: ...
    def port(self) -> int | None: ...
    @property
    def listening(self) -> bool: ...
    @property
    def connections(self) -> int: ...
    def mount(self, path: str, engine: Any) -> None: ...
    def unmount(self, path: str) -> None: ...
