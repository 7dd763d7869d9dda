"""A network of its own for a program: the loopback interface and nothing else.

`python3 isolation.py PROGRAM ARGUMENTS...` becomes PROGRAM, without a way out.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def leave_network():
    """Moves this process to a new network namespace (namespaces(7)); OSError where the system forbids it."""
    libc = ctypes.CDLL(None, use_errno=True)
    # Without root, a user namespace around it gives the right to make one.
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWNET | CLONE_NEWUSER
    if libc.unshare(flags):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack('16sh14x', b'lo', 0)
        flags = struct.unpack('16sh14x', fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack('16sh14x', b'lo', flags | IFF_UP))


if __name__ == '__main__':
    try:
        leave_network()
    except OSError as exc:
        sys.exit(f'emulated programs run without a network, and this system allows no namespace ({exc}): run as root')
    os.execvp(sys.argv[1], sys.argv[1:])
