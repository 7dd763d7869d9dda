#!/usr/bin/env python3
"""The endurance test: mixed real clients and strangers against one server, with faults, for as long as you say.

    python3 tools/soak.py --minutes 10
    python3 tools/soak.py --minutes 0.4 --no-netns

Official clients (socket.io-client 4 and 2; polling, websocket, upgrade; plain, TLS, and through a proxy that cuts,
stalls, drips and loses connections), some of which are killed; a network of their own whose cable is pulled, where
`ip netns` may be used; strangers with garbage, broken frames, upgrade races, storms. After each round all of them
leave, and it is checked that

- what was acknowledged had arrived, exactly once and in order, both ways, and that a broadcast left no gap in a
  connection or across a recovered one;
- no session, socket, room, stream, descriptor, heartbeat or timer is left;
- memory is back where it was: what is in use (objects, Python's blocks, C's heap), and the size of the process without
  what C's allocator has free and keeps.

The last line is "soak: N problems"; the exit code is 0 for none. It needs `python3 tools/test.py --setup`.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from tools.soaking import checks  # noqa: E402
from tools.soaking.far import Far  # noqa: E402
from tools.soaking.rounds import Round, Server  # noqa: E402

NODE_MODULES = Path(os.environ.get('EDGEIO_NODE_MODULES') or ROOT / 'host_tests' / 'node' / 'node_modules')
ROUND = 60
"""Seconds of a round, where there is time for several."""


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--minutes', type=float, default=10, help='how long the clients are there, in all')
    parser.add_argument('--no-netns', action='store_true', help='faults by the proxy alone')
    return parser.parse_args()


def make_certificates(folder):
    """Paths of a certificate, its key and its authority; None where the package trustme is not there."""
    try:
        import trustme
    except ImportError:
        print('soak: no clients over TLS, since the package trustme is not installed', file=sys.stderr)
        return None
    authority, paths = trustme.CA(), {name: f'{folder}/{name}.pem' for name in ('ca', 'cert', 'key')}
    mine = authority.issue_cert('127.0.0.1')
    authority.cert_pem.write_to_path(paths['ca'])
    mine.cert_chain_pems[0].write_to_path(paths['cert'])
    mine.private_key_pem.write_to_path(paths['key'])
    return paths


async def start_server(folder, everywhere):
    """The server, in a process of its own. everywhere: it listens on all addresses."""
    certificates = make_certificates(folder)
    words = ['0.0.0.0' if everywhere else '127.0.0.1']
    if certificates:
        words += [certificates['cert'], certificates['key']]
    log = open(f'{folder}/log', 'w+')
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / 'tools' / 'soaking' / 'app.py'), *words, stdout=asyncio.subprocess.PIPE, stderr=log,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )
    line = await process.stdout.readline()
    if not line:
        log.seek(0)
        raise SystemExit('soak: the server did not start\n' + log.read())
    return Server(process, json.loads(line), NODE_MODULES, certificates, log)


async def soak(minutes, everywhere, folder):
    """Runs all rounds; the problems."""
    server = await start_server(folder, everywhere)
    far = Far(server.port) if everywhere else None
    seconds = minutes * 60
    count = max(1 if seconds < ROUND / 2 else 2, round(seconds / ROUND))
    problems, memory = [], []
    try:
        for number in range(1, count + 1):
            played = Round(server, seconds / count, number, far)
            found = await played.run()
            problems += [f'round {number}: {problem}' for problem in found]
            memory.append(played.memory)
            cuts = f', {far.cuts} cables pulled so far' if far else ''
            visits, faults = sum(played.visits.values()), sum(played.faults.values())
            print(f'\nround {number}: {played.messages} messages, {played.connects} connections, {played.recoveries} '
                  f'of them recovered, {visits} visits, {faults} faults{cuts}; '
                  f'{describe(played.memory)}; {len(found)} problems', flush=True)
    finally:
        if server.process.returncode is None:
            server.process.send_signal(signal.SIGTERM)
            await server.process.wait()
    server.log.seek(0)
    log = server.log.read()
    if 'Traceback' in log:
        problems.append('the server reported exceptions:\n' + log[-4000:])
    if len(memory) < 2:
        print('memory: there was one round, and nothing to compare it with')
    for name, (earlier, later) in checks.floors(memory).items():
        print(f'memory: {earlier} -> {later} {checks.UNITS[name]} (at most {checks.GROWTH[name]} more)')
    return problems + checks.growth(memory)


def describe(memory):
    """The figures of memory in words."""
    size, kept = memory['resident'] >> 10, memory['resident'] - memory['trimmed'] >> 10
    heap = 'C heap unknown' if memory['heap'] is None else f'{memory["heap"] >> 10} KB of C heap'
    return f'{size} KB, {kept} KB of them free in the allocator; in use {heap}, {memory["blocks"]} blocks'


def main():
    given = read_arguments()
    if not NODE_MODULES.is_dir():
        raise SystemExit(f'soak: no {NODE_MODULES}; this sets it up: python3 tools/test.py --setup')
    netns = not given.no_netns and Far.lay()
    print('soak: ' + ('with a network of its own' if netns else 'faults by the proxy alone'), flush=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            problems = asyncio.run(soak(given.minutes, netns, folder))
    finally:
        if netns:
            Far.take_up()
    for problem in problems:
        print(problem)
    print(f'soak: {len(problems)} problems')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
