from typing import Any

from ..http.headers import Headers

class Handshake:
    issued: int
    query: dict[str, Any]
    auth: dict[str, Any]
    eos: Any
    @property
    def headers(self) -> Headers: ...
    @property
    def address(self) -> str: ...
    @property
    def xdomain(self) -> bool: ...
    @property
    def secure(self) -> bool: ...
    @property
    def url(self) -> str: ...
    @property
    def time(self) -> str: ...
