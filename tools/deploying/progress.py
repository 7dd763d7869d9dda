"""A progress bar: bytes, speed and time left, on one line of a terminal; nothing of it in a file."""

import sys
import time

WIDTH = 24
EVERY = 0.1
"""Seconds between two drawings."""


class Progress:
    """Draws how much of `total` bytes is done. out: where to (default: stderr, if it is a terminal)."""

    def __init__(self, total, out=None, clock=time.monotonic):
        self._total = total
        self._out = out if out is not None else sys.stderr if sys.stderr.isatty() else None
        self._clock = clock
        self._started = clock()
        self._first = None
        self._drawn = 0

    def show(self, done):
        """`done` bytes are there now."""
        if self._first is None:
            self._first = done  # from an earlier try: says nothing about the speed
        now = self._clock()
        if self._out is None or now - self._drawn < EVERY and done < self._total:
            return
        self._drawn = now
        self._out.write('\r\033[K' + self.line(done))
        self._out.flush()

    def end(self):
        """Leaves the bar's line."""
        if self._out is not None and self._drawn:
            self._out.write('\n')
            self._out.flush()

    def line(self, done):
        """The bar as text."""
        share = done / self._total if self._total else 1
        filled = int(WIDTH * share)
        text = f'[{"#" * filled}{"." * (WIDTH - filled)}] {share:4.0%}  {size(done)} of {size(self._total)}'
        took = self._clock() - self._started
        fresh = done - (self._first or 0)
        if fresh > 0 and took > 0.2:
            speed = fresh / took
            text += f', {size(speed)}/s, {span((self._total - done) / speed)} left'
        return text


def size(count):
    """Bytes in words: 512 B, 12.5 KiB."""
    for unit in ('B', 'KiB', 'MiB'):
        if count < 1024:
            return f'{count:.0f} {unit}' if unit == 'B' else f'{count:.1f} {unit}'
        count /= 1024
    return f'{count:.1f} GiB'


def span(seconds):
    """Seconds in words: 8 s, 2:05 min, 3:10 h."""
    seconds = int(seconds + 0.5)
    if seconds < 60:
        return f'{seconds} s'
    if seconds < 3600:
        return f'{seconds // 60}:{seconds % 60:02} min'
    return f'{seconds // 3600}:{seconds % 3600 // 60:02} h'
