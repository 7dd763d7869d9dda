"""Debian packages of any architecture, downloaded and unpacked, never installed.

apt works on a state of its own inside the build folder; the machine's package lists and database are read for the
address of the archive only, and stay as they are. It needs neither root nor a foreign architecture to be enabled.
"""

import shutil
import subprocess
from pathlib import Path

from . import build

KEYRING = Path('/usr/share/keyrings/debian-archive-keyring.gpg')


class Archive:
    """The distribution's packages for one architecture ('armhf', 'arm64', 'armel', 'amd64')."""

    def __init__(self, architecture):
        self.architecture = architecture
        self.folder = build.FOLDER / 'apt' / architecture
        self._updated = False

    def unpack(self, folder, names):
        """Unpacks the packages `names` and everything they depend on into `folder`."""
        for deb in self._download(names):
            self._extract(deb, folder)

    def unpack_single(self, folder, name, members=()):
        """Unpacks one package without its dependencies; of `members` (tar patterns) only, where there are any."""
        self._update()
        target = self.folder / 'single'
        target.mkdir(exist_ok=True)
        self._apt('download', name, cwd=target)
        for deb in target.glob(name.split(':')[0] + '_*.deb'):
            self._extract(deb, folder, members)
            deb.unlink()

    def dependency(self, name, prefix):
        """The first package starting with `prefix` that `name` depends on: from a meta package to the real one."""
        self._update()
        listing = self._run('apt-cache', 'depends', name)
        for line in listing.splitlines():
            kind, _, package = line.strip().partition(': ')
            if kind == 'Depends' and package.startswith(prefix):
                return package
        raise build.TargetError(f'{name} ({self.architecture}) depends on no {prefix}* package:\n{listing}')

    def _download(self, names):
        self._update()
        archives = self.folder / 'cache' / 'archives'
        shutil.rmtree(archives, ignore_errors=True)
        (archives / 'partial').mkdir(parents=True)
        self._apt('--yes', '--download-only', 'install', *names)
        return sorted(archives.glob('*.deb'))

    def _update(self):
        if self._updated:
            return
        for name in ('lists/partial', 'cache/archives/partial'):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / 'status').write_text('')
        (self.folder / 'sources.list').write_text(_source_line())
        self._apt('update')
        self._updated = True

    def _apt(self, *arguments, cwd=None):
        return self._run('apt-get', '--quiet=2', *arguments, cwd=cwd)

    def _run(self, program, *arguments, cwd=None):
        settings = {
            'APT::Architecture': self.architecture,
            'APT::Architectures': self.architecture,
            'APT::Install-Recommends': 'false',
            'APT::Keep-Downloaded-Packages': 'true',
            'APT::Sandbox::User': 'root',
            'APT::Update::Post-Invoke::': '',
            'Acquire::Languages': 'none',
            'Dir::State': self.folder,
            'Dir::State::status': self.folder / 'status',
            'Dir::State::lists': self.folder / 'lists',
            'Dir::Cache': self.folder / 'cache',
            'Dir::Etc::sourcelist': self.folder / 'sources.list',
            'Dir::Etc::sourceparts': '/dev/null',
        }
        options = [part for key, value in settings.items() for part in ('-o', f'{key}={value}')]
        return _checked([program, *options, *arguments], cwd)

    def _extract(self, deb, folder, members=()):
        with subprocess.Popen(['dpkg-deb', '--fsys-tarfile', deb], stdout=subprocess.PIPE) as source:
            patterns = ['--wildcards', '--no-anchored', *members] if members else []
            command = ['tar', '-x', '--no-same-owner', '-C', str(folder), *patterns]
            done = subprocess.run(command, stdin=source.stdout, capture_output=True, text=True)
        # A pattern that matches nothing is normal: kernels differ in what is a module and what is built in.
        if done.returncode and not members:
            raise build.TargetError(f'{deb.name} cannot be unpacked: {done.stderr.strip()}')


def _checked(command, cwd=None):
    try:
        done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    except FileNotFoundError:
        raise build.TargetError(
            f'there is no {command[0]} here: emulated targets are made from Debian packages and need a Debian system '
            '(the targets cpython and micropython run anywhere)'
        ) from None
    if done.returncode:
        raise build.TargetError(f'{command[0]} failed:\n{done.stderr.strip()}')
    return done.stdout


def host_architecture():
    """The architecture of this machine, such as 'amd64'."""
    return _checked(['dpkg', '--print-architecture']).strip()


def _source_line():
    """The machine's own archive, its main part only: the other suites have no complete index for every processor."""
    release = _release()
    listing = _checked(['apt-get', 'indextargets', '--format', '$(CREATED_BY) $(REPO_URI) $(RELEASE) $(COMPONENT)'])
    for line in listing.splitlines():
        fields = line.split()
        if fields[0] == 'Packages' and fields[2:] == [release, 'main']:
            signed = f'[signed-by={KEYRING}] ' if KEYRING.exists() else ''
            return f'deb {signed}{fields[1]} {release} main\n'
    raise build.TargetError(
        f'apt knows no source for the main part of "{release}"; see /etc/apt/sources.list and `apt-get indextargets`'
    )


def _release():
    fields = dict(line.split('=', 1) for line in Path('/etc/os-release').read_text().splitlines() if '=' in line)
    if fields.get('ID', '').strip('"') != 'debian':
        raise build.TargetError(
            'emulated targets need a Debian system, this is another one '
            f'({fields.get("PRETTY_NAME")}); the targets cpython and micropython run anywhere'
        )
    return fields['VERSION_CODENAME'].strip('"')
