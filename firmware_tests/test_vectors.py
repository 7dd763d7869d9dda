"""The codecs against the vectors, in chunks of every size where the input is a stream."""

from . import codecs, vectors
from .harness import same


def _check_stream(name, decoder):
    for case in vectors.cases(name):
        vectors.check(case, decoder)


def _check_messages(name, events_of):
    for case in vectors.cases(name):
        seen = events_of(case)
        assert seen == case.expected, f'{case.name}: seen {seen}, expected {case.expected}'


def test_websocket_frames():
    _check_stream('websocket', codecs.websocket)


def test_http_requests():
    _check_stream('http', codecs.http)


def test_engineio_payloads_of_revision_4():
    _check_messages('engineio4', lambda case: codecs.engineio(4, case))


def test_engineio_payloads_of_revision_3():
    _check_messages('engineio3', lambda case: codecs.engineio(3, case))


def test_socketio_packets():
    _check_messages('socketio', codecs.socketio)


def test_socketio_packets_before_the_main_namespace_is_joined():
    _check_messages('socketio', lambda case: codecs.socketio(case, False))


def test_escapes_of_the_vectors():
    data = bytes(range(256))
    same(vectors.unescape(vectors.show(data)), data)
    same(vectors.unescape('a\\\\n\\r\\x80b'), b'a\\n\r\x80b')
