# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the sessions that the manual shows, so that they stay true.

A page marks a literal block with the comment ``.. session: NAME``. In the block a line that
begins with "$ " is a shell command, lines after it are its output; "..." stands for any
text, alone on a line for any lines. Commands run in the test's scratch folder, with the
programs of the build first in PATH.
"""

import os
import re
import shlex
import subprocess

from rhea import BUILD, SLOW, SOURCE, TestFailure, check, program, scratch


def blocks(page, name):
    """The lines of the page's blocks of that session."""
    with open(os.path.join(SOURCE, page)) as f:
        text = f.read()
    found = re.findall(r'^\.\. session: %s\n\n(?:::|\.\. code-block:: \w+)\n\n'
                       r'((?:(?: {3,}.*)?\n)+)' % re.escape(name), text, re.MULTILINE)
    check(found, '%s has no session %s' % (page, name))
    return [line.strip() for block in found for line in block.splitlines() if line.strip()]


def commands(lines):
    """(command, lines of expected output) of a session; "\\" continues a command."""
    found = []
    open_command = False
    for line in lines:
        if open_command:
            found[-1][0] += ' ' + line.removeprefix('> ')
        elif line.startswith('$ '):
            found.append([line[2:], []])
        else:
            check(found, 'output before the first command: %r' % line)
            found[-1][1].append(line)
            continue
        open_command = found[-1][0].endswith('\\')
        found[-1][0] = found[-1][0].removesuffix('\\').rstrip()
    return found


def matches(expected, output):
    """Whether the output is what the manual shows."""
    pattern = ''
    for line in expected:
        if line == '...':
            pattern += r'(?:.*\n)*?'
        else:
            pattern += '.*'.join(re.escape(part) for part in line.split('...')) + r'[ \t]*\n'
    text = ''.join(line.strip() + '\n' for line in output.splitlines() if line.strip())
    return re.fullmatch(pattern, text) is not None


def programs():
    """A folder with what the sessions call; rhea-system-riscv64 is what is tested."""
    folder = scratch('bin')
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, 'rhea-system-riscv64')
    with open(path, 'w') as f:
        f.write('#!/bin/sh\nexec %s "$@"\n' % shlex.join(program()))
    os.chmod(path, 0o755)
    return folder


def run_session(page, name, timeout=30):
    """Run a session of the manual; fails where the output is another."""
    env = dict(os.environ, LC_ALL='C.UTF-8',
               PATH=os.pathsep.join([programs(), BUILD, os.environ.get('PATH', '')]))
    for command, expected in commands(blocks(page, name)):
        print('$ ' + command, flush=True)
        done = subprocess.run(['/bin/sh', '-c', command], cwd=scratch(), env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout * SLOW)
        output = done.stdout.decode(errors='replace').replace('\r', '')
        print(output, flush=True)
        if not matches(expected, output):
            raise TestFailure('%s, session %s: %r printed %r, the manual shows %r' % (
                page, name, command, output, expected))
