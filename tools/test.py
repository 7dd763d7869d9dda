#!/usr/bin/env python3
"""The one test command: sets up all that the tests need, then runs every test.

    python3 tools/test.py                    everything
    python3 tools/test.py --fast             without the browser, the slow tests and the emulated ARM targets
    python3 tools/test.py --only host -- -k interop -x
                                             one part; what follows -- goes to pytest
    python3 tools/test.py --setup            the set-up alone

It needs Python 3.11 or newer and nothing else. As root on Debian it installs Node.js and Chromium where they are
missing; elsewhere it says which command does. Its last line is "N passed, N failed", summed over the parts.
"""

import argparse
import signal
import sys
import time
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit('tools/test.py: seen Python %d.%d, expected 3.11 or newer' % sys.version_info[:2])

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tools.testing import setup  # noqa: E402
from tools.testing.parts import PARTS, Count  # noqa: E402
from tools.testing.process import say  # noqa: E402


def read_arguments(words):
    """The options, and the words after -- (for pytest)."""
    cut = words.index('--') if '--' in words else len(words)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='parts:\n' + '\n'.join(f'  {part.name:12} {part.text}' for part in PARTS),
    )
    parser.add_argument('--fast', action='store_true', help='without browser, slow tests and emulated targets')
    parser.add_argument('--only', metavar='PART', action='append', choices=[part.name for part in PARTS],
                        help='run this part (may be given again for more)')
    parser.add_argument('--setup', action='store_true', help='set up what the tests need, and stop')
    return parser.parse_args(words[:cut]), words[cut + 1:]


def chosen(options):
    """The parts to run: those named, or all of them (with --fast: the fast ones)."""
    if options.only:
        return [part for part in PARTS if part.name in options.only]
    return [part for part in PARTS if part.fast or not options.fast]


def set_up(steps):
    """Runs each set-up step once; {step: SetupError} of those that failed."""
    failed = {}
    with setup.locked():
        for step in steps:
            try:
                step()
            except setup.SetupError as exc:
                failed[step] = exc
                print(exc, flush=True)
    return failed


def run_part(part, options, pytest_arguments, missing):
    """Runs one part, or says what it lacks; its Count and its seconds."""
    started = time.monotonic()
    lacking = [missing[step] for step in part.wants(options.fast) if step in missing]
    # A host without a browser or Node still runs the tests that need neither; the others fail by themselves.
    if setup.python in missing or lacking and part.name != 'host':
        return Count(failed=1, reason=f'not run: {str(lacking[0]).splitlines()[0]}'), 0
    say(f'{part.name}: {part.text}')
    count = part.run(options.fast, pytest_arguments)
    if lacking:
        count.failed += len(lacking)
        count.reason = '; '.join([count.reason, *[str(exc).splitlines()[0] for exc in lacking]]).lstrip('; ')
    return count, time.monotonic() - started


def report(results, missing):
    """Prints the table and the closing line; the exit code."""
    print()
    for exc in missing.values():
        print(exc)
    for part, count, seconds in results:
        skipped = f'{count.skipped:5} skipped' if count.skipped else ''
        print(f'  {part.name:12}{count.passed:6} passed{count.failed:6} failed{skipped:14}{seconds:8.1f} s  '
              f'{count.reason}'.rstrip())
    passed, failed, skipped = [
        sum(getattr(count, name) for _, count, _ in results) for name in ('passed', 'failed', 'skipped')
    ]
    print(f'\n{passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''), flush=True)
    return 1 if failed or not passed else 0


def main():
    # Ended from outside it unwinds as on Ctrl-C, and so ends what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options, pytest_arguments = read_arguments(sys.argv[1:])
    parts = chosen(options)
    steps = list(dict.fromkeys(step for part in parts for step in part.wants(options.fast)))
    missing = set_up(steps)
    if options.setup:
        say('setup: ' + ('incomplete' if missing else 'complete'))
        return 1 if missing else 0
    results = [(part, *run_part(part, options, pytest_arguments, missing)) for part in parts]
    return report(results, missing)


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit('tools/test.py: interrupted')
