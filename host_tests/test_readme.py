"""The README is true: its commands, files, tests and its example are those of this tree."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / 'README.md').read_text()


def code(language):
    """The blocks of code in `language`."""
    return re.findall(rf'```{language}\n(.*?)```', README, re.S)


def test_example_is_the_chat_app():
    assert code('python')[0] == (ROOT / 'board' / 'apps' / 'chat' / 'main.py').read_text()


def test_files_it_names_are_there():
    named = set(re.findall(r'`((?:edgeio|board|tools|host_tests|firmware_tests)/[\w./-]+\.\w+)`', README))
    named |= set(re.findall(r'\]\(([\w./-]+)\)', README))
    missing = [name for name in named if not (ROOT / name).exists()]
    assert len(named) > 20 and missing == []


def tests_of_promises():
    """All that the rows of "What the server promises" name as their tests."""
    rows = README.split('| Promise | Test |')[1].split('\n\n')[0]
    return sorted(set(re.findall(r'`([\w/]+\.py(?:::\w+)?)`', rows)))


def test_each_promise_names_a_test():
    rows = README.split('| Promise | Test |')[1].split('\n\n')[0].split('\n')[2:]
    assert len(rows) > 20 and [row for row in rows if not re.search(r'\.py(::test_\w+)?` \|$', row)] == []


@pytest.mark.parametrize('name', tests_of_promises())
def test_tests_it_names_are_there(name):
    file, _, function = name.partition('::')
    path = ROOT / file if (ROOT / file).exists() else ROOT / 'host_tests' / file
    assert path.exists()
    assert f'def {function}(' in path.read_text() if function else True


@pytest.mark.parametrize('command', sorted(set(re.findall(r'^    python3 (tools/\w+\.py|-m edgeio)\b', README, re.M))))
def test_commands_it_names_know_help(command):
    done = subprocess.run(
        [sys.executable, *command.split(), '--help'], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and 'usage' in done.stdout.lower() + done.stderr.lower()
