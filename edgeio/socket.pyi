INADDR_ANY: str
INADDR_LOOPBACK: str
INADDR_BROADCAST: str
INADDR_NONE: str
IN6ADDR_ANY: str
IN6ADDR_LOOPBACK: str
AF_INET: int
AF_INET6: int

class Address:
    domain: int
    addr: str
    port: int
    scope: int
    def __init__(self, domain: int, addr: str, port: int, scope: int = 0) -> None: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

def sockaddr(addr: str | None = None, port: int = 0) -> Address: ...
def sockaddr6(addr: str | None = None, port: int = 0, scope: int = 0) -> Address: ...
