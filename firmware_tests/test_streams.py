"""net: streams and listeners over the loopback interface."""

from edgeio import iosched
from edgeio.compat import SOL_SOCKET
from edgeio.errors import EdgeError
from edgeio.net.listener import Listener
from edgeio.net.stream import Stream

from .clients.wire import LOOPBACK, SO_SNDBUF, connect, pair
from .harness import raises, same, take_reports, until


class Recorder:
    """A protocol that keeps what it is told."""

    def __init__(self, stream=None):
        self.stream = stream
        self.data = b''
        self.calls = []

    def feed(self, data, end):
        self.data += bytes(data[:end])

    def on_eof(self):
        self.calls.append('eof')

    def on_drain(self):
        self.calls.append('drain')

    def on_close(self, reason):
        self.calls.append(reason)


class Echo(Recorder):
    """A protocol that sends back what it gets, and finishes when its peer has."""

    def feed(self, data, end):
        self.stream.write(bytes(data[:end]))

    def on_eof(self):
        self.stream.finish('transport close')


class Server:
    """A listener whose streams have the protocol `make(stream)`. limits: (soft, hard) bytes of a queue."""

    def __init__(self, make=Recorder, limits=None):
        self.streams = []
        self.make = make
        options = {'limits': limits} if limits else {}
        self.listener = Listener(LOOPBACK, 0, self._on_stream, **options)

    def _on_stream(self, stream):
        stream.protocol = self.make(stream)
        self.streams.append(stream)

    async def accept(self, buffer=None):
        """(wire, stream, its protocol) of a new connection. buffer: bytes that the system takes on either side."""
        known = len(self.streams)
        wire = await connect(self.listener.port(), buffer)
        while len(self.streams) == known:
            await iosched.sleep(1)
        stream = self.streams[-1]
        if buffer:
            stream.sock.setsockopt(SOL_SOCKET, SO_SNDBUF, buffer)
        return wire, stream, stream.protocol

    def close(self):
        """Stops listening and aborts every stream."""
        self.listener.close()
        for stream in self.streams:
            stream.abort('end of the test')


async def test_echo_comes_back():
    server = Server(Echo)
    wire, _, _ = await server.accept()
    await wire.send(b'hello')
    same(await wire.take(5), b'hello')
    wire.close()
    server.close()


async def test_peer_has_an_address():
    server = Server()
    wire, stream, _ = await server.accept()
    same(stream.peer[0], LOOPBACK)
    assert stream.peer[1] > 0 and not stream.secure and not stream.closed
    wire.close()
    server.close()


async def test_several_writes_arrive_in_order():
    server = Server()
    wire, stream, _ = await server.accept()
    for number in range(200):
        stream.write(b'%d,' % number)
    assert stream.queued > 0
    await wire.take_until(b'199,')
    same(stream.queued, 0)
    wire.close()
    server.close()


async def test_long_data_arrives_whole_at_a_slow_reader():
    server = Server()
    wire, stream, _ = await server.accept(4096)
    piece = bytes(range(256)) * 4
    for number in range(60):
        stream.write(piece)  # what the system does not take waits, while new pieces come behind it
        if number % 8 == 7:
            await iosched.sleep(0)
    assert stream.queued > 0
    for _ in range(60):
        same(await wire.take(1024), piece)
    same(stream.queued, 0)
    wire.close()
    server.close()


async def test_full_queue_is_told_and_drains_once():
    server = Server(limits=(1000, 1000000))
    wire, stream, recorder = await server.accept(4096)
    assert stream.writable
    for _ in range(40):
        stream.write(b'x' * 1024)
    await iosched.sleep(5)
    assert not stream.writable
    same(recorder.calls, [])
    for _ in range(40):
        await wire.take(1024)
    while 'drain' not in recorder.calls:
        await iosched.sleep(1)
    assert stream.writable
    same(recorder.calls, ['drain'])
    wire.close()
    server.close()


async def test_queue_above_the_hard_limit_closes_the_stream_with_a_reason():
    server = Server(limits=(1000, 5000))
    wire, stream, recorder = await server.accept()
    stream.write(b'x' * 6000)
    assert not stream.writable
    while not recorder.calls:
        await iosched.sleep(1)
    same(recorder.calls, ['write queue overflow'])
    assert stream.closed
    wire.close()
    server.close()


async def test_peers_end_is_told_and_the_stream_can_still_write():
    server = Server()
    wire, stream, recorder = await server.accept()
    wire.close()
    while 'eof' not in recorder.calls:
        await iosched.sleep(1)
    assert not stream.closed
    stream.abort('done')
    same(recorder.calls, ['eof', 'done'])
    server.close()


async def test_finish_closes_after_the_queue_is_written():
    server = Server()
    wire, stream, recorder = await server.accept()
    stream.write(b'y' * 60000)
    stream.finish('enough')
    stream.write(b'dropped')
    same(await wire.take_all(), b'y' * 60000)
    wire.close()
    while not stream.closed:
        await iosched.sleep(1)
    same([call for call in recorder.calls if call != 'eof'], ['enough'])
    server.close()


async def test_close_is_told_exactly_once():
    server = Server()
    wire, stream, recorder = await server.accept()
    stream.abort('first')
    stream.abort('second')
    stream.finish('third')
    stream.write(b'dropped')
    await iosched.sleep(5)
    same(recorder.calls, ['first'])
    same(await wire.take_all(), b'')
    wire.close()
    server.close()


async def test_paused_stream_reads_nothing_until_it_resumes():
    server = Server()
    wire, stream, recorder = await server.accept()
    stream.pause()
    await wire.send(b'later')
    await iosched.sleep(20)
    same(recorder.data, b'')
    stream.resume()
    while recorder.data != b'later':
        await iosched.sleep(1)
    wire.close()
    server.close()


async def test_protocol_can_be_replaced_while_the_stream_runs():
    server = Server()
    wire, stream, first = await server.accept()
    await wire.send(b'one')
    while first.data != b'one':
        await iosched.sleep(1)
    second = stream.protocol = Recorder(stream)
    await wire.send(b'two')
    while second.data != b'two':
        await iosched.sleep(1)
    same(first.data, b'one')
    stream.abort('done')
    same((first.calls, second.calls), ([], ['done']))
    wire.close()
    server.close()


async def test_exception_in_a_protocol_ends_its_connection_alone():
    class Broken(Recorder):
        def feed(self, data, end):
            raise ValueError('on purpose')

    server = Server(Broken)
    wire, stream, broken = await server.accept()
    await wire.send(b'x')
    same(await wire.take_all(), b'')
    same(broken.calls, ['internal error'])
    same([str(exc) for exc, _ in take_reports()], ['on purpose'])
    wire.close()
    wire, stream, _ = await server.accept()
    assert not stream.closed
    wire.close()
    stream.abort()
    server.close()


async def test_shut_ends_the_sending_side():
    server = Server()
    wire, stream, _ = await server.accept()
    stream.write(b'last')
    stream.shut()
    same(await wire.take_all(), b'last')
    wire.close()
    server.close()


def test_port_that_is_taken_says_so():
    listener = Listener(LOOPBACK, 0, print)
    error = raises(EdgeError, Listener, LOOPBACK, listener.port(), print)
    same(error.code, 'net.listen')
    assert 'taken' in str(error) and '--port' in str(error), error
    listener.close()


async def test_closed_listener_refuses_and_its_streams_go_on():
    server = Server(Echo)
    wire, _, _ = await server.accept()
    server.listener.close()
    server.listener.close()
    await wire.send(b'still here')
    same(await wire.take(10), b'still here')
    wire.close()
    server.close()


async def test_many_connections_at_once():
    server = Server(Echo)
    wires = []
    for _ in range(40):
        wires.append(await connect(server.listener.port()))
    for number, wire in enumerate(wires):
        await wire.send(b'%03d' % number)
    for number, wire in enumerate(wires):
        same(await wire.take(3), b'%03d' % number)
        wire.close()
    server.close()


def test_stream_over_sockets_made_elsewhere():
    one, other = pair()
    recorder = Recorder()
    stream = Stream(one, recorder)
    other.send(b'abc')
    until(lambda: recorder.data == b'abc', 'the data')
    stream.abort('done')
    other.close()
