"""The first file system: loads the disk's modules, mounts the disk and hands over to its init."""

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in /modules/*; do insmod $module; done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do usleep 50000; tries=$((tries + 1)); done
mount -o rw,noatime /dev/vda /disk || exec sh
for name in proc sys dev; do mount --move /$name /disk/$name; done
exec switch_root /disk /sbin/init
"""

S_IFDIR, S_IFREG = 0o040000, 0o100000


def pack(busybox, modules):
    """The archive (bytes). busybox: the path of a static BusyBox; modules: paths, in the order to load.

    It is not compressed: a board that is emulated would be slow to unpack it.
    """
    entries = [(name, S_IFDIR | 0o755, b'') for name in ('bin', 'proc', 'sys', 'dev', 'disk', 'modules')]
    entries.append(('bin/busybox', S_IFREG | 0o755, busybox.read_bytes()))
    entries.append(('init', S_IFREG | 0o755, INIT.encode()))
    for number, path in enumerate(modules):
        entries.append((f'modules/{number:02}-{path.name}', S_IFREG | 0o644, path.read_bytes()))
    entries.append(('TRAILER!!!', 0, b''))
    return b''.join(_entry(number + 1, *entry) for number, entry in enumerate(entries))


def _entry(inode, name, mode, data):
    """One file in cpio's "newc" form (kernel: Documentation/driver-api/early-userspace/buffer-format.rst)."""
    path = name.encode() + b'\0'
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    head = b'070701' + b''.join(b'%08X' % field for field in fields) + path
    return _padded(head) + _padded(data)


def _padded(data):
    return data + bytes(-len(data) % 4)
