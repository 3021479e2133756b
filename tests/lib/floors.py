# SPDX-License-Identifier: GPL-2.0-or-later
"""The floors of the source tree, as docs/devel/codebase.rst states them."""

import os
import re
import subprocess

PAGE = 'docs/devel/codebase.rst'
SOURCES = ('.c', '.h', '.inc', '.def')


class Entry:
    def __init__(self, name):
        self.name = name
        self.floor = None
        self.also = []
        self.only = None
        self.never = []

    def __repr__(self):
        return '%s (floor %d)' % (self.name, self.floor)


def read_page(text):
    """The page's entries, by name."""
    entries = {}
    entry = None
    for number, line in enumerate(text.splitlines(), 1):
        head = re.fullmatch(r'``([a-z0-9_/.-]+)``', line)
        field = re.fullmatch(r'    :(floor|also|only|never): (.+)', line)
        if head:
            entry = Entry(head[1])
            if entry.name in entries:
                raise ValueError('%s:%d: a second entry for %s' % (PAGE, number, head[1]))
            entries[entry.name] = entry
        elif field and entry:
            value = field[2].split()
            setattr(entry, field[1], int(value[0]) if field[1] == 'floor' else value)
        elif line and not line.startswith(' '):
            entry = None
    for entry in entries.values():
        if entry.floor is None:
            raise ValueError('%s: %s has no floor' % (PAGE, entry.name))
    return entries


def fits(name, path):
    """Whether an entry's name is that of the file's folder, or begins its name."""
    if name.endswith('/'):
        return path.startswith(name)
    rest = path[len(name):]
    return path.startswith(name) and (not rest or rest[0] in '.-_')


def owner(entries, path):
    """The entry that a file belongs to, None if it belongs to none."""
    found = [e for e in entries.values() if fits(e.name, path)]
    return max(found, key=lambda e: len(e.name), default=None)


def verdict(source, header):
    """Why the entry `source` may not use the entry `header`; None if it may."""
    if source is header or header.name in source.also:
        return None
    banned = [n for n in source.never if header.name.startswith(n)]
    if banned:
        return '%s never uses %s' % (source.name, banned[0])
    if header.floor >= source.floor:
        return '%r may not use %r' % (source, header)
    if source.only is not None and header.name not in source.only:
        return '%s uses only %s' % (source.name, ', '.join(source.only))
    return None


def includes(text):
    """(line number, path) of every #include "path"."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if match:
            yield number, match[1]


def sources(root):
    """The C files of the tree outside tests/, as git knows them."""
    done = subprocess.run(['git', '-C', root, 'ls-files', '-co', '--exclude-standard'],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode == 0:
        names = done.stdout.splitlines()
    else:       # not a checkout
        names = [os.path.relpath(os.path.join(folder, f), root)
                 for folder, _, files in os.walk(root) for f in files]
    return sorted(n for n in names
                  if n.endswith(SOURCES) and not n.startswith(('tests/', 'build', '.'))
                  and os.path.isfile(os.path.join(root, n)))


def check(root, entries, names):
    """Messages, one a violation."""
    for name in names:
        with open(os.path.join(root, name), errors='replace') as f:
            text = f.read()
        source = owner(entries, name)
        if source is None:
            yield '%s: its folder has no entry in %s' % (name, PAGE)
            continue
        for number, path in includes(text):
            if path == 'config-host.h':
                continue
            header = owner(entries, path)
            if header is None:
                yield '%s:%d: "%s" is no path from the root to a folder of %s' % (
                    name, number, path, PAGE)
                continue
            reason = verdict(source, header)
            if reason:
                yield '%s:%d: includes "%s": %s' % (name, number, path, reason)
