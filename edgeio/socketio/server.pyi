import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, overload

from ..engineio.server import Server as Engine
from ..engineio.session import Session
from ..http.request import Request
from ..http.response import Response
from ..http.server import HttpServer
from ..webapp import WebApp
from .namespace import Namespace, Senders
from .parent import ParentNamespace
from .socket import Socket

_Allow = Callable[..., None]
_Origins = str | Sequence[str] | Callable[[str, _Allow], Any]

OPTIONS: dict[str, Any]

class Server(Senders):
    options: dict[str, Any]
    engine: Engine
    sockets: Namespace
    namespaces: dict[str, Namespace]
    ack_timeout: int
    @overload
    def __init__(self, server: Mapping[str, Any], options: None = None, **kwargs: Any) -> None: ...
    @overload
    def __init__(
        self,
        server: HttpServer | WebApp | None = None,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None: ...
    @overload
    def serve_client(self, value: None = None) -> bool: ...
    @overload
    def serve_client(self, value: bool) -> Self: ...
    @overload
    def path(self, value: None = None) -> str: ...
    @overload
    def path(self, value: str) -> Self: ...
    @overload
    def origins(self, value: None = None) -> _Origins: ...
    @overload
    def origins(self, value: _Origins) -> Self: ...
    def attach(
        self, server: HttpServer | WebApp, options: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Self: ...
    def bind(self, engine: Engine) -> Self: ...
    def onconnection(self, conn: Session) -> Self: ...
    @overload
    def of(self, name: str, fn: Callable[[Socket], Any] | None = None) -> Namespace: ...
    @overload
    def of(
        self,
        name: re.Pattern[str] | Callable[[str, dict[str, Any], _Allow], Any],
        fn: Callable[[Socket], Any] | None = None,
    ) -> ParentNamespace: ...
    def use(self, fn: Callable[[Socket, Callable[..., None]], Any]) -> Self: ...
    def close(self, callback: Callable[[], Any] | None = None) -> Self: ...
    def handle_request(self, req: Request, res: Response) -> None: ...
    def handle_upgrade(self, req: Request, stream: Any, head: bytes) -> None: ...
