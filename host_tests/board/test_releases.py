"""Releases on a disk: what a push needs, what is refused, and what a power cut leaves behind."""

import hashlib
import json

import pytest

from board import disk
from board.releases import MAX_TRIES, ReleaseError, Releases

OLD = {'main.py': b'print("old")', 'static/page.html': b'<p>both', 'empty': b''}
NEW = {'main.py': b'print("new")', 'static/page.html': b'<p>both', 'twice.txt': b'twice', 'too.txt': b'twice'}


def manifest(app):
    return {path: [len(data), hashlib.sha256(data).hexdigest(), 0o644] for path, data in app.items()}


def send(releases, app):
    """Sends what is missing of `app`; the hashes that were sent."""
    contents = {hashlib.sha256(data).hexdigest(): data for data in app.values()}
    missing = releases.missing(manifest(app))
    for digest, offset in missing.items():
        data = contents[digest]
        while offset < len(data):
            offset = releases.receive(digest, offset, data[offset : offset + 5], len(data))
    return list(missing)


def install(releases, app, confirm=True):
    send(releases, app)
    name = releases.make(manifest(app), 'app')
    releases.switch(name)
    if confirm:
        releases.confirm()
    return name


def content(releases, name):
    folder = releases.app_folder(name)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def test_first_release_is_on_trial_until_it_is_confirmed(tmp_path):
    releases = Releases(tmp_path)
    name = install(releases, OLD, confirm=False)
    assert releases.current == name and releases.on_trial and releases.fallback is None
    releases.confirm()
    assert not Releases(tmp_path).on_trial
    assert content(releases, name) == OLD


def test_only_what_changed_is_sent(tmp_path):
    releases = Releases(tmp_path)
    install(releases, OLD)
    assert len(send(releases, NEW)) == 2  # main.py, and the one content of two files
    assert content(releases, releases.make(manifest(NEW), 'app')) == NEW


def test_file_that_changed_on_the_board_is_sent_again(tmp_path):
    releases = Releases(tmp_path)
    name = install(releases, OLD)
    (releases.app_folder(name) / 'static/page.html').write_bytes(b'<p>evil')
    assert hashlib.sha256(b'<p>both').hexdigest() in releases.missing(manifest(NEW))


def test_file_that_arrived_in_part_goes_on_from_there(tmp_path):
    digest = hashlib.sha256(OLD['main.py']).hexdigest()
    Releases(tmp_path).receive(digest, 0, OLD['main.py'][:7], len(OLD['main.py']))
    releases = Releases(tmp_path)
    assert releases.missing(manifest(OLD))[digest] == 7
    install(releases, OLD)
    assert content(releases, releases.current) == OLD


def test_piece_that_does_not_follow_is_refused(tmp_path):
    releases = Releases(tmp_path)
    with pytest.raises(ReleaseError, match='push.offset'):
        releases.receive('a' * 64, 3, b'xyz', 9)


def test_file_with_another_hash_is_thrown_away_and_wanted_again(tmp_path):
    releases = Releases(tmp_path)
    digest = hashlib.sha256(OLD['main.py']).hexdigest()
    with pytest.raises(ReleaseError, match='push.hash'):
        releases.receive(digest, 0, b'x' * len(OLD['main.py']), len(OLD['main.py']))
    assert releases.missing(manifest(OLD))[digest] == 0


@pytest.mark.parametrize('path', ['../x', '/etc/passwd', 'a//b', 'a/../../b', '', 'a/./b', 'a\0b', 'a' * 300])
def test_path_outside_the_app_is_refused(tmp_path, path):
    files = {path: manifest(OLD)['main.py']}
    with pytest.raises(ReleaseError, match='push.path'):
        Releases(tmp_path).missing(files)
    with pytest.raises(ReleaseError, match='push.path'):
        Releases(tmp_path).make(files, 'app')


def test_app_that_does_not_fit_is_refused_with_both_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, 'free_bytes', lambda folder: 1048576 + 4096)
    with pytest.raises(ReleaseError, match=r'not enough room.*4096 bytes free.*8192 bytes'):
        Releases(tmp_path).missing(manifest(OLD))


def test_same_app_again_is_the_same_release(tmp_path):
    releases = Releases(tmp_path)
    name = install(releases, OLD)
    assert releases.make(manifest(OLD), 'app') == name


def test_failed_trial_goes_back_to_the_release_that_was_well(tmp_path):
    releases = Releases(tmp_path)
    old = install(releases, OLD)
    install(releases, NEW, confirm=False)
    install(releases, {'main.py': b'third'}, confirm=False)  # pushed while the second was still on trial
    assert releases.fallback == old
    assert releases.roll_back() == old and not releases.on_trial


def test_release_is_given_up_after_some_starts_without_a_verdict(tmp_path):
    install(Releases(tmp_path), OLD, confirm=False)
    tries = 0
    while Releases(tmp_path).begin_try():  # a power cut between any two
        tries += 1
    assert tries == MAX_TRIES


def test_old_releases_are_removed_but_never_the_two_that_count(tmp_path):
    releases = Releases(tmp_path, keep=3)
    names = [install(releases, {'main.py': b'%d' % n}) for n in range(6)]
    assert releases.names() == names[-3:]
    assert releases.current == names[-1] and releases.fallback == names[-2]


def test_stopped_app_stays_stopped_after_a_power_cut(tmp_path):
    releases = Releases(tmp_path)
    install(releases, OLD)
    releases.set_wanted(False)
    assert not Releases(tmp_path).wanted


class PowerCut(BaseException):
    """The end of everything, in the middle of a push."""


def cut_after(monkeypatch, steps):
    """Makes the `steps`-th step that touches the disk the last one; the list of steps so far."""
    taken = []

    def counted(fn):
        def step(*args, **options):
            if len(taken) >= steps:
                raise PowerCut
            taken.append(fn)
            return fn(*args, **options)

        return step

    for owner, name in (
        ('board.disk', 'sync_file'), ('board.disk', 'sync_folder'), ('pathlib.Path', 'rename'), ('os', 'link'),
        ('pathlib.Path', 'mkdir'), ('pathlib.Path', 'unlink'), ('shutil', 'copyfileobj'), ('shutil', 'rmtree'),
    ):  # fmt: skip
        target = __import__(owner.split('.')[0], fromlist=['x'])
        for part in owner.split('.')[1:]:
            target = getattr(target, part)
        monkeypatch.setattr(target, name, counted(getattr(target, name)))
    return taken


def test_power_cut_at_every_step_of_a_push_leaves_the_old_or_the_new_app_whole(tmp_path, monkeypatch):
    outcomes, step = [], 0
    while True:
        folder = tmp_path / str(step)
        old = install(Releases(folder), OLD)
        with monkeypatch.context() as patch:
            releases = Releases(folder)
            cut_after(patch, step)
            try:
                install(releases, NEW)
                cut = False
            except PowerCut:
                cut = True
        after = Releases(folder)
        assert content(after, after.current) == (OLD if after.current == old else NEW)
        assert all(json.loads((folder / 'releases' / name / 'release.json').read_bytes()) for name in after.names())
        assert not list((folder / 'releases').glob('*.draft'))
        outcomes.append(after.current == old)
        install(after, NEW)  # and the push can be done again
        assert content(after, after.current) == NEW
        if not cut:
            break
        step += 1
    assert outcomes[0] and not outcomes[-1] and len(outcomes) > 10
    assert outcomes == sorted(outcomes, reverse=True), 'once the new one runs, no later cut brings the old one back'
