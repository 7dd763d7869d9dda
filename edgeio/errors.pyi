class EdgeError(Exception):
    code: str
    text: str
    seen: object
    expected: object
    setting: str | None
    def __init__(
        self, code: str, text: str, seen: object = None, expected: object = None, setting: str | None = None
    ) -> None: ...

class OptionError(EdgeError): ...
class StateError(EdgeError): ...

class ProtocolError(EdgeError):
    status: int
    def __init__(
        self,
        code: str,
        text: str,
        seen: object = None,
        expected: object = None,
        setting: str | None = None,
        status: int = 400,
    ) -> None: ...
