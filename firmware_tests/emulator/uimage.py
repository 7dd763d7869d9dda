"""A kernel, unpacked here: unpacking itself is what a board that is emulated would take a third of its start for.

What comes out has U-Boot's header (include/image.h of U-Boot), which tells the emulator where it belongs.
"""

import lzma
import struct
import zlib

LOAD_ADDRESS = 0x40208000
"""The start of the board's memory, and the TEXT_OFFSET of a kernel for many platforms (kernel: arch/arm/Makefile)."""

MAGIC, LINUX, ARM, KERNEL, UNCOMPRESSED = 0x27051956, 5, 2, 2, 0
_HEADER = struct.Struct('>7I4B32s')

_XZ = b'\xfd7zXZ\0'


def make(zimage):
    """The file (bytes) of the kernel in `zimage` (bytes); None where it is packed in another way than by xz."""
    start = zimage.rfind(_XZ)
    if start < 0:
        return None
    kernel = lzma.LZMADecompressor().decompress(zimage[start:])
    return _header(kernel, zlib.crc32(_header(kernel, 0))) + kernel


def _header(kernel, checksum):
    kind = (LINUX, ARM, KERNEL, UNCOMPRESSED)
    return _HEADER.pack(
        MAGIC, checksum, 0, len(kernel), LOAD_ADDRESS, LOAD_ADDRESS, zlib.crc32(kernel), *kind, b'Linux'
    )
