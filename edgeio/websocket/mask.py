"""Masking of client frames (RFC 6455 section 5.3): each byte XOR one of the key's four, in turn."""

CHUNK = 4096
"""Bytes unmasked at a time: one big integer per chunk, small enough to stay in the processor's cache."""

_from_bytes = int.from_bytes


def mask(data, start, end, key):
    """The bytes of `data` from `start` to `end`, masked (or unmasked: it is the same) with the 4 bytes `key`."""
    n = end - start
    key = bytes(key)  # MicroPython repeats bytes, but no bytearray
    if n <= CHUNK:
        return _xor(data[start:end], key, n)
    pad = _from_bytes(key * (CHUNK // 4), 'little')
    pieces = []
    while start + CHUNK <= end:
        piece = _from_bytes(data[start : start + CHUNK], 'little') ^ pad
        pieces.append(piece.to_bytes(CHUNK, 'little'))
        start += CHUNK
    pieces.append(_xor(data[start:end], key, end - start))
    return b''.join(pieces)


def _xor(data, key, n):
    pad = (key * ((n + 3) >> 2))[:n]
    return (_from_bytes(data, 'little') ^ _from_bytes(pad, 'little')).to_bytes(n, 'little')
