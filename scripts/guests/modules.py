# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel modules with what they depend on, in the order in which to load them."""

import lzma
import os
import struct


def read_module(path):
    """A module's ELF file, uncompressed."""
    with open(path, 'rb') as f:
        data = f.read()
    if path.endswith('.xz'):
        return lzma.decompress(data)
    if path.endswith('.gz'):
        import gzip
        return gzip.decompress(data)
    if path.endswith('.zst'):
        import subprocess
        return subprocess.run(['zstd', '-dc', path], stdout=subprocess.PIPE,
                              check=True).stdout
    return data


def modinfo(elf):
    """The (key, value) pairs of a 64-bit module's .modinfo section."""
    shoff, = struct.unpack_from('<Q', elf, 0x28)
    shentsize, shnum, shstrndx = struct.unpack_from('<HHH', elf, 0x3a)

    def section(i):
        name, _, _, _, offset, size = struct.unpack_from('<IIQQQQ', elf, shoff + i * shentsize)
        return name, offset, size

    _, names, _ = section(shstrndx)
    for i in range(shnum):
        name, offset, size = section(i)
        if elf[names + name:].split(b'\0', 1)[0] == b'.modinfo':
            for text in elf[offset:offset + size].split(b'\0'):
                key, _, value = text.decode(errors='replace').partition('=')
                if key:
                    yield key, value


class ModuleTree:
    """The modules of one kernel below .../lib/modules/VERSION."""

    def __init__(self, root):
        self._paths = {}
        self._builtin = set()
        for folder, _, files in os.walk(os.path.join(root, 'kernel')):
            for name in files:
                if '.ko' in name:
                    self._paths[self._key(name)] = os.path.join(folder, name)
        with open(os.path.join(root, 'modules.builtin')) as f:
            for line in f:
                self._builtin.add(self._key(line.strip()))

    @staticmethod
    def _key(path):
        return os.path.basename(path).split('.ko')[0].replace('-', '_')

    def load_order(self, names):
        """[(name, ELF file)] of the named modules and all that they need.

        A name that is built into the kernel needs nothing; an unknown one raises
        KeyError, except where a module only names it as a soft dependency.
        """
        order = []
        done = set()

        def add(name, soft):
            name = name.replace('-', '_')
            if name in done or name in self._builtin:
                return
            if soft and name not in self._paths:  # an algorithm: its plain implementation
                name = name.removeprefix('crypto_') + '_generic'
            if name in done or name in self._builtin:
                return
            if name not in self._paths:
                if soft:
                    return
                raise KeyError('the kernel has no module %s' % name)
            done.add(name)
            elf = read_module(self._paths[name])
            for key, value in modinfo(elf):
                if key == 'depends':
                    for other in filter(None, value.split(',')):
                        add(other, False)
                elif key == 'softdep' and value.startswith('pre:'):
                    for other in value[4:].split(' post:')[0].split():
                        add(other, True)
            order.append((name, elf))

        for name in names:
            add(name, False)
        return order
