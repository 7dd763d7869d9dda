"""A response as the handler sees it. Framing (Content-Length, chunks, close) is chosen here (RFC 9112 section 6)."""

from ..errors import OptionError, ProtocolError, StateError
from ..events import EventEmitter
from ..running import run
from .grammar import is_digits
from .limits import PIECE
from .message import check_field, response_head
from .status import BODYLESS, has_no_body

# The life of a response. Lost: its connection is gone; what an app still writes is dropped.
_OPEN, _HEAD_SENT, _ENDED, _FINISHED, _LOST = range(5)

_FRAMING = ('content-length', 'transfer-encoding', 'connection')
_PERSISTENCE = ('close', 'keep-alive', '')


class Response(EventEmitter):
    """The response to one request. Events: finish (everything is handed to the connection), drain, close, error; head
    (it is about to be written: the last moment to set a header), after `not_plain`.

    req: its Request; status_code (int), status_message (None: the usual phrase); written: bytes of body so far.
    error(exception) comes where the connection is lost while the response is under way; close(reason) comes in any
    case, reason None where it was finished. Apps may keep attributes of their own on it.
    """

    status_code = 200
    status_message = None
    source = None
    """What its body is read from, while that is under way: in memory (see pump.BytesSource), or a file."""

    written = 0
    """Bytes of body written so far (before chunking)."""
    lost = None
    """Called as lost(reason) where the connection is lost before the response is finished (for an engine)."""
    _stage = _OPEN
    _fields = None  # lower-case name -> (name, value); None while there are none
    _length = None  # bytes of body announced
    _chunked = False
    _silent = False  # no body goes out: HEAD, 204, 304

    def __init__(self, connection, req, plain):
        """plain: nothing is known yet that keeps `end` from sending head and body at once, framed by the length."""
        self._events = None
        self.connection = connection
        self.stream = connection.stream
        self.req = req
        self._plain = plain

    def emit(self, name, *args):
        """Calls the handlers of `name` with `args`; True where there were any."""
        return run(self.connection, self, name, args)

    @property
    def headers_sent(self):
        """True once the head is on its way."""
        return _OPEN < self._stage < _LOST

    @property
    def ended(self):
        """True once `end` was called."""
        return _ENDED <= self._stage < _LOST

    @property
    def finished(self):
        """True once all of it is handed to the connection."""
        return self._stage == _FINISHED

    @property
    def closed(self):
        """True once the response is over: written, or its connection lost."""
        return self._stage >= _FINISHED

    # -- head ----------------------------------------------------------------------------------------------------

    def set_header(self, name, value):
        """Sets header `name` to `value` (str, number, or a list for several lines); returns self.

        Raises OptionError where they would not fit in a header, StateError once the head is sent.
        """
        text = check_field(name, value)
        self._check_head()
        key = name.lower()
        if key in _FRAMING:
            text = self._frame(key, text)
            if not text:
                return self
        if self._fields is None:
            self._fields = {}
        self._fields[key] = (name, text)
        return self

    def use_fields(self, fields):
        """Sets the header fields that `make_fields` made; returns self."""
        self._check_head()
        if self._fields is None:
            self._fields = fields.copy()
        else:
            self._fields.update(fields)
        return self

    def append_header(self, name, value):
        """Adds `value` to header `name`, as a line of its own; returns self. Raises as `set_header` does."""
        before = self.get_header(name)
        if before is None:
            return self.set_header(name, value)
        return self.set_header(name, _listed(before) + _listed(value))

    def get_header(self, name):
        """The value that was set (str, or a tuple for several lines); None where there is none."""
        found = self._fields.get(name.lower()) if self._fields else None
        return None if found is None else found[1]

    def has_header(self, name):
        """True where header `name` is set."""
        return self._fields is not None and name.lower() in self._fields

    def remove_header(self, name):
        """Removes header `name`, if it is set; returns self. StateError once the head is sent."""
        self._check_head()
        if self._fields:
            self._fields.pop(name.lower(), None)
        return self

    def clear(self):
        """Forgets every header and the status: the response begins anew. StateError once the head is sent."""
        self._check_head()
        self._fields = self.status_message = None
        self.status_code = 200
        return self

    def write_head(self, status, headers=None):
        """Sets the status and headers (a dict); returns self. The head leaves with the first byte of body.

        Raises as `set_header` does: OptionError, StateError.
        """
        self._check_head()
        self.status_code = status
        for name in headers or ():
            self.set_header(name, headers[name])
        return self

    def flush_headers(self):
        """Sends the head now, before there is any body, as for events that come later; returns self."""
        if self._check_open() and self._stage == _OPEN:
            self._send_head(self._declared())
        return self

    # -- body ----------------------------------------------------------------------------------------------------

    @property
    def memory(self):
        """Bytes (int) of its body that wait outside the stream's queue."""
        return getattr(self.source, 'memory', 0)

    @property
    def writable(self):
        """False while the peer is slow to take what was written: wait for `drain`."""
        return self.stream.writable

    def write(self, data):
        """Sends a piece of the body (bytes or str); False where the caller should wait for `drain`.

        Without a Content-Length the body goes in chunks, to an HTTP/1.0 client until the connection closes.
        Raises StateError after `end` or beyond the Content-Length, OptionError for another type.
        """
        if not self._check_open():
            return False
        data = _as_bytes(data)
        if self._stage == _OPEN:
            self._send_head(self._declared())
        if data:
            self._put(data)
        return self.stream.writable

    def end(self, data=b''):
        """Ends the response, with `data` (bytes or str) as the last piece of its body; returns self.

        Raises StateError after `end` or where it is not the Content-Length, OptionError for another type.
        """
        if type(data) is not bytes:
            data = _as_bytes(data)
        if not self._plain or len(data) > PIECE or self.status_code in BODYLESS:
            return self._end(data)
        # Nearly every response: all of it in one piece. The rest of this is `_over`, without the call.
        head = response_head(self.status_code, self.status_message, self._fields)
        self.stream.write(b'%sContent-Length: %d\r\n\r\n%s' % (head, len(data), data))
        self._plain = False
        self._stage = _FINISHED
        self.connection.response_ended(self)
        if self._events:
            self._tell_end()
        return self

    def send_source(self, source, length):
        """Ends the response with `length` bytes of `source` (read(n), close()), sent as the peer takes them."""
        try:
            if self._check_open():
                self._begin_end(length)
        except Exception:
            source.close()
            raise
        if self._stage == _LOST:
            source.close()
        elif self._silent:
            source.close()
            self._complete()
        else:
            from .pump import Pump

            Pump(self, source, length, self._complete)
        return self

    def destroy(self, reason='forced close'):
        """Gives up: closes the connection at once. The peer sees a response that breaks off."""
        self.connection.abort(reason)

    # -- for the connection --------------------------------------------------------------------------------------

    def put(self, data):
        """The pump has a piece of the body."""
        self._put(data)

    def connection_lost(self, reason):
        """The stream is closed: `close` follows, after `error` where the response was under way."""
        if self._stage >= _FINISHED:
            return
        under_way = self._stage != _OPEN
        self._plain = False
        self._stage = _LOST
        if self.lost is not None:
            self.lost(reason)
        if self._events:
            if under_way:
                self.emit('error', _lost(reason))
            self.emit('close', reason)

    def not_plain(self):
        """The connection closes after this response, or somebody has to see its head."""
        self._plain = False

    def _end(self, data):
        if len(data) > PIECE:
            from .pump import BytesSource

            return self.send_source(BytesSource(data), len(data))
        if not self._check_open():
            return self
        self._begin_end(len(data))
        if data:
            self._put(data)
        self._complete()
        return self

    def _begin_end(self, length):
        if self._stage == _OPEN:
            declared = self._declared()
            self._send_head(length if declared is None else declared)
        self._stage = _ENDED

    def _complete(self, error=None):
        if error is not None or self.closed:
            return
        if self._length is not None and self.written != self._length and not self._silent:
            self._break_off()
        if self._chunked and not self._silent:
            self.stream.write(b'0\r\n\r\n')
        self._over()

    def _over(self):
        self._plain = False
        self._stage = _FINISHED
        self.connection.response_ended(self)
        if self._events:
            self._tell_end()

    def _tell_end(self):
        self.emit('finish')
        self.emit('close', None)

    def _put(self, data):
        self.written += len(data)
        if self._silent:
            return
        if self._length is not None and self.written > self._length:
            self._break_off()
        if self._chunked:
            data = b'%x\r\n%s\r\n' % (len(data), data)
        self.stream.write(data)

    def _break_off(self):
        # A body of the wrong length would be read as part of the next response: the connection cannot go on.
        self._stage = _ENDED
        self.connection.abort('internal error')
        raise StateError(
            'http.wrong_length', 'the body is not as long as Content-Length says', self.written, self._length
        )

    def _send_head(self, length):
        """Decides the framing and sends the head. length: bytes of body, None where it is not known."""
        if self._events:
            self.emit('head')
        if self.status_code == 204:
            self.remove_header('content-length')  # RFC 9110 section 8.6
        head = response_head(self.status_code, self.status_message, self._fields)
        self._plain = False
        self._stage = _HEAD_SENT
        bodyless = has_no_body(self.status_code)
        self._silent = bodyless or self.req.method == 'HEAD'
        if not bodyless:
            head += self._framing(length)
        self.stream.write(head + self.connection.connection_line(self.req) + b'\r\n')

    def _framing(self, length):
        self._length = length
        if length is not None:
            return b'' if self.has_header('content-length') else b'Content-Length: %d\r\n' % length
        if self.req.http_version == '1.1':
            self._chunked = True
            return b'Transfer-Encoding: chunked\r\n'
        self.connection.close_after_response()
        return b''

    def _declared(self):
        value = self.get_header('content-length')
        return None if value is None else int(value)

    def _check_open(self):
        """False where the connection is lost: whoever writes does not know it yet. StateError after `end`."""
        if self.ended:
            raise StateError('http.write_after_end', 'the response has been ended already', self.req.url)
        return self._stage != _LOST

    def _check_head(self):
        if self.headers_sent:
            raise StateError('http.headers_sent', 'the head of this response is sent already', self.req.url)

    def _frame(self, key, value):
        """What is left of a field that framing depends on, once the server has taken its part of it."""
        if key == 'transfer-encoding':
            raise OptionError('http.framing', 'Transfer-Encoding is chosen by the server', repr(value))
        if key == 'content-length':
            if not isinstance(value, str) or not value or not is_digits(value.encode()):
                raise OptionError('http.framing', 'Content-Length is a number of bytes', repr(value))
            self._plain = False
            return value
        words = [word.strip() for word in ', '.join(_listed(value)).split(',')]
        if 'close' in [word.lower() for word in words]:
            self.connection.close_after_response()
        return ', '.join([word for word in words if word.lower() not in _PERSISTENCE])


def make_fields(headers):
    """Header fields for `Response.use_fields`, checked once. headers: {name: value}; none that framing depends on."""
    return {name.lower(): (name, check_field(name, value)) for name, value in headers.items()}


def _lost(reason):
    return ProtocolError('http.aborted', 'the connection was lost before the response was finished', reason)


def _listed(value):
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _as_bytes(data):
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    if data is None:
        return b''
    raise OptionError('http.body', 'a body is bytes or str', type(data).__name__, setting='res.json for other values')
