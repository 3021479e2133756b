# SPDX-License-Identifier: GPL-2.0-or-later
"""What the Linux boot tests share: boot, let the guest's test run, see it end well."""

import os
import shutil
import subprocess
import zlib

import rhea

BANNER = r'RHEA-GUEST-UP \S+ (\S+) \S+, (\d+) harts, (\d+) kB'


def guest_test(test, *args, timeout=90, **kwargs):
    """Boot, run /tests/NAME in the guest, which then powers off; the console's text."""
    with rhea.linux(*args, test=test, **kwargs) as m:
        m.expect(BANNER, timeout)
        m.expect(r'^RHEA-TEST %s: ok$' % test, timeout)
        m.wait(30)
        return m.console()


def smoke(*args, harts=2, memory='256M', mib=None, mmu=None, **kwargs):
    """Boot and run the smoke test: the guest sees its harts, memory and MMU mode.

    mib: the least and the most MiB that the guest may count as its memory.
    """
    with rhea.linux(*args, test='smoke', harts=harts, memory=memory, **kwargs) as m:
        banner = m.expect(BANNER, 90)
        rhea.check(int(banner[2]) == harts, 'the guest has %s harts, not %d' % (banner[2],
                                                                               harts))
        if mib:
            found = int(banner[3]) >> 10
            rhea.check(mib[0] <= found <= mib[1], 'the guest has %d MiB' % found)
        m.expect(r'^RHEA-TEST smoke: ok$', 60)
        m.wait(30)
        if mmu:
            rhea.check('\nmmu\t\t: %s\n' % mmu in m.console(), 'the guest does not use ' + mmu)


def disk_args(path, device='virtio-blk-device'):
    """Options for a raw image as a virtio disk."""
    return ['-drive', 'file=%s,format=raw,if=none,id=d0' % path,
            '-device', device + ',drive=d0']


def checked_disk(path):
    """The host's own look at an ext4 image: consistent, and what the guest wrote is there."""
    env = dict(os.environ, PATH=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')
    if not shutil.which('e2fsck', path=env['PATH']):
        print('e2fsck is not installed: the image is not looked at from outside')
        return
    # -p replays the journal; 0 or 1 (something harmless repaired) is good
    done = subprocess.run(['e2fsck', '-p', '-f', path], env=env, stdin=subprocess.DEVNULL)
    rhea.check(done.returncode <= 1, 'e2fsck finds the file system damaged')
    shown = subprocess.run(['debugfs', '-R', 'cat /written', path], env=env,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    rhea.check(shown.stdout == 'written by the guest\n',
               'the file that the guest wrote holds %r' % shown.stdout)


def kallsyms():
    """The path of the kernel's /proc/kallsyms as it is with nokaslr; kept beside the kernel.

    The guest writes it to a disk.
    """
    kernel = rhea.guest('kernel')
    with open(kernel, 'rb') as f:
        path = '%s.kallsyms-%08x' % (kernel, zlib.crc32(f.read()))
    if os.path.exists(path):
        return path
    disk = rhea.scratch('kallsyms-disk')
    with open(disk, 'wb') as f:
        f.truncate(32 << 20)
    with rhea.linux(*disk_args(disk), append='nokaslr quiet', initrd='initrd-disk') as m:
        m.expect(BANNER, 90)
        m.send('cat /proc/kallsyms | dd of=/dev/vda bs=64k; sync; echo COPIED\n')
        m.expect('^COPIED$', 60)
        m.process.terminate()
        m.wait(20, status=None)
    with open(disk, 'rb') as f:
        data = f.read().partition(b'\0')[0]
    rhea.check(b' T start_kernel\n' in data, 'the kernel shows no symbols')
    with open('%s.%d' % (path, os.getpid()), 'wb') as f:
        f.write(data)
    os.replace(f.name, path)
    return path


def kernel_symbols():
    """An ELF file of the kernel's symbols, for debuggers."""
    path = rhea.scratch('vmlinux.sym')
    subprocess.run([os.path.join(rhea.SOURCE, 'scripts/kallsyms-elf'), kallsyms(), path],
                   check=True)
    return path
