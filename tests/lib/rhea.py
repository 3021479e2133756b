# SPDX-License-Identifier: GPL-2.0-or-later
"""Start the emulator from a test, talk to its console and its QMP, end it.

A test is a program: it ends with status 0 (passed), 77 (skipped, the reason on the
last line) or anything else (failed). docs/devel/testing.rst describes the kinds.
"""

import atexit
import ctypes
import fcntl
import json
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time

TESTS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
SOURCE = os.path.dirname(TESTS)
BUILD = os.environ.get('RHEA_BUILD', os.path.join(SOURCE, 'build'))
# Everything that a test waits for takes longer in a build with sanitizers.
SLOW = float(os.environ.get('RHEA_TEST_SLOW', '1'))
# From this factor on, as with ThreadSanitizer, tests do less of what they do often (fewer()).
VERY_SLOW = 10


def fewer(count, least=1):
    """How often to do what a test does @count times: a fourth in a very slow build."""
    return max(least, count // 4) if SLOW >= VERY_SLOW else count


class TestFailure(Exception):
    """What was expected of the emulator did not come."""


def skip(reason):
    """End the test as skipped."""
    print('skipped: ' + ' '.join(str(reason).split()), flush=True)
    sys.exit(77)


def check(condition, text):
    """Fail the test unless the condition holds."""
    if not condition:
        raise TestFailure(text)


def program(arch='riscv64'):
    """The emulator's command for an architecture: $RHEA (riscv64) or $RHEA_RISCV32, ...

    Without these, rhea-system-ARCH of the build folder.
    """
    named = os.environ.get('RHEA' if arch == 'riscv64' else 'RHEA_' + arch.upper())
    if named:
        return shlex.split(named)
    path = os.path.join(BUILD, 'rhea-system-' + arch)
    if not os.path.exists(path):
        raise TestFailure('%s is not built' % path)
    return [path]


def is_rhea(arch='riscv64'):
    """Whether the program under test is Rhea, not a stand-in named by $RHEA."""
    return 'qemu' not in os.path.basename(program(arch)[0])


def sanitizers():
    """Those of the build under test, 'none' or as '-fsanitize=' takes them."""
    with open(os.path.join(BUILD, 'meson-info/intro-buildoptions.json')) as f:
        return next(o['value'] for o in json.load(f) if o['name'] == 'b_sanitize')


def sanitized():
    """Whether the build under test has sanitizers."""
    return sanitizers() != 'none'


def translates():
    """Whether the build under test makes code for the host: its second tier, the self-check and
    files for perf need that. One with ThreadSanitizer has the interpreter alone."""
    if not is_rhea() or 'RHEA' in os.environ:
        return True
    with open(os.path.join(BUILD, 'config-host.h')) as f:
        return bool(re.search(r'^#define CONFIG_X86_64_BACKEND\b', f.read(), re.MULTILINE))


INTERPRETER_ALONE = 'this build has the interpreter alone'


def backends(names):
    """Those of accel_args()'s names that this build has. The others count as skipped."""
    if translates():
        return list(names)
    missing = [name for name in names if name != 'interp']
    if missing:
        print('skipped: %s: %s' % (', '.join(missing), INTERPRETER_ALONE), flush=True)
    return [name for name in names if name not in missing]


def needs_translator():
    """Skip the test where the build makes no code for the host."""
    if not translates():
        skip(INTERPRETER_ALONE)


def guest(what, *args):
    """The path of a guest file ("kernel", "initrd", "initrd-disk", "disk").

    Skips the test where Debian's registry does not serve its packages.
    """
    done = subprocess.run([os.path.join(SOURCE, 'scripts/guests/guests'), what, *args],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    sys.stderr.write(done.stderr)
    if done.returncode == 77:
        skip(done.stderr.strip().splitlines()[-1].replace('guests: skipped: ', ''))
    if done.returncode != 0:
        raise TestFailure('the guest %s cannot be made: %s' % (what, done.stderr.strip()))
    return done.stdout.strip().splitlines()[-1]


def accel_args(backend):
    """Options that run CPUs on a backend of the translator, or under the self-check.

    Under the self-check a difference ends the emulator with status 1. "-tier2" behind a
    backend's name: its second tier takes all that runs twice; else there is none.
    """
    if backend == 'check':
        return ['-accel', 'check,on-difference=exit']
    name, _, tier = backend.partition('-')
    return ['-accel', 'tcg,backend=%s,%s' % (name, 'tier2=on,tier2-threshold=1' if tier
                                             else 'tier2=off')]


_scratch = None


def scratch(name=''):
    """A path in a folder of this test's own, removed when the test ends."""
    global _scratch
    if _scratch is None:
        _scratch = os.environ.get('RHEA_SCRATCH')        # tests/run removes it
    if _scratch is None:
        _scratch = tempfile.mkdtemp(prefix='rhea-')      # short: sockets live here
        atexit.register(shutil.rmtree, _scratch, ignore_errors=True)
    return os.path.join(_scratch, name)


def _die_with_parent():
    # A test that is killed takes its emulators along.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)           # PR_SET_PDEATHSIG


def _own_terminal():
    # Ctrl-c reaches the program whose controlling terminal it is.
    _die_with_parent()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def pss_kib(pid):
    """A process's proportional set size."""
    with open('/proc/%d/smaps_rollup' % pid) as f:
        for line in f:
            if line.startswith('Pss:'):
                return int(line.split()[1])
    raise TestFailure('no Pss in smaps_rollup')


class QmpError(Exception):
    """A QMP command's error: its class and description."""

    def __init__(self, error):
        super().__init__('%s: %s' % (error.get('class'), error.get('desc')))
        self.error_class = error.get('class')
        self.desc = error.get('desc')


class Qmp:
    """A QMP connection over a unix socket (path) or a pair of file descriptors."""

    def __init__(self, path=None, fds=None, timeout=10, negotiate=True, alive=None):
        self.events = []
        self._buffer = b''
        self._socket = None
        self._id = 0
        deadline = time.monotonic() + timeout * SLOW
        if path is not None:
            while True:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                try:
                    self._socket.connect(path)
                    break
                except OSError as e:
                    self._socket.close()
                    if time.monotonic() > deadline or (alive and not alive()):
                        raise TestFailure('no QMP server at its socket: %s' % e) from None
                    time.sleep(0.002)
            self._in = self._out = self._socket.fileno()
        else:
            self._in, self._out = fds
        self.greeting = self.receive(timeout)
        check('QMP' in self.greeting, 'no QMP greeting: %r' % self.greeting)
        if negotiate:
            self.execute('qmp_capabilities')

    def send_raw(self, data):
        """Send bytes as they are."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._out, view):]

    def receive(self, timeout=10):
        """The next message, event or not."""
        deadline = time.monotonic() + timeout * SLOW
        while b'\n' not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise TestFailure('no QMP message within %g s' % (timeout * SLOW))
            data = os.read(self._in, 65536)
            if not data:
                raise TestFailure('the QMP connection was closed')
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b'\n')
        if not line.strip():
            return self.receive(timeout)
        return json.loads(line)

    def command(self, name, arguments=None, timeout=10):
        """Send a command; its whole answer, {"return": ...} or {"error": ...}."""
        self._id += 1
        message = {'execute': name, 'id': self._id}
        if arguments is not None:
            message['arguments'] = arguments
        self.send_raw(json.dumps(message).encode() + b'\n')
        while True:
            answer = self.receive(timeout)
            if 'event' in answer:
                self.events.append(answer)
            elif answer.get('id') == self._id:
                return answer

    def execute(self, name, timeout=10, **arguments):
        """Run a command; what it returns, or QmpError. a_b in a name stands for a-b."""
        answer = self.command(name, {k.replace('_', '-'): v for k, v in arguments.items()}
                              if arguments else None, timeout)
        if 'error' in answer:
            raise QmpError(answer['error'])
        return answer['return']

    def wait_event(self, name, timeout=10):
        """The next event of that name, one that came earlier included."""
        deadline = time.monotonic() + timeout * SLOW
        while True:
            for i, event in enumerate(self.events):
                if event['event'] == name:
                    return self.events.pop(i)
            left = deadline - time.monotonic()
            if left <= 0:
                raise TestFailure('no event %s within %g s' % (name, timeout * SLOW))
            message = self.receive(left / SLOW)
            if 'event' in message:
                self.events.append(message)

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Machine:
    """A running emulator.

    with Machine('-M', 'virt', '-nographic', ...) as m:
        m.expect(r'login:')
        m.send('root\\n')
        m.wait()

    The console is the program's standard input and output: pipes, or with pty=True
    a terminal. Standard error is kept apart (stderr()). With qmp=True a QMP socket is
    added and connected at the first use of .qmp.
    """

    def __init__(self, *args, arch='riscv64', pty=False, qmp=False, command=None, env=None,
                 echo=True, negotiate=True):
        self._echo = echo
        self._negotiate = negotiate
        self._text = ''
        self._pos = 0
        self._eof = False
        self._qmp = None
        self._qmp_path = None
        self.args = list(command or program(arch)) + [str(a) for a in args]
        if qmp:
            self._qmp_path = scratch('qmp-%d-%d' % (os.getpid(), id(self) & 0xffffff))
            self.args += ['-qmp', 'unix:%s,server=on,wait=off' % self._qmp_path]
        self._stderr = tempfile.TemporaryFile()
        if echo:
            print('+ ' + ' '.join(shlex.quote(a) for a in self.args), flush=True)
        self.started = time.monotonic()
        kwargs = dict(stderr=self._stderr, close_fds=True, start_new_session=True,
                      preexec_fn=_own_terminal if pty else _die_with_parent,
                      env=dict(os.environ, **(env or {})))
        if pty:
            master, slave = os.openpty()
            self._in = self._out = master
            self.process = subprocess.Popen(self.args, stdin=slave, stdout=slave, **kwargs)
            os.close(slave)
        else:
            self.process = subprocess.Popen(self.args, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, **kwargs)
            self._in = self.process.stdout.fileno()
            self._out = self.process.stdin.fileno()
        self._pty = pty
        atexit.register(self.close)

    # --- console ---------------------------------------------------------------------
    def _read(self, timeout):
        """Take in what the console has; False if nothing came."""
        if self._eof:
            return False
        if not select.select([self._in], [], [], max(timeout, 0))[0]:
            return False
        try:
            data = os.read(self._in, 65536)
        except OSError:          # a terminal whose other side is gone
            data = b''
        if not data:
            self._eof = True
            return False
        text = data.decode(errors='replace').replace('\r', '')
        self._text += text
        if self._echo:
            sys.stdout.write(text)
            sys.stdout.flush()
        return True

    def expect(self, regex, timeout=60):
        """Wait for a match after the last one; returns the match object."""
        deadline = time.monotonic() + timeout * SLOW
        pattern = re.compile(regex, re.MULTILINE)
        while True:
            match = pattern.search(self._text, self._pos)
            if match:
                self._pos = match.end()
                return match
            left = deadline - time.monotonic()
            if self._eof:
                self.process.wait()
                raise TestFailure('the emulator ended (%s) before %r; %s' % (
                    self._how_ended(), regex, self._tail()))
            if left <= 0:
                raise TestFailure('no %r within %g s; %s' % (regex, timeout * SLOW,
                                                             self._tail()))
            self._read(left)

    def drain(self, seconds=0.2):
        """Read for a while without expecting anything."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._eof:
            self._read(end - time.monotonic())

    def send(self, text):
        """Type on the console."""
        data = text.encode() if isinstance(text, str) else text
        view = memoryview(data)
        while view:
            view = view[os.write(self._out, view):]

    def console(self):
        """All that the console has shown."""
        return self._text

    def stderr(self):
        """All that was written to standard error."""
        # pread: the program shares this file's position
        size = os.fstat(self._stderr.fileno()).st_size
        return os.pread(self._stderr.fileno(), size, 0).decode(errors='replace')

    def _tail(self):
        return 'console ends %r, standard error %r' % (self._text[-300:], self.stderr()[-300:])

    def _how_ended(self):
        code = self.process.returncode
        return 'status %d' % code if code >= 0 else 'signal %d' % -code

    # --- life --------------------------------------------------------------------------
    @property
    def pid(self):
        return self.process.pid

    @property
    def qmp(self):
        if self._qmp is None:
            self._qmp = Qmp(self._qmp_path, negotiate=self._negotiate,
                            alive=lambda: self.process.poll() is None)
        return self._qmp

    def running(self):
        return self.process.poll() is None

    def wait(self, timeout=60, status=0):
        """Wait for the end, reading the console; fails unless it ends with `status`."""
        deadline = time.monotonic() + timeout * SLOW
        while self.process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TestFailure('still running after %g s; %s' % (timeout * SLOW,
                                                                    self._tail()))
            if not self._read(min(left, 0.05)) and self._eof:
                time.sleep(0.005)
        while self._read(0):
            pass
        if status is not None and self.process.returncode != status:
            raise TestFailure('ended with %s, not status %d; %s' % (
                self._how_ended(), status, self._tail()))
        return self.process.returncode

    def cpu_seconds(self):
        """CPU time used so far."""
        with open('/proc/%d/stat' % self.pid) as f:
            fields = f.read().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def pss_kib(self):
        """Proportional set size."""
        return pss_kib(self.pid)

    def close(self):
        """End it if it still runs; called on every way out."""
        atexit.unregister(self.close)
        if self._qmp is not None:
            self._qmp.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._pty:
            if self._in >= 0:
                os.close(self._in)
                self._in = -1
        else:
            for stream in (self.process.stdin, self.process.stdout):
                try:
                    stream.close()
                except OSError:
                    pass
        aborted = self.process.returncode == -signal.SIGABRT    # a sanitizer found something
        if (self._echo or aborted) and not self._stderr.closed:
            text = self.stderr()
            if text:
                print('\nstandard error:\n' + text, flush=True)
        self._stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def run(*args, arch='riscv64', stdin=b'', timeout=60, status=None, env=None):
    """Run the emulator to its end; (status, stdout, stderr)."""
    command = program(arch) + [str(a) for a in args]
    print('+ ' + ' '.join(shlex.quote(a) for a in command), flush=True)
    try:
        done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout * SLOW,
                              preexec_fn=_die_with_parent,
                              env=dict(os.environ, **(env or {})))
    except subprocess.TimeoutExpired:
        raise TestFailure('still running after %g s' % (timeout * SLOW)) from None
    out = done.stdout.decode(errors='replace')
    err = done.stderr.decode(errors='replace')
    print(out + err, flush=True)
    if status is not None and done.returncode != status:
        raise TestFailure('ended with %d, not %d: %s' % (done.returncode, status,
                                                         err.strip()[-300:]))
    return done.returncode, out, err


# Left out where the guest is slow: tests of its own ciphers, and complaints that it is slow.
LESS = ' cryptomgr.notests nowatchdog rcupdate.rcu_cpu_stall_suppress=1'


def linux(*args, test=None, append='', memory='256M', harts=2, initrd='initrd', **kwargs):
    """A Machine that boots Debian's riscv64 kernel on the virt board."""
    line = 'console=ttyS0 panic=-1 ' + append
    if test:
        line += ' rhea.test=' + test
    if SLOW >= VERY_SLOW:
        line += LESS
    return Machine('-M', 'virt', '-m', memory, '-smp', harts, '-nographic', '-no-reboot',
                   '-kernel', guest('kernel'), '-initrd', guest(initrd),
                   '-append', line.strip(), *args, **kwargs)


def main(function):
    """Run a test's function: a TestFailure is printed as one line, status 1."""
    try:
        function()
    except (TestFailure, QmpError) as e:
        print('\nfailed: %s' % e, flush=True)
        sys.exit(1)
    sys.exit(0)
