import re
from collections.abc import Callable
from typing import Any, Self

from .namespace import Namespace, Senders
from .server import Server
from .socket import Socket

class ParentNamespace(Senders):
    server: Server
    name: str
    children: set[Namespace]
    def __init__(self, server: Server, name: str, test: re.Pattern[str] | Callable[..., Any]) -> None: ...
    def use(self, fn: Callable[[Socket, Callable[..., None]], Any]) -> Self: ...
