"""Runs Autobahn's cases against a WebSocket echo server: `python autobahn.py PORT CASE [CASE ...]`.

Prints one JSON object a case. A program of its own, because the runner's threads may outlive its event loop.
"""

import asyncio
import json
import os
import sys

from kosoku import FailureError, run_fuzzingclient


async def run(port, cases):
    """The result of each case, whether it passed or not."""
    try:
        return await run_fuzzingclient(f'127.0.0.1:{port}', cases, concurrency=2)
    except FailureError as failure:
        return failure.results


def main(port, *cases):
    for case in asyncio.run(run(port, list(cases))):
        said = {
            'id': case.case_id,
            'behavior': case.behavior.value,
            'close': case.behavior_close.value,
            'why': f'{case.result} / {case.result_close}',
            'expected': str(case.expected)[:300],
            'received': str(case.received)[:300],
        }
        print(json.dumps(said), flush=True)
    os._exit(0)


if __name__ == '__main__':
    main(*sys.argv[1:])
