"""Each target with its corpus, and with inputs that hypothesis makes of it; and that no input takes more than its
length in time. `guided.py` looks further, by coverage; what it finds is kept in the corpus."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).with_name('corpus')
FILES = sorted(CORPUS.glob('*/*'))


@pytest.mark.parametrize('file', FILES, ids=lambda file: f'{file.parent.name}-{file.name}')
def test_corpus(file):
    TARGETS[file.parent.name](file.read_bytes())


def mutations(name):
    """Inputs near those of the corpus: pieces of several, some bytes changed, left out, or repeated."""
    seeds = [file.read_bytes() for file in sorted((CORPUS / name).iterdir())]
    piece = st.one_of(
        st.sampled_from(seeds),
        st.builds(lambda seed, a, b: seed[min(a, b) % (len(seed) + 1):][:max(a, b)], st.sampled_from(seeds),
                  st.integers(0, 300), st.integers(0, 300)),
        st.binary(max_size=20),
        st.sampled_from([b'\r\n', b'\0', b'\0\0', b'\xff' * 9, b'9' * 30, b'%', b'"', b'[', b'\x81\x80abcd', b'\xc3']),
    )
    return st.builds(_changed, st.lists(piece, min_size=1, max_size=5), st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4))


def _changed(parts, changes):
    data = bytearray(b''.join(parts))
    for at, byte in changes:
        if at < len(data):
            data[at] = byte
    return bytes(data)


@pytest.mark.parametrize('name', TARGETS)
def test_inputs_near_the_corpus(name):
    @settings(max_examples=250, deadline=None, database=None, derandomize=True,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(mutations(name))
    def run(data):
        TARGETS[name](data)

    run()


# -- linear time: counted, not measured ------------------------------------------------------------------------------


def steps(work):
    """How many lines of Python `work()` runs: the same on every machine."""
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


REPEATED = {
    'http': [b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', b'\r\n', b'X: y\r\n', b'POST / HTTP/1.1\r\nHost: x\r\n'
             b'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n', b'a'],
    'url': [b'a=b&', b'%41', b'%', b'a=b; ', b'..//'],
    'websocket': [b'\0' + b'\x81\x80abcd', b'\0' + b'\x01\x80abcd\x80\x80abcd', b'\0', b'\x09\x80abcd',
                  b'\0\x01\x81abcd'],
    'payload': [b'4a\x1e', b'2:4a', b'\x00\x01\xff4', b'bAQID\x1e'],
    'packets': [b'42["a"]\0', b'451-["a"]\0\x01x\0', b'4', b'42["a",[[[[\0'],
    'deflate_offer': [b'permessage-deflate; a, ', b';', b'permessage-deflate; server_max_window_bits=8, '],
    'cbor': [b'\x81', b'\x9f', b'\xa1\x61a'],
}


@pytest.mark.parametrize(('name', 'unit'), [(name, unit) for name, units in REPEATED.items() for unit in units])
def test_steps_grow_with_the_length_and_not_faster(name, unit):
    short, long = unit * (4000 // len(unit)), unit * (16000 // len(unit))
    assert steps(lambda: TARGETS[name](long)) < 6 * steps(lambda: TARGETS[name](short)) + 2000
