from collections.abc import Callable
from typing import Any, Self

from ..events import EventEmitter
from ..http.headers import Headers
from ..http.request import Request
from ..http.server import HttpServer
from ..socket import Address
from ..webapp import WebApp

_Origins = str | list[str] | tuple[str, ...] | Callable[..., Any]

class Channel(EventEmitter):
    request: Request
    @property
    def path(self) -> str: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def eos(self) -> Any: ...
    @property
    def closed(self) -> bool: ...
    @property
    def writable(self) -> bool: ...
    def send(self, data: str | bytes | bytearray | memoryview, compress: bool = True) -> bool: ...
    def ping(self, payload: bytes = b'') -> None: ...
    def close(self, code: int = 1000, reason: str = '') -> None: ...

class WsServer(EventEmitter):
    path: str
    channels: set[Channel]
    max_message: int
    ping_interval: int
    origins: _Origins
    @staticmethod
    def create_server(
        path: str,
        where: Address | HttpServer | WebApp,
        tls: Any = None,
        max_message: int = 1048576,
        per_message_deflate: bool | dict[str, Any] = False,
        ping_interval: int = 30000,
        origins: _Origins = '*',
        max_running_handlers: int = 256,
        **options: Any,
    ) -> WsServer: ...
    def start(self) -> Self: ...
    def stop(self, callback: Callable[[], Any] | None = None) -> None: ...
    def port(self) -> int | None: ...
    def broadcast(self, chunk: str | bytes) -> Any: ...
