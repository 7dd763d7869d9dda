"""permessage-deflate: what is negotiated, what is on the wire, and what a peer may not do with it."""

import zlib

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

from edgeio.errors import OptionError, ProtocolError
from edgeio.websocket import WsServer, deflate
from host_tests.looping import during, make_server, until_quiet

TAIL = b'\x00\x00\xff\xff'


def respond(offer, **options):
    """The extension that the server names in its response to `offer`."""
    return deflate.negotiate(offer, deflate.read_deflate(options or True))[1]


def make(offer='permessage-deflate', **options):
    return deflate.negotiate(offer, deflate.read_deflate(options or True))[0]


@pytest.mark.parametrize(
    ('offer', 'response'),
    [
        ('permessage-deflate', 'permessage-deflate; server_max_window_bits=12'),
        ('permessage-deflate; client_max_window_bits',
         'permessage-deflate; server_max_window_bits=12; client_max_window_bits=12'),
        ('permessage-deflate; client_max_window_bits=10',
         'permessage-deflate; server_max_window_bits=12; client_max_window_bits=10'),
        ('permessage-deflate; server_max_window_bits=9', 'permessage-deflate; server_max_window_bits=9'),
        ('permessage-deflate; server_max_window_bits="15"', 'permessage-deflate; server_max_window_bits=12'),
        ('permessage-deflate; server_no_context_takeover; client_no_context_takeover',
         'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12'),
        ('x-webkit-deflate-frame, permessage-deflate', 'permessage-deflate; server_max_window_bits=12'),
        # The first offer that can be had is taken: zlib has no compressor with a window of 8 bits.
        ('permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10',
         'permessage-deflate; server_max_window_bits=10'),
    ],
)
def test_offer_is_accepted(offer, response):
    assert respond(offer) == response


@pytest.mark.parametrize(
    'offer',
    [
        None,
        '',
        'x-other',
        'permessage-deflate; unknown',
        'permessage-deflate; server_max_window_bits',
        'permessage-deflate; server_max_window_bits=7',
        'permessage-deflate; server_max_window_bits=16',
        'permessage-deflate; server_max_window_bits=010',
        'permessage-deflate; client_max_window_bits=x',
        'permessage-deflate; client_max_window_bits=',
        'permessage-deflate; client_no_context_takeover=1',
        'permessage-deflate; client_no_context_takeover; client_no_context_takeover',
        'permessage-deflate; ',
        'permessage-deflate; server_max_window_bits=8',
    ],
)
def test_offer_is_declined(offer):
    assert respond(offer) is None


def test_window_that_the_client_asks_for_is_confirmed():
    offer = 'permessage-deflate; server_max_window_bits=15'
    assert respond(offer, server_max_window_bits=15) == 'permessage-deflate; server_max_window_bits=15'


def test_nothing_is_negotiated_unless_the_server_wants_it():
    assert deflate.negotiate('permessage-deflate', deflate.read_deflate(False)) == (None, None)


def test_runtime_without_compressor_declines(monkeypatch):
    monkeypatch.setattr(deflate, 'zlib_module', lambda: None)
    assert respond('permessage-deflate') is None


def test_misspelt_option_names_the_nearest():
    with pytest.raises(OptionError, match='server_max_window_bits'):
        deflate.read_deflate({'serverMaxWindowBit': 10})
    with pytest.raises(OptionError, match='9 to 15'):
        deflate.read_deflate({'server_max_window_bits': 8})


def wire_payload(frame):
    """The payload of a server's frame, and whether it is compressed."""
    n = frame[1]
    start = 2 if n < 126 else 4
    return frame[start:], bool(frame[0] & 0x40)


def test_context_is_taken_over_from_message_to_message():
    wire = make(threshold=0)
    text = b'the quick brown fox jumps over the lazy dog'
    first, second = wire_payload(wire.frame(1, text))[0], wire_payload(wire.frame(1, text))[0]
    assert len(second) < len(first) / 3
    inflater = zlib.decompressobj(-12)
    assert inflater.decompress(first + TAIL) == inflater.decompress(second + TAIL) == text


def test_each_message_stands_alone_without_context_takeover():
    wire = make('permessage-deflate; server_no_context_takeover', threshold=0)
    first, second = wire_payload(wire.frame(1, b'abc' * 20)), wire_payload(wire.frame(1, b'abc' * 20))
    assert first == second
    assert zlib.decompressobj(-12).decompress(second[0] + TAIL) == b'abc' * 20


def test_short_and_empty_messages_and_those_that_ask_go_uncompressed():
    wire = make(threshold=10)
    assert wire_payload(wire.frame(1, b'123456789')) == (b'123456789', False)
    assert wire_payload(wire.frame(1, b'1234567890'))[1]
    assert wire_payload(wire.frame(1, b'1234567890', False)) == (b'1234567890', False)
    assert wire_payload(make(threshold=0).frame(1, b'')) == (b'', False)


def compressed(data, bits=12):
    out = zlib.compressobj(9, zlib.DEFLATED, -bits)
    return (out.compress(data) + out.flush(zlib.Z_SYNC_FLUSH))[:-4]


def test_message_of_exactly_the_limit_is_inflated_and_one_byte_more_is_not():
    data = compressed(b'x' * 1000)
    assert make().inflate(data, 1000) == b'x' * 1000
    with pytest.raises(ProtocolError) as caught:
        make().inflate(data, 999)
    assert (caught.value.code, caught.value.status) == ('ws.too_big', 1009)


def test_decompression_bomb_is_never_unpacked():
    data = compressed(b'\0' * 50_000_000, 15)
    assert len(data) < 60_000
    with pytest.raises(ProtocolError, match='too big'):
        make().inflate(data, 1000)


@pytest.mark.parametrize('data', [b'\xff\xff', b'\x06', compressed(b'hello')[:-1] + b'\x07', b'\x03\x00\x03\x00\x00'])
def test_what_cannot_be_inflated_breaks_the_protocol(data):
    with pytest.raises(ProtocolError) as caught:
        make().inflate(data, 1000)
    assert (caught.value.code, caught.value.status) == ('ws.deflate', 1007)


def test_message_with_a_final_block_is_read():
    # The example of RFC 7692, section 7.2.3.4.
    assert make().inflate(b'\xf3\x48\xcd\xc9\xc9\x07\x00\x00', 100) == b'Hello'


@pytest.fixture
def echo(reports):
    """(port, server) of an echo server that compresses everything."""
    http_server = make_server()
    server = WsServer('/echo', http_server, False, 100_000, {'threshold': 0})
    server.on('connection', lambda channel: channel.on('message', channel.send))
    yield http_server.port(), server
    server.stop()
    http_server.stop()
    until_quiet()


@pytest.mark.parametrize('takeover', [False, True])
@pytest.mark.parametrize('bits', [9, 15])
def test_real_client_with_each_setting(echo, takeover, bits):
    factory = ClientPerMessageDeflateFactory(
        server_no_context_takeover=not takeover, client_no_context_takeover=not takeover,
        server_max_window_bits=bits, client_max_window_bits=bits,
    )
    messages = ['a' * n for n in (0, 1, 125, 126, 5000)] + [bytes(range(256)) * 300, 'ä€𝄞' * 1000]

    def client():
        with connect(f'ws://127.0.0.1:{echo[0]}/echo', compression=None, extensions=[factory], legacy=True) as ws:
            assert [e.name for e in ws.protocol.extensions] == ['permessage-deflate']
            for message in messages:
                ws.send(message)
                assert ws.recv() == message

    during(client)


def test_bomb_ends_its_own_connection_with_1009(echo):
    def client():
        url = f'ws://127.0.0.1:{echo[0]}/echo'
        with connect(url, legacy=True) as bomber, connect(url, legacy=True) as other:
            bomber.send('\0' * 10_000_000)
            with pytest.raises(ConnectionClosedError) as caught:
                bomber.recv()
            other.send('still here')
            assert other.recv() == 'still here'
            return caught.value.rcvd.code

    assert during(client) == 1009


def test_broadcast_reaches_those_that_compress_and_those_that_do_not(echo):
    port, server = echo

    def client():
        url = f'ws://127.0.0.1:{port}/echo'
        with connect(url, legacy=True) as one, connect(url, compression=None, legacy=True) as other:
            one.send('ready'), other.send('ready')
            assert one.recv() == other.recv() == 'ready'
            one.send('go')
            assert one.recv() == 'go'
            return one.recv(), other.recv()

    def on_connection(channel):
        channel.on('message', lambda data: server.broadcast('to all ' * 50) if data == 'go' else None)

    server.on('connection', on_connection)
    assert during(client) == ('to all ' * 50, 'to all ' * 50)
