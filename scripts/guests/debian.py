# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of another Debian architecture, fetched without touching the host's apt.

Each (suite, architecture) has an apt state of its own below the cache folder; the
registry's address and keys are those that the host's apt is configured with.
"""

import glob
import os
import re
import shutil
import subprocess
import tempfile

KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'


class Unavailable(Exception):
    """The registry does not serve what was asked for (a reason to skip, not to fail)."""


def registry_uri():
    """The address of the Debian archive in the host's apt configuration."""
    try:
        out = subprocess.run(
            ['apt-get', 'indextargets', '--format', '$(RELEASE) $(REPO_URI)',
             'Created-By: Packages', 'Component: main'],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    except FileNotFoundError:
        raise Unavailable('this host has no apt-get') from None
    for line in out.splitlines():
        release, _, uri = line.partition(' ')
        if re.fullmatch(r'[a-z]+', release) and uri.rstrip('/').endswith('/debian'):
            return uri
    for line in out.splitlines():
        release, _, uri = line.partition(' ')
        if re.fullmatch(r'[a-z]+', release):
            return uri
    raise Unavailable('apt is configured with no Debian archive')


class Suite:
    """One suite for one architecture: its index and its packages."""

    def __init__(self, name, arch, cache, say):
        self.name = name
        self.arch = arch
        self.dir = os.path.join(os.path.abspath(cache), 'apt', '%s-%s' % (name, arch))
        self.say = say
        self.fetched = 0        # bytes downloaded

    def _options(self):
        d = self.dir
        options = {
            'Dir::State': d + '/state',
            'Dir::State::status': d + '/status',
            'Dir::Cache': d + '/cache',
            'Dir::Etc::sourcelist': d + '/sources.list',
            'Dir::Etc::sourceparts': '/dev/null',
            'APT::Architecture': self.arch,
            'APT::Architectures': self.arch,
            'Acquire::Check-Valid-Until': 'false',
            'Acquire::Languages': 'none',
            'Acquire::Retries': '3',
            'Acquire::http::Timeout': '60',
        }
        if os.geteuid() == 0:
            options['APT::Sandbox::User'] = 'root'
        args = []
        for key, value in options.items():
            args += ['-o', '%s=%s' % (key, value)]
        return args

    def _apt(self, tool, *args, cwd=None, timeout=900):
        try:
            done = subprocess.run([tool, '-q'] + self._options() + list(args), cwd=cwd,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=timeout)
        except FileNotFoundError:
            raise Unavailable('this host has no %s' % tool) from None
        except subprocess.TimeoutExpired:
            raise Unavailable('%s: no answer within %d s' % (tool, timeout)) from None
        if done.returncode != 0:
            lines = [l for l in done.stderr.splitlines() if l.startswith('E:')]
            raise Unavailable('%s %s: %s' % (
                self.name, self.arch,
                lines[0][2:].strip() if lines else 'exit status %d' % done.returncode))
        return done.stdout

    def update(self):
        """Fetch the suite's index."""
        for part in ('state/lists/partial', 'cache/archives/partial'):
            os.makedirs(os.path.join(self.dir, part), exist_ok=True)
        open(self.dir + '/status', 'w').close()
        signed = ' signed-by=' + KEYRING if os.path.exists(KEYRING) else ''
        with open(self.dir + '/sources.list', 'w') as f:
            f.write('deb [arch=%s%s] %s %s main\n' % (self.arch, signed, registry_uri(),
                                                     self.name))
        self.say('reading the index of Debian %s for %s' % (self.name, self.arch))
        self._apt('apt-get', 'update', '-o', 'APT::Update::Error-Mode=any')

    def show(self, package):
        """The fields of a package's newest version."""
        text = self._apt('apt-cache', 'show', '--no-all-versions', package)
        fields = {}
        for line in text.split('\n\n')[0].splitlines():
            if not line.startswith(' ') and ':' in line:
                key, _, value = line.partition(':')
                fields[key] = value.strip()
        if 'Package' not in fields:
            raise Unavailable('%s %s has no package %s' % (self.name, self.arch, package))
        return fields

    def depends(self, package, pattern):
        """Names of the direct dependencies that match the pattern."""
        names = [re.split(r'[ (|:]', part.strip())[0]
                 for part in self.show(package).get('Depends', '').split(',')]
        return [n for n in names if re.fullmatch(pattern, n)]

    def unpack(self, package, into, want=lambda path: True):
        """Download a package and unpack the files whose path `want` accepts."""
        size = int(self.show(package).get('Size', 0))
        self.say('fetching %s (%.1f MB)' % (package, size / 1e6))
        os.makedirs(self.dir + '/tmp', exist_ok=True)
        tmp = tempfile.mkdtemp(dir=self.dir + '/tmp')
        try:
            self._apt('apt-get', 'download', package, cwd=tmp)
            debs = glob.glob(tmp + '/*.deb')
            if len(debs) != 1:
                raise Unavailable('apt-get download brought no %s' % package)
            self.fetched += os.path.getsize(debs[0])
            _unpack(debs[0], into, want)
        finally:
            shutil.rmtree(tmp, ignore_errors=True)

    def unpack_with_dependencies(self, packages, into):
        """Download packages with all that they depend on, and unpack everything."""
        self.say('fetching %s with their dependencies' % ' '.join(packages))
        os.makedirs(self.dir + '/tmp', exist_ok=True)
        tmp = tempfile.mkdtemp(dir=self.dir + '/tmp')
        try:
            os.makedirs(tmp + '/partial')
            self._apt('apt-get', 'install', '-y', '--download-only',
                      '--no-install-recommends', '-o', 'Dir::Cache::archives=' + tmp,
                      *packages)
            debs = sorted(glob.glob(tmp + '/*.deb'))
            if not debs:
                raise Unavailable('apt-get brought nothing of %s' % ' '.join(packages))
            for deb in debs:
                self.fetched += os.path.getsize(deb)
                _unpack(deb, into, lambda path: True)
        finally:
            shutil.rmtree(tmp, ignore_errors=True)


def _unpack(deb, into, want):
    import tarfile
    with subprocess.Popen(['dpkg-deb', '--fsys-tarfile', deb],
                          stdout=subprocess.PIPE) as proc:
        with tarfile.open(fileobj=proc.stdout, mode='r|') as tar:
            for member in tar:
                path = os.path.normpath(member.name)
                if path.startswith(('/', '..')) or not want(path):
                    continue
                target = os.path.join(into, path)
                if member.isdir():
                    os.makedirs(target, exist_ok=True)
                    continue
                os.makedirs(os.path.dirname(target), exist_ok=True)
                if member.isfile():
                    with open(target, 'wb') as f:
                        shutil.copyfileobj(tar.extractfile(member), f)
                    os.chmod(target, member.mode & 0o755)
                elif member.issym():
                    if os.path.lexists(target):
                        if os.path.isdir(target):
                            continue                    # /bin and the like, made already
                        os.unlink(target)
                    os.symlink(member.linkname, target)
                elif member.islnk() and want(os.path.normpath(member.linkname)):
                    if os.path.lexists(target):
                        os.unlink(target)
                    os.link(os.path.join(into, os.path.normpath(member.linkname)), target)
        if proc.wait() != 0:
            raise Unavailable('%s is damaged' % os.path.basename(deb))
