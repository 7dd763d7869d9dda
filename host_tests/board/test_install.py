"""board/install.sh, for a card: files, owners, rights, and a second run that changes nothing twice."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from board.profile import read_profile
from host_tests.processes import ROOT

INSTALL = ROOT / 'board' / 'install.sh'

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='a card is written as root')


@pytest.fixture
def key(tmp_path):
    path = tmp_path / 'board.key'
    path.write_text('5a' * 32)
    return path


@pytest.fixture(params=['systemd', 'busybox'])
def card(request, tmp_path):
    """The root of a system on a card, and its init."""
    root = tmp_path / 'card'
    (root / 'etc/systemd/system').mkdir(parents=True)
    (root / 'etc/passwd').write_text('root::0:0:root:/root:/bin/sh\n')
    (root / 'etc/group').write_text('root:x:0:\ndialout:x:20:pi\n')
    if request.param == 'systemd':
        (root / 'lib/systemd').mkdir(parents=True)
        (root / 'lib/systemd/systemd').touch(0o755)
    return root, request.param


def install(*words):
    return subprocess.run(['sh', INSTALL, *map(str, words)], text=True, capture_output=True)


def test_card_gets_the_library_the_profile_the_key_and_a_service(card, key):
    root, init = card
    done = install('--profile', 'generic-armhf', '--key', key, '--root', root)
    assert done.returncode == 0, done.stderr
    assert (root / 'opt/edgeio/edgeio/iosched.py').exists() and (root / 'opt/edgeio/board/agent.py').exists()
    assert read_profile(root / 'etc/edgeio/profile.json')['name'] == 'generic-armhf'
    placed = root / 'etc/edgeio/key'
    assert placed.read_text() == key.read_text() and placed.stat().st_mode & 0o777 == 0o600
    assert placed.stat().st_uid == (990 if init == 'systemd' else 0)
    if init == 'systemd':
        wanted = root / 'etc/systemd/system/multi-user.target.wants/edgeio-agent.service'
        assert wanted.is_symlink() and (wanted.parent / os.readlink(wanted)).exists()
    else:
        assert (root / 'etc/init.d/edgeio-agent').stat().st_mode & 0o111
        assert 'null::respawn:/etc/init.d/edgeio-agent' in (root / 'etc/inittab').read_text()
    assert key.read_text() not in done.stdout + done.stderr


def test_user_is_made_once_and_is_in_the_groups_it_needs(card, key):
    root, _ = card
    for _ in range(2):
        assert install('--profile', 'emulated', '--key', key, '--root', root).returncode == 0
    groups = dict(line.split(':x:') for line in (root / 'etc/group').read_text().split())
    assert groups['dialout'] == '20:pi,edgeio' and groups['gpio'] == '991:edgeio' and groups['edgeio'] == '990:'
    assert (root / 'etc/passwd').read_text().count('edgeio') == 2  # its name and its folder
    inittab = root / 'etc/inittab'
    assert not inittab.exists() or inittab.read_text().count('respawn:/etc/init.d/edgeio-agent') == 1


def test_newer_library_takes_the_place_of_the_older(card, key):
    root, _ = card
    install('--profile', 'emulated', '--key', key, '--root', root)
    stale = root / 'opt/edgeio/edgeio/stale.py'
    stale.touch()
    install('--profile', 'emulated', '--key', key, '--root', root)
    assert not stale.exists() and not list((root / 'opt/edgeio').glob('*.new'))


@pytest.mark.parametrize(
    'words, seen',
    [
        ([], '--profile NAME'), (['--profile', 'toaster'], 'raspberry-pi.json'), (['--profile', 'emulated'], 'keygen'),
        (['--profile', 'emulated', '--key', '/none'], 'cannot be read'), (['--bogus'], 'unknown argument --bogus'),
        (['--profile', 'emulated', '--key', INSTALL], '--root FOLDER, or a host'),
        (['--profile', 'emulated', '--key', INSTALL, '--root', '/dev'], 'is no system'),
    ],
    ids=['nothing', 'no such profile', 'no key', 'no such key', 'unknown', 'no place', 'no system'],
)  # fmt: skip
def test_what_is_missing_is_named(words, seen):
    done = install(*words)
    assert done.returncode != 0 and seen in done.stderr


def test_over_ssh_the_board_installs_itself(card, key, tmp_path):
    """`ssh` is a script that runs the command in a home of its own, as root on the card would."""
    root, init = card
    home, programs = tmp_path / 'home', tmp_path / 'bin'
    home.mkdir()
    programs.mkdir()
    script = programs / 'ssh'
    script.write_text(
        '#!/bin/sh\n[ "$1" = pi@board.local ] || exit 9\n'
        f'export HOME={home}; cd {home}; eval "$(echo "$2" | sed "s|--root /|--root {root}|")"\n'
    )
    script.chmod(0o755)
    done = subprocess.run(
        ['sh', INSTALL, '--profile', 'raspberry-pi', '--key', key, 'pi@board.local'],
        env={**os.environ, 'PATH': f'{programs}:{os.environ["PATH"]}'}, text=True, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (root / 'etc/edgeio/key').read_text() == key.read_text()
    assert read_profile(root / 'etc/edgeio/profile.json')['name'] == 'raspberry-pi'
    assert not list(home.iterdir()), 'the key was left behind'
    # What is unpacked there is for its owner alone; what is installed is not, except for the key.
    for path, mode in (('etc/edgeio', 0o755), ('etc/edgeio/profile.json', 0o644), ('opt/edgeio/board', 0o755)):
        assert (root / path).stat().st_mode & 0o777 == mode, path
    assert (root / 'opt/edgeio/board/agent.py').stat().st_mode & 0o444 == 0o444
    assert (root / 'etc/edgeio/key').stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize('path', sorted((ROOT / 'board/profiles').glob('*.json')), ids=lambda path: path.stem)
def test_every_profile_is_valid_and_named_after_its_board(path):
    assert read_profile(path)['name'] == path.stem


@pytest.mark.skipif(not shutil.which('systemd-analyze'), reason='no systemd here')
@pytest.mark.parametrize('unit', ['edgeio-agent.service', 'edgeio-app@.service'])
def test_systemd_finds_nothing_wrong_with_the_unit(unit, tmp_path):
    text = (ROOT / 'board/systemd' / unit).read_text().replace('WorkingDirectory=/opt/edgeio', 'WorkingDirectory=/')
    (tmp_path / unit).write_text(text)
    done = subprocess.run(['systemd-analyze', 'verify', tmp_path / unit], text=True, capture_output=True)
    assert done.returncode == 0 and unit not in done.stderr, done.stderr


def test_shell_scripts_are_plain_sh():
    for script in (INSTALL, ROOT / 'board/busybox/edgeio-agent'):
        assert Path(script).read_text().startswith('#!/bin/sh\n')
        subprocess.run(['sh', '-n', script], check=True)
