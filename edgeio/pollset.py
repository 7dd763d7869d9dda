"""The descriptors that are watched, and who is told.

A watcher is any object with `fd` and `mask` (its own slots, kept by this module) and

    on_readable()     something can be read: by far the most frequent case
    on_ready(mask)    everything else: POLLOUT, POLLPRI, POLLERR, POLLHUP and mixtures

An exception that leaves a watcher leaves `wait` as well; the descriptors not served yet are still ready and come
again at the next wait, so nothing is lost by it. The same goes for a `wait` inside a watcher's call. A watcher bears
a call too many: its descriptor may be a new one with the number of one that was ready.
"""

from .compat import POLLIN, POLLOUT, POLLPRI, Poller, const

poller = Poller()
watchers = {}
MAX_WAIT = const(2147483647)
"""Milliseconds that one wait lasts at most: the system counts them in an int."""

ready = _read, _write, _except = [[], [], []]
"""Descriptors that had an event in the last `wait`: [read, write, except]. The lists are used again by the next."""


def watch(watcher, mask):
    """Begins to watch `watcher.fd` for `mask`."""
    poller.register(watcher.fd, mask)
    watcher.mask = mask
    watchers[watcher.fd] = watcher


def change(watcher, mask):
    """Watches for `mask` from now on; 0 means errors only."""
    if watcher.mask != mask:
        watcher.mask = mask
        poller.modify(watcher.fd, mask)


def forget(watcher, closing=False):
    """Stops watching. `closing`: the descriptor is closed right after (saves a system call under epoll)."""
    if watchers.get(watcher.fd) is not watcher:
        return  # not watched, or closed unseen: the number is another's by now
    del watchers[watcher.fd]
    if not (closing and poller.forgets_closed):
        try:
            poller.unregister(watcher.fd)
        except OSError:
            pass  # closed already, so the system has forgotten it


def is_open(watcher):
    """False where the watched descriptor was closed unseen, as far as the system tells (poll does not)."""
    try:
        poller.modify(watcher.fd, watcher.mask)
    except OSError:
        return False
    return True


def wait(ms):
    """Waits `ms` milliseconds at most (None: for ever), serves what is ready and returns `ready`."""
    _read.clear()
    if _write or _except:
        _write.clear()
        _except.clear()
    if ms is not None and not 0 <= ms <= MAX_WAIT:
        ms = 0 if ms < 0 else MAX_WAIT
    for fd, mask in poller.wait(ms):
        watcher = watchers.get(fd)
        if watcher is None:
            continue
        if mask == POLLIN:
            _read.append(fd)
            watcher.on_readable()
        else:
            _note(fd, mask)
            watcher.on_ready(mask)
    return ready


def _note(fd, mask):
    if mask & POLLOUT:
        _write.append(fd)
    if mask & ~(POLLOUT | POLLPRI):
        _read.append(fd)
    if mask & POLLPRI:
        _except.append(fd)


def renew():
    """A new poll set with the same descriptors: for a forked worker, which must not share its parent's."""
    global poller
    poller = Poller()
    for watcher in watchers.values():
        poller.register(watcher.fd, watcher.mask)
