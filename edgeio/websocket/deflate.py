"""permessage-deflate (RFC 7692): negotiation, and the two directions of one connection. No I/O.

Off unless asked for, as in Socket.IO 4: a compressor costs a connection 20 to 300 KB of memory and every message
time. On a runtime without a compressor (MicroPython) the extension is declined, and nothing else changes.
"""

from ..compat import zlib_module
from ..errors import ProtocolError
from ..options import read_options, require
from .codec import BAD_DATA, FIN, RSV1, TOO_BIG, frame

OPTIONS = {
    'threshold': 1024,
    'level': 6,
    'mem_level': 5,
    'server_max_window_bits': 12,
    'client_max_window_bits': 12,
    'server_no_context_takeover': False,
    'client_no_context_takeover': False,
}
"""The keys of the option `per_message_deflate`, and their defaults.

threshold: bytes below which a message goes uncompressed; level (1 to 9), mem_level (1 to 9): as in zlib;
*_max_window_bits (9 to 15; the client's is asked of clients that offer it): 2**bits bytes of history each way;
*_no_context_takeover: each message stands alone: less memory, less compression.
"""

NAME = 'permessage-deflate'

MAX_OFFERS = 16
"""Extensions that are looked at in one request."""

_TAIL = b'\x00\x00\xff\xff'  # ends each message at the compressor, and is left out on the wire (section 7.2.1)
_MAX_BITS = 15
_FLAGS = ('server_no_context_takeover', 'client_no_context_takeover')
_BITS = ('server_max_window_bits', 'client_max_window_bits')


def read_deflate(value):
    """The option `per_message_deflate` (False, True, or a dict) as a dict of all settings; None where it is off."""
    if not value:
        return None
    options = read_options('per_message_deflate', OPTIONS, value if isinstance(value, dict) else None)
    for name in _BITS:
        bits = options[name]
        # zlib has no window of 8 bits when it compresses; 9 in its place would be more than the peer has room for.
        require('per_message_deflate', name, bits, isinstance(bits, int) and 9 <= bits <= 15, '9 to 15')
    for name in ('level', 'mem_level'):
        number = options[name]
        require('per_message_deflate', name, number, isinstance(number, int) and 1 <= number <= 9, '1 to 9')
    threshold = options['threshold']
    require('per_message_deflate', 'threshold', threshold, isinstance(threshold, int) and threshold >= 0, 'bytes')
    return options


def negotiate(field, options):
    """(Deflate, value of the response's Sec-WebSocket-Extensions); (None, None) where it is declined.

    field: the request's Sec-WebSocket-Extensions (str or None); options: of `read_deflate`, or None.
    The first offer that can be accepted is; one with a parameter that RFC 7692 does not define, defines otherwise
    or names twice is passed over (section 7).
    """
    if options is None or not field or zlib_module() is None:
        return None, None
    for offer in field.split(',')[:MAX_OFFERS]:
        parameters = _parameters(offer)
        if parameters is None:
            continue
        agreed = _agree(parameters, options)
        if agreed is not None:
            return Deflate(options, agreed), _response(agreed, parameters)
    return None, None


class Deflate:
    """Both directions of one connection: `frame` compresses what is sent, `inflate` gives what came."""

    __slots__ = ('_options', '_agreed', '_out', '_in')

    def __init__(self, options, agreed):
        self._options = options
        self._agreed = agreed
        self._out = self._in = None

    def frame(self, opcode, payload, compress=True):
        """A message in one frame; compressed where that is wanted and it is long enough. (An empty one never is:
        zlib has no way to flush nothing twice.)"""
        if not compress or not payload or len(payload) < self._options['threshold']:
            return frame(opcode, payload)
        zlib = zlib_module()
        out = self._out
        if out is None:
            options = self._options
            bits = self._agreed['server_max_window_bits']
            out = zlib.compressobj(options['level'], zlib.DEFLATED, -bits, options['mem_level'])
            if not self._agreed['server_no_context_takeover']:
                self._out = out
        data = out.compress(payload) + out.flush(zlib.Z_SYNC_FLUSH)
        return frame(opcode, data[:-4], FIN | RSV1)

    def inflate(self, data, limit, setting='max_message'):
        """The message that `data` holds. ProtocolError where it is not valid or exceeds `limit` bytes, those of the
        option `setting`: a small message may stand for a thousand times its size, so no more than that is ever
        unpacked."""
        inflater = self._in or self._inflater()
        try:
            message = inflater.decompress(data + _TAIL, limit + 1)
            if inflater.eof:
                # A final block ends zlib's stream; the message goes on behind it (section 7.2.3.4), once: a stream
                # of final blocks would cost a new window for every few bytes.
                rest = inflater.unused_data
                inflater = self._inflater()
                message += inflater.decompress(rest, limit + 1 - min(len(message), limit))
        except zlib_module().error as exc:
            raise _bad_data(str(exc)) from None
        if len(message) > limit:
            raise ProtocolError('ws.too_big', 'a message is too big', 'more', limit, setting, TOO_BIG)
        if inflater.eof or inflater.unconsumed_tail:
            raise _bad_data('a final block in the middle of a message')
        self._in = None if self._agreed['client_no_context_takeover'] else inflater
        return message

    @property
    def memory(self):
        """Bytes (int) of its contexts, as zlib's manual (zconf.h) has them."""
        memory = 0
        if self._out is not None:
            memory += (4 << self._agreed['server_max_window_bits']) + (512 << self._options['mem_level'])
        if self._in is not None:
            memory += (1 << self._agreed['client_max_window_bits']) + 7168
        return memory

    def _inflater(self):
        return zlib_module().decompressobj(-self._agreed['client_max_window_bits'])


def _parameters(offer):
    """{name: value or True} of one offer; None where it is not ours, or not valid."""
    parts = [part.strip(' \t') for part in offer.split(';')]
    if parts[0].lower() != NAME:
        return None
    found = {}
    for part in parts[1:]:
        name, equals, value = part.partition('=')
        name = name.strip(' \t')
        value = value.strip(' \t') if equals else True
        if equals and len(value) > 1 and value[0] == '"' and value[-1] == '"':
            value = value[1:-1]
        if name in found or not _is_valid(name, value):
            return None
        found[name] = value
    return found


def _is_valid(name, value):
    if name in _FLAGS:
        return value is True
    if name == 'client_max_window_bits' and value is True:
        return True
    return name in _BITS and value in ('8', '9', '10', '11', '12', '13', '14', '15')


def _agree(offered, options):
    """What holds for the connection (section 7.1); None where the offer asks for what zlib cannot do."""
    agreed = {name: bool(options[name] or name in offered) for name in _FLAGS}
    # The client's flag is a hint that it will not take over its context (section 7.1.1.2): it may be relied on
    # only where the response says so, and then it is.
    bits = min(options['server_max_window_bits'], int(offered.get('server_max_window_bits', _MAX_BITS)))
    if bits < 9:
        return None
    agreed['server_max_window_bits'] = bits
    # A client that does not offer to limit its window cannot be told to (section 7.1.2.2).
    wanted = offered.get('client_max_window_bits')
    bits = _MAX_BITS
    if wanted is not None:
        bits = min(options['client_max_window_bits'], _MAX_BITS if wanted is True else int(wanted))
    agreed['client_max_window_bits'] = bits
    return agreed


def _response(agreed, offered):
    parts = [NAME]
    parts.extend(name for name in _FLAGS if agreed[name])
    parts.extend(name + '=' + str(agreed[name]) for name in _BITS if agreed[name] < _MAX_BITS or name in offered)
    return '; '.join(parts)


def _bad_data(why):
    return ProtocolError('ws.deflate', 'a message that cannot be inflated', why, status=BAD_DATA)
