# SPDX-License-Identifier: GPL-2.0-or-later
"""libvirt of the distribution as a client of the emulator, in a folder of the test's own.

with Libvirt() as lv:
    lv.virsh('define', path)

libvirtd runs without privileges, systemd, D-Bus or a system's configuration: as another user
if the test is root's. What it may start is in bin/ of the folder: the emulator, as
rhea-system-ARCH and under the name that libvirt looks for.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import rhea

DAEMON = '/usr/sbin/libvirtd'
USER = 1000                     # needs no entry among the users of the system
ARCH = 'riscv64'


def _needed():
    for path in (DAEMON, shutil.which('virsh')):
        if not path or not os.path.exists(path):
            rhea.skip('libvirt-daemon, libvirt-daemon-driver-qemu or libvirt-clients is not '
                      'installed')
    if os.getuid() == 0 and not shutil.which('setpriv'):
        rhea.skip('setpriv is not installed')


def machines(folder):
    """Processes of the emulator whose command lines name this folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            exe = os.path.basename(os.readlink('/proc/%s/exe' % pid))
            with open('/proc/%s/cmdline' % pid, errors='replace') as f:
                words = f.read()
        except OSError:
            continue
        if exe.startswith('rhea') and folder in words:
            found.append(int(pid))
    return found


def clean_up(folder):
    """Wait for the end of standard input, then end machines and remove the folder."""
    sys.stdin.read()
    for pid in machines(folder):
        os.kill(pid, signal.SIGKILL)
    if os.environ.get('RHEA_KEEP') != '1':
        shutil.rmtree(folder, ignore_errors=True)


class Libvirt:
    """The folder, the daemon in it and what it has logged."""

    def __init__(self):
        _needed()
        # Not in the test's folder: names of sockets below it are long already.
        self.folder = tempfile.mkdtemp(prefix='lv-', dir='/tmp')
        self.daemon = None
        # Machines outlive the daemon: another process ends them, even if the test is killed.
        self.cleaner = subprocess.Popen(
            [sys.executable, '-c', 'import libvirt, sys; libvirt.clean_up(sys.argv[1])',
             self.folder], stdin=subprocess.PIPE, start_new_session=True,
            env=dict(os.environ, PYTHONPATH=os.path.dirname(os.path.abspath(__file__))))
        for name in ('bin', 'tools', 'run', 'home/.config/libvirt'):
            os.makedirs(self.path(name))
        self._copy_program()
        self.write('home/.config/libvirt/qemu.conf', 'stdio_handler = "file"\n')
        self.write('libvirtd.conf',
                   'log_filters = "1:qemu 1:util.command 3:*"\n'
                   'log_outputs = "1:file:%s"\n' % self.path('daemon.log'))
        self.give('.')
        os.chmod(self.path('run'), 0o700)

    def _copy_program(self):
        # The other user may not be able to reach the build folder.
        command = rhea.program(ARCH)
        target = self.path('bin/rhea-system-' + ARCH)
        if len(command) == 1:
            shutil.copy(command[0], target)
            os.chmod(target, 0o755)
        else:
            self.write('bin/rhea-system-' + ARCH, '#!/bin/sh\nexec %s "$@"\n' % ' '.join(
                shlex.quote(c) for c in command))
            os.chmod(target, 0o755)
        os.symlink('rhea-system-' + ARCH, self.path('bin/qemu-system-' + ARCH))
        # Looked at by the daemon at its start, and for disks.
        image = shutil.which('qemu-img')
        if image:
            os.symlink(image, self.path('tools/qemu-img'))

    # --- files -----------------------------------------------------------------------
    def path(self, name):
        return os.path.normpath(os.path.join(self.folder, name))

    @property
    def emulator(self):
        return self.path('bin/rhea-system-' + ARCH)

    def give(self, name):
        """Let the daemon's user own a file or folder and all below it."""
        if os.getuid() != 0:
            return
        for where, _, files in os.walk(self.path(name)):
            for f in [where] + [os.path.join(where, f) for f in files]:
                os.chown(f, USER, USER, follow_symlinks=False)
        os.chown(self.path(name), USER, USER)

    def write(self, name, text):
        with open(self.path(name), 'w') as f:
            f.write(text)
        self.give(name)
        return self.path(name)

    def copy(self, source, name):
        shutil.copy(source, self.path(name))
        self.give(name)
        return self.path(name)

    # --- processes -------------------------------------------------------------------
    def _environment(self, path):
        home = self.path('home')
        return {'HOME': home, 'XDG_RUNTIME_DIR': self.path('run'), 'PATH': path,
                'XDG_CONFIG_HOME': home + '/.config', 'XDG_CACHE_HOME': home + '/.cache',
                'XDG_DATA_HOME': home + '/.local/share', 'LIBVIRT_AUTOSTART': '0',
                'LC_ALL': 'C', 'TERM': 'dumb'}

    def as_user(self, command):
        """`command` as the daemon's user."""
        if os.getuid() != 0:
            return command
        return ['setpriv', '--pdeathsig', 'KILL', '--reuid=%d' % USER, '--regid=%d' % USER, '--clear-groups',
                *command]

    def start(self):
        """Start the daemon and wait until it answers."""
        out = open(self.path('daemon.out'), 'ab')
        command = self.as_user([DAEMON, '-f', self.path('libvirtd.conf')])
        # setpriv is not in the daemon's own PATH
        command[0] = shutil.which(command[0])
        self.daemon = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd='/',
            env=self._environment(self.path('bin') + ':' + self.path('tools')),
            preexec_fn=rhea._die_with_parent)
        out.close()
        deadline = time.monotonic() + 30 * rhea.SLOW
        while not os.path.exists(self.path('run/libvirt/libvirt-sock')) or \
                self.try_virsh('uri')[0] != 0:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                with open(self.path('daemon.out'), errors='replace') as f:
                    text = f.read()
                raise rhea.TestFailure('libvirtd does not start: %s%s' % (
                    text[-500:], self.log()[-500:]))
            time.sleep(0.02)

    def stop(self):
        """End the daemon; machines run on."""
        if self.daemon is None:
            return
        self.daemon.terminate()
        try:
            self.daemon.wait(20 * rhea.SLOW)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()
            raise rhea.TestFailure('libvirtd does not end') from None
        finally:
            self.daemon = None
            os.path.exists(self.path('run/libvirt/libvirt-sock')) and \
                os.unlink(self.path('run/libvirt/libvirt-sock'))

    def virsh_command(self, *args, quiet=True):
        """The command line and environment of a virsh."""
        return (self.as_user(['virsh', *['-q'] * quiet, '-c', 'qemu:///session', *args]),
                self._environment(os.environ.get('PATH', '/usr/bin:/bin')))

    def try_virsh(self, *args, timeout=60):
        """(status, standard output, standard error) of a virsh command."""
        command, env = self.virsh_command(*args)
        try:
            done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  timeout=timeout * rhea.SLOW,
                                  preexec_fn=rhea._die_with_parent)
        except subprocess.TimeoutExpired:
            raise rhea.TestFailure('virsh %s: no answer; the log ends: %s' % (
                ' '.join(args), self.log()[-1500:])) from None
        return done.returncode, done.stdout, done.stderr

    def virsh(self, *args, timeout=60):
        """What a virsh command prints; it must succeed."""
        status, out, err = self.try_virsh(*args, timeout=timeout)
        if status != 0:
            raise rhea.TestFailure('virsh %s: %s; errors logged: %s' % (
                ' '.join(args), err.strip(), ' | '.join(self.errors()[-5:])))
        return out

    def wait_for(self, what, condition, timeout=30):
        """Wait until condition() holds; `what` says what is wrong if it never does."""
        deadline = time.monotonic() + timeout * rhea.SLOW
        while not condition():
            rhea.check(time.monotonic() < deadline, what)
            time.sleep(0.05)

    def wait_state(self, domain, state, timeout=30):
        """Wait until a domain is "running", "paused", "shut off", ..."""
        self.wait_for('%s is not %s' % (domain, state),
                      lambda: self.virsh('domstate', domain).strip() == state, timeout)

    # --- what was said -----------------------------------------------------------------
    def log(self):
        try:
            with open(self.path('daemon.log'), errors='replace') as f:
                return f.read()
        except OSError:
            return ''

    def errors(self):
        """Errors in the daemon's log that are about emulators.

        That an agent's socket ends with its machine is one for libvirt, if it looks there
        before it has closed it.
        """
        return [line for line in self.log().splitlines()
                if re.search(r': error : (qemu|virQEMU|virCommand)', line) and
                'End of file from agent socket' not in line]

    def commands(self):
        """(command, error class or None) of every command that had its reply, in order."""
        asked, done = {}, []
        pattern = re.compile(
            r'QEMU_MONITOR_(SEND_MSG|RECV_REPLY): mon=(\S+) (?:msg|reply)=(.*)$')
        for line in self.log().splitlines():
            match = pattern.search(line)
            if not match:
                continue
            kind, monitor, text = match.groups()
            text = text[:text.rindex('}') + 1] if '}' in text else text
            try:
                message = json.loads(text)
            except ValueError:
                raise rhea.TestFailure('cannot be read: %s' % line[:300]) from None
            if kind == 'SEND_MSG':
                asked[monitor, message['id']] = message
            else:
                question = asked.pop((monitor, message['id']))
                done.append((question, message.get('error')))
        return done

    def domain_log(self, domain):
        """The command line that the daemon has made and what the emulator said."""
        name = self.path('home/.cache/libvirt/qemu/log/%s.log' % domain)
        try:
            with open(name, errors='replace') as f:
                return f.read()
        except OSError:
            return ''

    # --- the end -----------------------------------------------------------------------
    def machines(self):
        """Processes of the emulator that the daemon has started."""
        return machines(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.wait()
        self.cleaner.communicate()
