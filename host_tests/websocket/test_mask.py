"""Masking: each byte XOR one of the key's four (RFC 6455, section 5.3), however long the data is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeio.websocket.mask import CHUNK, mask


def byte_by_byte(data, key):
    """The section's own definition."""
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(data))


KEY = b'\x01\x80\xfe\x00'


@pytest.mark.parametrize('n', [*range(70), *(k * CHUNK + d for k in (1, 2, 3) for d in range(-5, 6)), 100003])
def test_masks_as_the_rfc_defines_it(n):
    data = (bytes(range(251)) * (n // 251 + 1))[:n]
    masked = mask(data, 0, n, KEY)
    assert masked == byte_by_byte(data, KEY)
    assert mask(masked, 0, n, KEY) == data


@given(st.binary(max_size=50), st.binary(max_size=200), st.binary(max_size=50), st.binary(min_size=4, max_size=4))
def test_masks_the_part_that_it_is_told_to_and_counts_from_there(before, part, after, key):
    data = before + part + after
    assert mask(data, len(before), len(before) + len(part), key) == byte_by_byte(part, key)


@pytest.mark.parametrize('kind', [bytes, bytearray])
@pytest.mark.parametrize('key_kind', [bytes, bytearray])
@pytest.mark.parametrize('n', [0, 5, CHUNK + 1])
def test_takes_bytes_and_bytearrays_and_gives_bytes(kind, key_kind, n):
    masked = mask(kind(n), 0, n, key_kind(KEY))
    assert type(masked) is bytes and masked == byte_by_byte(bytes(n), KEY)


def test_leaves_what_it_is_given_as_it_is():
    data = bytearray(b'hello')
    mask(data, 0, 5, KEY)
    assert data == b'hello'
