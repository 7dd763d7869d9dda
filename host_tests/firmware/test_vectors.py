"""The codec vectors on the desktop, a test a case; the targets run the same files."""

import pytest

from firmware_tests import codecs, vectors

STREAMS = {'websocket': codecs.websocket, 'http': codecs.http}
MESSAGES = {
    'engineio4': lambda case: codecs.engineio(4, case),
    'engineio3': lambda case: codecs.engineio(3, case),
    'socketio': codecs.socketio,
}


def _cases(names):
    return [pytest.param(name, case, id=f'{name}: {case.name}') for name in names for case in vectors.cases(name)]


@pytest.mark.parametrize(('name', 'case'), _cases(STREAMS))
def test_stream_gives_the_same_events_in_chunks_of_every_size(name, case):
    vectors.check(case, STREAMS[name])


@pytest.mark.parametrize(('name', 'case'), _cases(MESSAGES))
def test_messages_give_their_events(name, case):
    assert MESSAGES[name](case) == case.expected


def test_vectors_with_an_unknown_keyword_are_refused():
    with pytest.raises(ValueError, match='no such keyword: inn'):
        vectors.Case('sample').add('inn  GET /')


def test_chunked_check_fails_where_events_differ():
    case = next(vectors.cases('websocket'))
    case.expected = ['text Other']
    with pytest.raises(AssertionError, match='in chunks of 11'):
        vectors.check(case, codecs.websocket)
