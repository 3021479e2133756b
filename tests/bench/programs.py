# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark programs of tests/bench/guest: built for the guest and for the host, put
into an initramfs, run in a guest or natively."""

import glob
import os
import shutil
import subprocess
import sys

import rhea

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(rhea.SOURCE, 'scripts/guests'))
from cpio import Archive        # noqa: E402

FLAGS = ['-O2', '-static', '-pthread']
SCRIPT = '''# runs the programs that the kernel command line names
for word in $(cat /proc/cmdline); do
    case $word in
    rhea.bench=*) names=$(echo "${word#*=}" | tr , ' ') ;;
    rhea.percent=*) percent=${word#*=} ;;
    rhea.pair=*) how="--pair ${word#*=}" ;;
    rhea.alone=*) how="--alone ${word#*=}" ;;
    esac
done
for name in $names; do
    /bin/bench $how -s ${percent:-100} $name || exit 1
done
'''


def build(compiler, name):
    """Compile all programs into one static executable; its path."""
    if not shutil.which(compiler):
        rhea.skip('%s is not there (scripts/install-deps bench)' % compiler)
    folder = os.path.join(rhea.BUILD, 'bench')
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    sources = sorted(glob.glob(os.path.join(HERE, 'guest/*.c')))
    newest = max(os.path.getmtime(f) for f in sources + glob.glob(HERE + '/guest/*.h'))
    if not os.path.exists(path) or os.path.getmtime(path) < newest:
        subprocess.run([compiler, *FLAGS, '-o', path + '.tmp', *sources, '-lm'], check=True)
        os.rename(path + '.tmp', path)
    return path


def for_guest():
    return build('riscv64-linux-gnu-gcc', 'programs-riscv64')


def for_host():
    return build('gcc', 'programs-host')


def names():
    """All programs, in the order of their table."""
    done = subprocess.run([for_host(), '--list'], stdout=subprocess.PIPE, text=True, check=True)
    return [line.split('\t')[0] for line in done.stdout.splitlines()]


def initrd():
    """The test guests' initramfs with the programs."""
    archive = Archive()
    with open(for_guest(), 'rb') as f:
        archive.file('bin/bench', f.read(), 0o755)
    archive.file('tests/bench', SCRIPT.encode())
    return append_to_initrd('initrd', archive, 'initrd.cpio.gz')


def append_to_initrd(base, archive, name):
    """The test guests' initramfs with an archive behind it (the kernel takes several)."""
    path = os.path.join(rhea.BUILD, 'bench', name)
    with open(rhea.guest(base), 'rb') as f:
        data = f.read()
    with open(path + '.tmp', 'wb') as f:
        f.write(data + archive.finish())
    os.rename(path + '.tmp', path)
    return path


def parse(text):
    """{name: (seconds, checksum)} of the lines that the programs print."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 4 and words[0] == 'BENCH':
            found[words[1]] = (float(words[2]), words[3])
    return found


def run_native(wanted, percent, pairs=0):
    """The programs run on the host; @pairs: so often each alone and two at once, in turns."""
    turns = ['--pair', str(pairs)] if pairs else []
    done = subprocess.run([for_host(), *turns, '-s', str(percent), *wanted],
                          stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return parse(done.stdout)


def note_memory(machine, memory):
    """Its proportional set size in MiB, unless it has just powered off."""
    try:
        if memory is not None:
            memory.append(machine.pss_kib() / 1024)
    except (OSError, rhea.TestFailure):
        pass


def guest(command, wanted, percent, initrd_path, how='', turns=0):
    """A guest that runs the programs, with two vCPUs and 1 GiB. @how: as an option of the
    programs, so many turns of 'pair', each alone and then two at once, or 'alone'."""
    line = ('console=ttyS0 panic=-1 quiet rhea.test=bench rhea.bench=%s rhea.percent=%d'
            % (','.join(wanted), percent)) + (' rhea.%s=%d' % (how, turns) if how else '')
    return rhea.Machine('-M', 'virt', '-m', '1G', '-smp', '2', '-nographic', '-no-reboot',
                        '-kernel', rhea.guest('kernel'), '-initrd', initrd_path,
                        '-append', line, command=command, echo=False)


def run_guest(command, wanted, percent, initrd_path, timeout=600, pairs=0, memory=None):
    """The programs run in a guest; @pairs as in run_native(). The emulator's proportional set size
    at the end, in MiB, goes into @memory."""
    with guest(command, wanted, percent, initrd_path, 'pair' if pairs else '', pairs) as m:
        m.expect(r'^RHEA-TEST bench: (ok|failed)', timeout)
        found = parse(m.console())
        note_memory(m, memory)
    missing = [] if pairs else [name for name in wanted if name not in found]
    if missing:
        raise rhea.TestFailure('no result of %s' % ', '.join(missing))
    return found


def newer_incumbent(program):
    """{'newer': its command}, or nothing if there is none."""
    if program == 'none':
        return {}
    if program:
        path = shutil.which(program)
        if not path:
            raise rhea.TestFailure('there is no program %s' % program)
        return {'newer': [path]}
    done = subprocess.run([os.path.join(rhea.SOURCE, 'scripts/incumbent'), '--offline'],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return {'newer': done.stdout.splitlines()} if done.returncode == 0 else {}
