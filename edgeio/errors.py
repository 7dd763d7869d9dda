"""The error tree: a stable code, what was seen, what was expected, which setting applies."""


class EdgeError(Exception):
    """What edgeio raises.

    code: stable, dotted (`http.bad_chunk`); text: one sentence; seen, expected: values for the reader (or None);
    setting: the option or command that changes the outcome (or None).
    """

    def __init__(self, code, text, seen=None, expected=None, setting=None):
        self.code = code
        self.text = text
        self.seen = seen
        self.expected = expected
        self.setting = setting
        super().__init__(self._sentence())

    def _sentence(self):
        sentence = self.text
        if self.seen is not None:
            sentence += '; seen: ' + _short(self.seen)
        if self.expected is not None:
            sentence += '; expected: ' + _short(self.expected)
        if self.setting is not None:
            sentence += '; setting: ' + self.setting
        return sentence + ' [' + self.code + ']'


class OptionError(EdgeError):
    """An option or argument is wrong: raised at the call."""


class StateError(EdgeError):
    """A call came at the wrong time, such as a write after the end: raised at the call."""


class ProtocolError(EdgeError):
    """A peer broke a protocol: ends its connection, never the loop.

    status: the HTTP status or WebSocket close code that answers it (int).
    """

    def __init__(self, code, text, seen=None, expected=None, setting=None, status=400):
        super().__init__(code, text, seen, expected, setting)
        self.status = status


def _short(value):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 120 else text[:117] + '...'
