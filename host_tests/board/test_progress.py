"""The progress bar: bytes, speed and time left."""

import io

import pytest

from tools.deploying.progress import Progress, size, span


def test_bar_shows_share_bytes_speed_and_time_left():
    now = [0]
    out = io.StringIO()
    bar = Progress(10240, out, lambda: now[0])
    bar.show(0)
    now[0] = 2
    bar.show(5120)
    assert out.getvalue().split('\r\033[K')[-1] == (
        '[############............]  50%  5.0 KiB of 10.0 KiB, 2.5 KiB/s, 2 s left'
    )


def test_what_an_earlier_try_brought_says_nothing_about_the_speed():
    now = [0]
    bar = Progress(10240, io.StringIO(), lambda: now[0])
    bar.show(8192)
    now[0] = 1
    assert '1.0 KiB/s, 1 s left' in bar.line(9216)


@pytest.mark.parametrize('count, text', [(0, '0 B'), (1023, '1023 B'), (1536, '1.5 KiB'), (5 << 20, '5.0 MiB')])
def test_sizes(count, text):
    assert size(count) == text


@pytest.mark.parametrize('seconds, text', [(0.4, '0 s'), (59, '59 s'), (125, '2:05 min'), (7260, '2:01 h')])
def test_spans(seconds, text):
    assert span(seconds) == text
