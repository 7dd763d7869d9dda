#!/usr/bin/env python3
"""Measures edgeio beside the other servers found here: CPU time per unit of work, memory, start.

    python3 tools/bench.py [--rows ack,http,...] [--peers edgeio,...] [--runs 3] [--seconds 2]
                           [--json FILE] [--plot FILE.png]

The servers take turns within one run, each on one processor with the load on another, because machines differ from
minute to minute: compare figures of one run only.
"""

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench import load
from bench.peers import find_peers

REQ = load.frame(1, b'420["req","some data"]')
CHAT = load.frame(1, b'42["chat","some data"]')


def binary(size):
    """An event with one attachment, and how many frames answer it."""
    return load.frame(1, b'451-0["bin",{"_placeholder":true,"num":0}]') + load.frame(2, bytes(size))


ROWS = {
    'ack': ('ack, 50 clients, 1 in flight', 'us', lambda p, s, t: load.exchange(load.connect(p, 50), REQ, 1, 1, s, t)),
    'ackp': ('ack, 16 clients, 16 in flight', 'us',
             lambda p, s, t: load.exchange(load.connect(p, 16), REQ, 16, 1, s, t)),
    'ack1': ('ack, 1 client', 'us', lambda p, s, t: load.exchange(load.connect(p, 1), REQ, 1, 1, s, t)),
    'bc100': ('broadcast to 100, per delivery', 'us', lambda p, s, t: load.broadcast(load.connect(p, 100), CHAT, s, t)),
    'bc1000': ('broadcast to 1000, per delivery', 'us',
               lambda p, s, t: load.broadcast(load.connect(p, 1000), CHAT, s, t)),
    'http': ('HTTP GET, keep-alive', 'us', lambda p, s, t: load.get([load.Client(p) for _ in range(50)], s, t)),
    'bin4k': ('binary ack, 4 KB', 'us', lambda p, s, t: load.exchange(load.connect(p, 8), binary(4096), 1, 2, s, t)),
    'bin64k': ('binary ack, 64 KB', 'us', lambda p, s, t: load.exchange(load.connect(p, 8), binary(65536), 1, 2, s, t)),
    'polling': ('long-polling ack', 'us', lambda p, s, t: load.poll_acks([load.Client(p) for _ in range(16)], p, s, t)),
    'churn': ('connect, ack, close', 'us', lambda p, s, t: load.churn(p, s, t, REQ)),
    'idle': ('idle websocket client', 'KB', lambda p, s, t: load.idle(p, s, 1000)),
    'rss': ('memory at start', 'MB', lambda p, s, t: s.rss_kb() / 1024),
    'start': ('start to listening', 'ms', None),
}  # fmt: skip


def main(argv=None):
    """Runs the command; returns the exit code."""
    options = read_arguments(argv)
    try:
        peers = find_peers(options.peers)
    except ValueError as exc:
        print(f'bench: {exc}', file=sys.stderr)
        return 2
    figures = measure(peers, options.rows, options.runs, options.seconds)
    print_table(figures, list(peers), options.rows)
    if options.json:
        Path(options.json).write_text(json.dumps({'machine': machine(), 'figures': figures}, indent=1) + '\n')
    if options.plot:
        plot(figures, list(peers), options.rows, options.plot)
    return 0


def read_arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rows', type=lambda text: text.split(','), default=list(ROWS), help=', '.join(ROWS))
    parser.add_argument('--peers', type=lambda text: text.split(','), help='default: all that are installed')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--seconds', type=float, default=2)
    parser.add_argument('--json')
    parser.add_argument('--plot')
    options = parser.parse_args(argv)
    for row in options.rows:
        if row not in ROWS:
            parser.error(f'no row {row!r}; there are: {", ".join(ROWS)}')
    return options


def measure(peers, rows, runs, seconds):
    """{row: {peer: [figure, ...]}}; the peers take turns."""
    figures = {row: {peer: [] for peer in peers} for row in rows}
    total, done = len(rows) * runs * len(peers), 0
    load.pin(1)
    for row in rows:
        for _ in range(runs):
            for name, peer in peers.items():
                done += 1
                print(f'\r[{done}/{total}] {ROWS[row][0]}: {name:<20}', end='', file=sys.stderr, flush=True)
                figures[row][name].append(run(peer, row, seconds))
    print(file=sys.stderr)
    return figures


def run(peer, row, seconds):
    """One figure: a fresh server, one row."""
    command, environment = peer
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **environment, 'PORT': str(port)}, preexec_fn=lambda: load.pin(0),
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_listening(process, port)
        started = (time.perf_counter() - began) * 1000
        if row == 'start':
            return started
        time.sleep(0.3)
        return ROWS[row][2](port, load.Server(process.pid), seconds)
    finally:
        process.terminate()
        process.wait()


def wait_listening(process, port):
    """Returns once the server takes connections."""
    for _ in range(5000):
        with socket.socket() as probe:
            if probe.connect_ex(('127.0.0.1', port)) == 0:
                return
        if process.poll() is not None:
            raise SystemExit(f'bench: the server ended with {process.returncode}: {process.args[:2]}')
        time.sleep(0.002)
    raise SystemExit('bench: the server does not listen')


def free_port():
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def machine():
    """What it was measured on, in words."""
    return (
        f'{date.today()}, {platform.machine()}, {os.cpu_count()} processors, '
        f'CPython {platform.python_version()}, Linux {platform.release().split("-")[0]}'
    )


def print_table(figures, peers, rows):
    """Medians as a Markdown table."""
    print(f'Medians; {machine()}. CPU microseconds of the server per unit, unless another unit is named.\n')
    print('| work | ' + ' | '.join(peers) + ' |')
    print('|---|' + '---|' * len(peers))
    for row in rows:
        text, unit, _ = ROWS[row]
        cells = [f'{statistics.median(figures[row][peer]):.4g}' for peer in peers]
        print(f'| {text}{"" if unit == "us" else ", " + unit} | ' + ' | '.join(cells) + ' |')


def plot(figures, peers, rows, path):
    """A bar chart: each row relative to the slowest of it."""
    try:
        import matplotlib
    except ImportError:
        raise SystemExit('bench: --plot needs matplotlib: pip install matplotlib') from None
    matplotlib.use('Agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 0.45 * len(rows) + 1.6))
    height = 0.8 / len(peers)
    for p, peer in enumerate(peers):
        shares, texts = [], []
        for row in rows:
            medians = {name: statistics.median(figures[row][name]) for name in peers}
            shares.append(medians[peer] / max(medians.values()))
            texts.append(f'{medians[peer]:.4g}')
        bars = axes.barh([i + p * height for i in range(len(rows))], shares, height, label=peer)
        axes.bar_label(bars, texts, padding=2, fontsize=7)
    axes.set_yticks([i + 0.4 - height / 2 for i in range(len(rows))])
    axes.set_yticklabels([f'{ROWS[row][0]} ({ROWS[row][1]})' for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_xlim(0, 1.12)
    axes.set_title('Cost of the server: shorter is better', fontsize=10)
    axes.legend(fontsize=8, loc='upper center', bbox_to_anchor=(0.5, -0.01), ncol=len(peers), frameon=False)
    for side in ('top', 'right', 'bottom'):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == '__main__':
    sys.exit(main())
