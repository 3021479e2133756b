# SPDX-License-Identifier: GPL-2.0-or-later
"""A real terminal: a program in a window of tmux.

with tmux.Terminal(['sh'], rows=12) as t:
    t.type('ls /', 'Enter')
    t.expect(r'^usr$')
    t.screen()              # the lines that can be seen
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

import rhea

SEEN_TRAILING = re.compile(r'[ \t]+$', re.M)


def needed():
    if not shutil.which('tmux'):
        rhea.skip('tmux is not installed')


class Terminal:
    def __init__(self, command, rows=24, columns=80, term='screen', env=None):
        """The program runs with TERM=term; its window stays when it ends."""
        self._folder = tempfile.mkdtemp(prefix='rhea-tmux-')
        self._tmux = ['tmux', '-S', os.path.join(self._folder, 'socket'), '-f', '/dev/null']
        line = 'env TERM=%s %s; echo [ended $?]; sleep 600' % (term, shlex.join(command))
        self._run('new-session', '-d', '-x', str(columns), '-y', str(rows), line,
                  env=dict(os.environ, **(env or {})))
        self._server = int(self._run('display-message', '-p', '#{pid}'))
        self._program = int(self._run('display-message', '-p', '#{pane_pid}'))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for pid in (self._program, self._server):
            try:
                os.kill(pid, signal.SIGKILL if pid == self._server else signal.SIGHUP)
            except ProcessLookupError:
                pass
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, *args, env=None):
        return subprocess.run(self._tmux + list(args), stdout=subprocess.PIPE, text=True,
                              timeout=30, check=True, env=env).stdout

    def type(self, *keys):
        """Texts and tmux's names of keys: 'Enter', 'Tab', 'Up', 'C-a', ..."""
        for key in keys:
            self._run('send-keys', key)

    def resize(self, columns, rows):
        self._run('resize-window', '-x', str(columns), '-y', str(rows))

    def screen(self):
        return SEEN_TRAILING.sub('', self._run('capture-pane', '-p')).rstrip('\n')

    def expect(self, regex, timeout=10):
        """Wait until the screen has it; returns the match."""
        deadline = time.monotonic() + timeout * rhea.SLOW
        while True:
            seen = self.screen()
            match = re.search(regex, seen, re.M)
            if match:
                return match
            rhea.check(time.monotonic() < deadline,
                       'no %r on the screen:\n%s' % (regex, seen))
            time.sleep(0.05)
