"""Coverage-guided fuzzing of one target, or of each in turn: `python -m host_tests.fuzz.guided TARGET SECONDS`.

It needs the package atheris. It begins with the corpus; what crashes is left in `.build/fuzz/TARGET`: put it into
the corpus under a name that says what it is, and it is a test from then on.
"""

import os
import subprocess
import sys
from pathlib import Path

CORPUS = Path(__file__).with_name('corpus')
FOUND = Path(__file__).resolve().parents[2] / '.build' / 'fuzz'


def fuzz(name, seconds):
    """Fuzzes one target, in this process, and ends it."""
    import atheris

    with atheris.instrument_imports(include=['edgeio']):
        from host_tests.fuzz.targets import TARGETS

    folder = FOUND / name
    folder.mkdir(parents=True, exist_ok=True)
    words = [f'-max_total_time={seconds}', '-max_len=4096', '-timeout=5', '-rss_limit_mb=1024', '-print_final_stats=1',
             f'-artifact_prefix={folder}/crash-', str(folder), str(CORPUS / name)]
    atheris.Setup([sys.argv[0], *words], TARGETS[name])
    atheris.Fuzz()


def main(name='all', seconds='60'):
    if name != 'all':
        fuzz(name, seconds)
        return 0
    failed = []
    for folder in sorted(CORPUS.iterdir()):
        command = [sys.executable, '-m', 'host_tests.fuzz.guided', folder.name, seconds]
        ended = subprocess.run(command, env={**os.environ, 'PYTHONPATH': '.'})
        failed += [folder.name] if ended.returncode else []
    print('found something: ' + ', '.join(failed) if failed else 'found nothing')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
