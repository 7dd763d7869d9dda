"""A serial cable that can be pulled, between the desktop and a board: a real terminal, or one made for it."""

import contextlib
import os
import random
import select
import threading
import tty


class Cable:
    """`desktop` and `board` are the paths of its ends: links in `folder`, which keep their names when it is plugged in
    again. far: the path of a terminal that is there already, such as an emulated board's, for the board's end.

    noise: the chance that a piece of what goes through is changed or lost. budget: bytes from the desktop after which
    it is pulled by itself, or None. carried: bytes from the desktop so far.
    """

    def __init__(self, folder, far=None, noise=0, seed=1):
        self.desktop, self.board = str(folder / 'desktop-tty'), str(folder / 'board-tty')
        self.far = far
        self.noise = noise
        self.budget = None
        self.carried = 0
        self.pulled = threading.Event()
        self._random = random.Random(seed)
        self._fds = self._thread = None
        self.plug()

    def plug(self):
        """Plugs it in."""
        self.pulled.clear()
        self.budget = None
        self._fds, self._links = [], []
        desktop = self._make_end(self.desktop)
        board = self._open_far() if self.far else self._make_end(self.board)
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._carry, args=(desktop, board), daemon=True)
        self._thread.start()

    def _make_end(self, path):
        master, slave = os.openpty()
        tty.setraw(slave)
        self._fds += [master, slave]  # the slave stays open: without one, reading the master fails
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        os.symlink(os.ttyname(slave), path)
        self._links.append(path)
        return master

    def _open_far(self):
        fd = os.open(self.far, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd)
        self._fds.append(fd)
        return fd

    def pull(self):
        """Pulls it: both ends see the terminal vanish."""
        os.write(self._stop_write, b'x')
        self._thread.join()
        self._vanish()

    def close(self):
        """Pulls it for good."""
        if not self.pulled.is_set():
            self.pull()

    def _vanish(self):
        if not self.pulled.is_set():
            for path in self._links:
                os.unlink(path)
            for fd in (*self._fds, self._stop_read, self._stop_write):
                os.close(fd)
            self.pulled.set()  # at last: whoever waits for it may plug in again

    def _carry(self, desktop, board):
        other = {desktop: board, board: desktop}
        while True:
            ready = select.select([desktop, board, self._stop_read], [], [])[0]
            if self._stop_read in ready:
                return
            for fd in ready:
                data = os.read(fd, 256)
                if fd == desktop:
                    self.carried += len(data)
                self._write(other[fd], self._worn(data))
            if self.budget is not None and self.carried >= self.budget:
                self._vanish()
                return

    def _write(self, fd, data):
        while data:
            data = data[os.write(fd, data) :]

    def _worn(self, data):
        if self._random.random() >= self.noise:
            return data
        data = bytearray(data)
        place = self._random.randrange(len(data))
        if self._random.random() < 0.5:
            data[place] ^= 0x10
        else:
            del data[place:]
        return bytes(data)
