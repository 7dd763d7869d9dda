from collections.abc import Callable, Mapping
from typing import Any, Self

from ..events import EventEmitter
from ..http.request import Request
from ..http.response import Response
from ..http.server import HttpServer
from ..webapp import WebApp
from .session import Session

class Server(EventEmitter):
    options: dict[str, Any]
    sessions: dict[str, Session]
    closed: bool
    generate_id: Callable[[Request], Any]
    generateId: Callable[[Request], Any]
    def __init__(
        self,
        server: HttpServer | WebApp | None = None,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None: ...
    @property
    def clients(self) -> dict[str, Session]: ...
    @property
    def clients_count(self) -> int: ...
    def attach(self, server: HttpServer | WebApp) -> Self: ...
    def use(self, fn: Callable[[Request, Response | None, Callable[..., Any]], Any]) -> Self: ...
    def close(self, callback: Callable[[], Any] | None = None) -> Self: ...
    def handle_request(self, req: Request, res: Response) -> None: ...
    def handle_upgrade(self, req: Request, stream: Any, head: bytes) -> None: ...
