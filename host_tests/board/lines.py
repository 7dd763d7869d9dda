"""Lines for links to be tested over: their clock is a number, their faults are drawn from a seed."""

import heapq
import random


class Line:
    """One direction of a line at `baud` that, with the chances given, drops, doubles, delays or changes what it bears.

    Chances are per write, as noise comes in bursts; a delay is up to `latest` ms, so writes overtake each other.
    """

    def __init__(self, seed, drop=0, double=0, delay=0, damage=0, baud=115200, latest=200):
        self._random = random.Random(seed)
        self._chances = drop, double, delay, damage
        self._latest = latest
        self._byte_ms = 10000 / baud
        self._free_at = 0
        self._under_way = []
        self._serial = 0
        self.cut = False

    def write(self, data, now):
        """Puts bytes on the line; each 200 of them have a fate of their own."""
        for start in range(0, len(data), 200):
            self._write_piece(bytearray(data[start : start + 200]), now)

    def read(self, now):
        """What has arrived by now, oldest first."""
        out = []
        while self._under_way and self._under_way[0][0] <= now:
            out.append(bytes(heapq.heappop(self._under_way)[2]))
        return out

    def wait(self, now):
        """Milliseconds until something arrives; None: nothing is under way."""
        return max(0, self._under_way[0][0] - now) if self._under_way else None

    def _write_piece(self, piece, now):
        drop, double, delay, damage = self._chances
        draw = self._random
        self._free_at = max(self._free_at, now) + len(piece) * self._byte_ms
        if self.cut or draw.random() < drop:
            return
        if draw.random() < damage:
            self._damage(piece)
        arrives = self._free_at + (draw.random() * self._latest if draw.random() < delay else 0)
        for _ in range(2 if draw.random() < double else 1):
            self._serial += 1
            heapq.heappush(self._under_way, (arrives, self._serial, piece))

    def _damage(self, piece):
        place = self._random.randrange(len(piece))
        kind = self._random.randrange(3)
        if kind == 0:
            piece[place] ^= 1 << self._random.randrange(8)
        elif kind == 1:
            del piece[place : place + self._random.randrange(1, 20)]
        else:
            piece[place:place] = self._random.randbytes(self._random.randrange(1, 20))


class Pair:
    """Two ends joined by two lines, and the clock. Links are `desktop` and `board`."""

    def __init__(self, desktop, board, there, back):
        self.desktop, self.board = desktop, board
        self.there, self.back = there, back
        self.now = 0

    def turn(self):
        """Lets time pass until something is due, and carries it."""
        links = ((self.desktop, self.there), (self.board, self.back))
        waits = [link.wait(self.now) for link, _ in links] + [line.wait(self.now) for _, line in links]
        waits = [wait for wait in waits if wait is not None]
        assert waits, 'nothing will ever happen on this line again'
        self.now += max(min(waits), 0.1)
        for line, link in ((self.there, self.board), (self.back, self.desktop)):
            for data in line.read(self.now):
                link.receive(data, self.now)
        for link, line in links:
            line.write(link.transmit(self.now), self.now)

    def until(self, done, ms=600000):
        """Turns until `done()`; AssertionError after `ms` of the line's time."""
        while not done():
            assert self.now < ms, f'not after {self.now:.0f} ms: {self.desktop.state}, {self.board.state}'
            self.turn()

    def run(self, ms):
        """Turns for `ms` of the line's time, or until nothing is due any more."""
        end = self.now + ms
        while self.now < end:
            try:
                self.turn()
            except AssertionError:
                return
