# SPDX-License-Identifier: GPL-2.0-or-later
"""Real programs of a Debian userland (scripts/guests userland), as people run them:
compilers, shells, interpreters, compression, a database, unpacking. Cold code, fork, exec
and page faults are most of it."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

import programs
import rhea

sys.path.insert(0, os.path.join(rhea.SOURCE, 'scripts/guests'))
from cpio import Archive        # noqa: E402

# (name, preparation, command), all for sh, in a folder of their own that holds src/*.c
JOBS = [
    ('compile', '', 'for f in src/*.c; do gcc -O2 -c -o out.o $f || exit 1; done'),
    ('shell', '', 'i=0; while [ $i -lt 250 ]; do /bin/true; i=$((i + 1)); done; '
                  'i=0; while [ $i -lt 60 ]; do echo $i | cat | sed s/1/2/ | grep -c 2 '
                  '>/dev/null; i=$((i + 1)); done; true'),
    ('python-start', '', 'for i in 1 2 3 4 5 6; do python3 -c "import json, re" || exit 1; done'),
    ('python-loop', 'cat >loop.py <<END\n'
                    'd = {}\n'
                    's = 0\n'
                    'for i in range(300000):\n'
                    '    k = "k%d" % (i % 1000)\n'
                    '    d[k] = d.get(k, 0) + i\n'
                    '    s = (s * 31 + len(k)) % 1000003\n'
                    'print(s, sum(d.values()))\n'
                    'END', 'python3 loop.py >/dev/null'),
    ('perl', '', "perl -e 'my %h; for my $i (0 .. 200000) { my $k = \"w\" . ($i % 777); "
                 "$h{$k} .= chr(65 + $i % 26) if length($h{$k} // q()) < 50; } "
                 "my $s = join q(,), map { $h{$_} } sort keys %h; my $n = () = $s =~ /ABC|XYZ/g; "
                 "print $n' >/dev/null"),
    ('xz', 'cat $(ls /usr/lib/python3*/*.py | head -80) >text', 'xz -k -4 -T1 -c text >text.xz'),
    ('openssl', 'i=0; while [ $i -lt 40 ]; do cat text; i=$((i + 1)); done >big',
     'openssl dgst -sha256 big >/dev/null'),
    ('sqlite', '', 'sqlite3 db "create table t(a integer primary key, b text, c integer); '
                   'begin; with recursive n(i) as (select 1 union all select i + 1 from n '
                   'where i < 60000) insert into t select i, printf(\'%06d\', i * 7919 % 60000), '
                   'i % 97 from n; commit; create index x on t(b); '
                   'select c, count(*), max(b) from t group by c order by 2, 1;" >/dev/null'),
    ('unpack', 'mkdir -p p/DEBIAN p/files && cp /usr/lib/python3*/*.py p/files && '
               'printf "Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@x>\\n'
               'Description: x\\n" >p/DEBIAN/control && dpkg-deb -Zxz -b p p.deb >/dev/null',
     'dpkg-deb -x p.deb unpacked'),
]
# The same jobs with little to do, for engines that are slow: (text, what stands in its place)
SMALLER = {
    'compile': [('src/*.c', 'src/memory.c')],
    'shell': [('-lt 250', '-lt 12'), ('-lt 60', '-lt 3')],
    'python-start': [('1 2 3 4 5 6', '1')],
    'python-loop': [('300000', '3000')],
    'perl': [('200000', '4000')],
    'xz': [('head -80', 'head -1'), ('-4', '-0')],
    'openssl': [('-lt 40', '-lt 4')],
    'sqlite': [('60000', '600')],
    'unpack': [('/usr/lib/python3*/*.py', '/usr/lib/python3*/[a-c]*.py'),
               ('-Zxz', '-Zxz -z1')],
}
GUEST = '''mkdir -p /mnt
mount -t ext4 -o ro /dev/vda /mnt && mount -t tmpfs none /mnt/tmp || exit 1
mount -t proc none /mnt/proc
mount -t devtmpfs none /mnt/dev
cp /bin/bench /bench/jobs /mnt/tmp && cp -r /bench/src /mnt/tmp/src || exit 1
chroot /mnt /usr/bin/env HOME=/tmp TMPDIR=/tmp LC_ALL=C PATH=/usr/bin:/bin sh /tmp/jobs
'''


def names():
    return [name for name, _, _ in JOBS]


def smaller(name, text):
    for old, new in SMALLER[name]:
        text = text.replace(old, new)
    return text


def script(wanted, bench, small=False):
    """A shell script that runs the jobs in its folder; @bench times them. @small: SMALLER."""
    lines = ['cd "${0%/*}"']
    for name, prepare, command in JOBS:
        if small:
            prepare, command = smaller(name, prepare), smaller(name, command)
        if name in wanted or (name == 'xz' and 'openssl' in wanted):
            lines += ['{', prepare or ':', '} || exit 1']
        if name in wanted:
            lines += ["cat >job <<'RHEA-END'", command, 'RHEA-END',
                      '%s --time %s sh ./job' % (bench, name)]
    return '\n'.join(lines) + '\n'


def sources():
    return sorted(glob.glob(os.path.join(programs.HERE, 'guest/*.[ch]')))


def initrd(wanted, small=False):
    archive = Archive()
    with open(programs.for_guest(), 'rb') as f:
        archive.file('bin/bench', f.read(), 0o755)
    archive.file('tests/userland', GUEST.encode())
    archive.file('bench/jobs', script(wanted, '/tmp/bench', small).encode())
    for path in sources():
        with open(path, 'rb') as f:
            archive.file('bench/src/' + os.path.basename(path), f.read())
    return programs.append_to_initrd('initrd-disk', archive, 'initrd-userland%s.cpio.gz'
                                     % ('-small' if small else ''))


def run_native(wanted):
    """The jobs whose tools this host has."""
    folder = tempfile.mkdtemp(prefix='rhea-bench-')
    try:
        os.mkdir(folder + '/src')
        for path in sources():
            shutil.copy(path, folder + '/src')
        there = [name for name in wanted
                 if shutil.which({'compile': 'gcc', 'shell': 'sh', 'sqlite': 'sqlite3',
                                  'unpack': 'dpkg-deb', 'python-start': 'python3',
                                  'python-loop': 'python3'}.get(name, name))]
        with open(folder + '/jobs', 'w') as f:
            f.write(script(there, programs.for_host()))
        done = subprocess.run(['sh', folder + '/jobs'], stdout=subprocess.PIPE, text=True,
                              timeout=300, env=dict(os.environ, LC_ALL='C'))
        return programs.parse(done.stdout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_guest(command, wanted, initrd_path, timeout=900, memory=None):
    """Boot a guest with the userland as a disk that it cannot write, and run the jobs. @memory as
    for programs.run_guest()."""
    with rhea.Machine('-M', 'virt', '-m', '1G', '-smp', '2', '-nographic', '-no-reboot',
                      '-kernel', rhea.guest('kernel'), '-initrd', initrd_path,
                      '-drive', 'file=%s,format=raw,if=none,id=d0,readonly=on'
                      % rhea.guest('userland'), '-device', 'virtio-blk-device,drive=d0',
                      '-append', 'console=ttyS0 panic=-1 quiet rhea.test=userland',
                      command=command, echo=False) as m:
        m.expect(r'^RHEA-TEST userland: (ok|failed)', timeout)
        found = programs.parse(m.console())
        programs.note_memory(m, memory)
    wrong = [name for name in wanted if name not in found or int(found[name][1], 16)]
    if wrong:
        raise rhea.TestFailure('failed in the guest: %s' % ', '.join(wrong))
    return found
