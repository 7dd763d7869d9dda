from ..engineio.session import Session
from ..http.request import Request
from .server import Server
from .socket import Socket

class Client:
    server: Server
    conn: Session
    sockets: dict[str, Socket]
    @property
    def id(self) -> str: ...
    @property
    def request(self) -> Request: ...
    def close(self, discard: bool = False) -> None: ...
