# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the cpio archives ("newc") that Linux takes as an initramfs.

Device nodes need no privilege this way, and the archive does not depend on who
makes it or when (Linux, Documentation/driver-api/early-userspace/buffer-format).
"""

import gzip
import io
import stat


class Archive:
    def __init__(self):
        self._out = io.BytesIO()
        self._ino = 0
        self._dirs = set()

    def _entry(self, name, mode, data=b'', rdev=(0, 0)):
        self._ino += 1
        encoded = name.encode() + b'\0'
        fields = (self._ino, mode, 0, 0, 2 if stat.S_ISDIR(mode) else 1, 0, len(data),
                  0, 0, rdev[0], rdev[1], len(encoded), 0)
        self._out.write(b'070701' + b''.join(b'%08X' % f for f in fields) + encoded)
        self._pad()
        self._out.write(data)
        self._pad()

    def _pad(self):
        self._out.write(b'\0' * (-self._out.tell() % 4))

    def dir(self, name):
        """A folder and those above it."""
        if not name or name in self._dirs:
            return
        self.dir(name.rpartition('/')[0])
        self._dirs.add(name)
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self.dir(name.rpartition('/')[0])
        self._entry(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self.dir(name.rpartition('/')[0])
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def chardev(self, name, major, minor):
        self.dir(name.rpartition('/')[0])
        self._entry(name, stat.S_IFCHR | 0o600, rdev=(major, minor))

    def finish(self):
        """The archive, compressed by gzip."""
        self._ino = -1
        self._entry('TRAILER!!!', 0)
        return gzip.compress(self._out.getvalue(), 6, mtime=0)
