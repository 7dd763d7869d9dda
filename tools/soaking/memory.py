"""How much memory the measured process uses, and how much of its size is only kept by C's allocator for later.

The size of a process is no measure of a leak: what was freed stays with the allocator wherever something that lives on
lies above it, and serves the next peak. So what is in use is asked for by itself, and the size is taken after the
allocator has given back what it can.
"""

import ctypes
import gc
import os
import sys

PAGE = os.sysconf('SC_PAGE_SIZE')
_libc = ctypes.CDLL(None)


class _MallInfo(ctypes.Structure):
    """glibc's struct mallinfo2, see mallinfo(3)."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        'arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks', 'fsmblks', 'uordblks', 'fordblks', 'keepcost',
    )]  # fmt: skip


def heap_in_use():
    """Bytes that C's allocator has given out (int): to Python for what is above 512 bytes, to TLS, to zlib.

    None where the C library does not say (musl, or glibc before 2.33).
    """
    if not hasattr(_libc, 'mallinfo2'):
        return None
    _libc.mallinfo2.restype = _MallInfo
    info = _libc.mallinfo2()
    return info.uordblks + info.hblkhd


def resident():
    """Bytes of the process that are in the machine's memory (int)."""
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * PAGE


def give_back():
    """Has C's allocator return to the system what is free, wherever it lies."""
    if hasattr(_libc, 'malloc_trim'):
        _libc.malloc_trim(0)


def measure():
    """All figures (dict): resident as it was, trimmed as it is without what the allocator kept; what is in use."""
    gc.collect()
    before = resident()
    figures = {'objects': len(gc.get_objects()), 'blocks': sys.getallocatedblocks(), 'heap': heap_in_use()}
    give_back()
    return {'resident': before, 'trimmed': resident(), **figures}
