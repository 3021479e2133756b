# SPDX-License-Identifier: GPL-2.0-or-later
"""Worked sessions of the manual, run as they are printed.

A page marks a session, and the files that it needs, by comments:

    .. session-file: count.c

    .. code-block:: c

        int main(void) ...

    .. session: payload; needs gdb-multiarch; guest kernel Image

    .. code-block:: console

        $ gdb-multiarch count.elf
        ...
        (gdb) break main
        Breakpoint 1 at 0x...: file count.c, line 12.

Lines that begin with a prompt ("$ ", "(gdb) ", "(rhea) ", "... (y or n) ") are typed into a terminal in
which a shell runs; the others are what must come before the next prompt. "..." stands for
any text, on a line of its own for any lines. Empty lines do not count. The shell starts in a
folder of the session's own that holds the page's files, the tree's scripts/ and the guest's
files ("guest WHAT NAME"; "kallsyms" is the kernel's list of symbols); Rhea's programs are in
its PATH.
"""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import boots
import rhea

PROMPT = re.compile(r'(\$ |\(gdb\) |\(rhea\) |.*\(y or n\) )')
JOB = re.compile(r'\[\d+\][-+]? ')         # the shell's word of what runs behind
STEP_TIMEOUT = 40


class Session:
    def __init__(self, page, name, line):
        self.page, self.name, self.line = page, name, line
        self.needs = []         # programs
        self.guests = []        # (what, name of the file)
        self.steps = []         # [line number, prompt, typed, [expected lines]]


def indented_block(lines, at):
    """The code block at or behind lines[at], and the number of its first line.

    None if something else comes: a page's own test may run that.
    """
    while at < len(lines) and not lines[at].lstrip().startswith('.. code-block::'):
        if lines[at].strip():
            return None, 0
        at += 1
    if at == len(lines):
        return None, 0
    indent = len(lines[at]) - len(lines[at].lstrip())
    at += 1
    block = []
    while at < len(lines) and (not lines[at].strip() or
                               len(lines[at]) - len(lines[at].lstrip()) > indent):
        block.append(lines[at])
        at += 1
    first = at - len(block) + 1
    while block and not block[0].strip():
        block.pop(0)
        first += 1
    depth = min(len(b) - len(b.lstrip()) for b in block if b.strip())
    return [b[depth:] for b in block], first


def parse(path):
    """The sessions of a page and its files, name -> text."""
    with open(path) as f:
        lines = f.read().split('\n')
    sessions, files = [], {}
    for at, line in enumerate(lines):
        match = re.match(r'\.\. session(-file)?: *(.*)', line)
        if not match:
            continue
        block, first = indented_block(lines, at + 1)
        if block is None:
            continue
        if match[1]:
            files[match[2].strip()] = '\n'.join(block).rstrip() + '\n'
            continue
        words = [w.split() for w in match[2].split(';')]
        s = Session(os.path.relpath(path, rhea.SOURCE), words[0][0], at + 1)
        for w in words[1:]:
            if w[0] == 'needs':
                s.needs += w[1:]
            elif w[0] == 'guest' and len(w) == 3:
                s.guests.append((w[1], w[2]))
            else:
                raise rhea.TestFailure('%s:%d: %r is not understood' % (path, at + 1, w))
        for n, text in enumerate(block, first):
            prompt = PROMPT.match(text)
            if prompt:
                s.steps.append([n, prompt[1], text[prompt.end():], []])
            elif s.steps:
                s.steps[-1][3].append(text)
            elif text.strip():
                raise rhea.TestFailure('%s:%d: text before a prompt' % (path, n))
        sessions.append(s)
    return sessions, files


def pages():
    """All pages that have sessions."""
    for folder, _, names in sorted(os.walk(os.path.join(rhea.SOURCE, 'docs'))):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.endswith('.rst'):
                with open(path) as f:
                    if re.search(r'^\.\. session: ', f.read(), re.MULTILINE):
                        yield path


def matches(expected, found):
    """Whether output is what the page shows. Which of several vCPUs reports is the scheduler's
    choice: gdb's notice that it turned to another may come or not."""
    notice = '[Switching to Thread '
    if not any(line.startswith(notice) for line in expected):
        found = [line for line in found if not line.startswith(notice)]
    pattern = ''
    for line in expected:
        if line.strip() == '...':
            pattern += r'(?:.*\n)*?'
        else:
            pattern += '.*'.join(re.escape(p.rstrip() if i else p) for i, p in
                                 enumerate(line.rstrip().split('...'))) + r'\n'
    return re.fullmatch(pattern, ''.join(f + '\n' for f in found)) is not None


class Terminal:
    """A shell in a terminal."""

    def __init__(self, folder):
        env = {k: v for k, v in os.environ.items() if k != 'DEBUGINFOD_URLS'}
        env.update(PATH=rhea.BUILD + os.pathsep + env.get('PATH', ''), HOME=folder, PS1='$ ',
                   TERM='dumb', LC_ALL='C.UTF-8')
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('4H', 1000, 400, 0, 0))
        self.process = subprocess.Popen(
            ['bash', '--norc', '--noprofile', '--noediting', '-i'], stdin=slave, stdout=slave,
            stderr=slave, cwd=folder, env=env, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.text = ''

    def wait_prompt(self, prompt, deadline):
        """All that came before the prompt, with the terminal then waiting."""
        while True:
            end = re.search(r'(?:^|\n)' + re.escape(prompt) + r'$', self.text)
            quiet = select.select([self.master], [], [], 0.05 if end else
                                  max(0, deadline - time.monotonic()))[0]
            if end and not quiet:
                text, self.text = self.text[:end.start() + 1], ''
                return text
            if not quiet:
                raise rhea.TestFailure('no prompt %r, but %r' % (prompt, self.text[-600:]))
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b''
            if not data:
                raise rhea.TestFailure('the terminal ended: %r' % self.text[-600:])
            self.text += re.sub(r'\x1b\[[0-9;?]*[a-zA-Z]', '',
                                data.decode(errors='replace').replace('\r', ''))

    def type(self, line):
        os.write(self.master, line.encode() + b'\n')

    def close(self):
        # what was left running behind is of this terminal's session
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open('/proc/%s/stat' % pid) as f:
                    fields = f.read().rpartition(')')[2].split()
                if int(fields[3]) == self.process.pid:
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:         # it is gone
                pass
        self.process.wait()
        os.close(self.master)


def prepare(session, files):
    """Make the session's folder; why it cannot be run, or None."""
    for program in session.needs:
        if program == 'translator':
            if not rhea.translates():
                return rhea.INTERPRETER_ALONE
            continue
        if program == 'speed':
            if rhea.SLOW >= rhea.VERY_SLOW:
                return 'its own time limits are for a build at full speed'
            continue
        if not shutil.which(program, path=os.environ.get('PATH', '') + ':/usr/sbin'):
            return '%s is not installed' % program
    folder = rhea.scratch('session-' + session.name)
    os.makedirs(folder)
    for name, text in files.items():
        with open(os.path.join(folder, name), 'w') as f:
            f.write(text)
    os.symlink(os.path.join(rhea.SOURCE, 'scripts'), os.path.join(folder, 'scripts'))
    for what, name in session.guests:
        try:
            path = boots.kallsyms() if what == 'kallsyms' else rhea.guest(what)
            os.symlink(path, os.path.join(folder, name))
        except SystemExit:      # it has said why
            return 'the guest cannot be made'
    return None


def run(session):
    """Run a session that was prepared; fails where something else comes than is printed."""
    folder = rhea.scratch('session-' + session.name)
    terminal = Terminal(folder)
    try:
        terminal.wait_prompt('$ ', time.monotonic() + STEP_TIMEOUT * rhea.SLOW)
        for i, (number, prompt, typed, expected) in enumerate(session.steps):
            following = session.steps[i + 1][1] if i + 1 < len(session.steps) else '$ '
            terminal.type(typed)
            text = terminal.wait_prompt(following,
                                        time.monotonic() + STEP_TIMEOUT * rhea.SLOW)
            print(prompt + text, end='', flush=True)
            # the first line is what was typed
            found = [t.rstrip() for t in text.split('\n')[1:]
                     if t.strip() and not JOB.match(t)]
            expected = [e.rstrip() for e in expected if e.strip()]
            if not matches(expected, found):
                raise rhea.TestFailure('%s:%d: after %r comes %r, not %r' % (
                    session.page, number, prompt + typed, found[:20], expected))
    finally:
        terminal.close()
