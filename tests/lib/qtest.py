# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of whole machines without a running CPU: the qtest protocol from Python.

with qtest.Machine('-M', 'virt') as m:
    m.writel(0x101010, 1)
    m.irq_intercept_in('/machine/plic')
    m.clock_step(1000)
    rhea.check(m.irqs.get(11), 'no interrupt')

docs/devel/qtest.rst has the protocol. What a command is refused for is a QtestError.
"""

import base64
import collections
import os
import socket
import time

import rhea

TIMEOUT = 20


class QtestError(rhea.TestFailure):
    """A reply that begins with FAIL; its text."""


class Machine(rhea.Machine):
    """A machine under -accel qtest; each command of the protocol is a method.

    irqs has the last level of each watched wire that changed, by number, and irq_log
    the changes in order. With qmp=True there is a QMP connection, as for rhea.Machine. With
    restored=True the state of all devices is saved, reset and loaded before each command.
    """

    def __init__(self, *args, accel='qtest', restored=False, **kwargs):
        path = rhea.scratch('qtest-%d-%d' % (os.getpid(), id(self) & 0xffffff))
        self._restored = restored
        self.irqs = {}
        self.irq_log = []
        self._link = None
        self._lines = collections.deque()
        self._unfinished = []          # pieces of a line
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(path)
            listener.listen(1)
            listener.settimeout(TIMEOUT * rhea.SLOW)
            super().__init__('-accel', accel, '-qtest', 'unix:' + path, '-display', 'none',
                             *args, **kwargs)
            try:
                self._link = listener.accept()[0]
            except socket.timeout:
                raise rhea.TestFailure('the emulator does not connect: %s' %
                                       self.stderr()) from None
            finally:
                os.unlink(path)
        self._link.settimeout(TIMEOUT * rhea.SLOW)

    def close(self):
        if self._link is not None:
            self._link.close()
            self._link = None
        super().close()

    # --- lines -------------------------------------------------------------------------
    def send_raw(self, data):
        """Bytes as they are, for hostile input."""
        self._link.sendall(data)

    def _receive(self, deadline):
        """Take in what the emulator sent."""
        try:
            data = self._link.recv(1 << 20)
        except socket.timeout:
            data = None
        except OSError:
            data = b''
        if data is None or time.monotonic() > deadline:
            raise rhea.TestFailure('no reply to a qtest command within %g s' %
                                   (TIMEOUT * rhea.SLOW))
        if not data:
            raise rhea.TestFailure('the qtest connection was closed: %s' % self.stderr())
        first, *rest = data.split(b'\n')
        self._unfinished.append(first)
        if rest:
            self._lines += [b''.join(self._unfinished)] + rest[:-1]
            self._unfinished = rest[-1:]

    def _line(self):
        deadline = time.monotonic() + TIMEOUT * rhea.SLOW
        while not self._lines:
            self._receive(deadline)
        return self._lines.popleft().decode(errors='replace')

    def reply(self):
        """The next reply as it is; changes of wires that come before it are noted."""
        while True:
            line = self._line()
            words = line.split()
            if words[0] != 'IRQ':
                return line
            change = int(words[2]), words[1] == 'raise'
            self.irqs[change[0]] = change[1]
            self.irq_log.append(change)

    def raw(self, line):
        """Send a line; its reply as it is."""
        self.send_raw(line.encode() + b'\n')
        return self.reply()

    def command(self, *words):
        """Send a command; the words behind OK."""
        line = ' '.join(w if isinstance(w, str) else hex(w) for w in words)
        if self._restored:
            self._ok('vmstate_reload')
        return self._ok(line)

    def _ok(self, line):
        answer = self.raw(line).split()
        if answer[0] != 'OK':
            raise QtestError('%s: %s' % (line[:100], ' '.join(answer[1:])))
        return answer[1:]

    def pipeline(self, lines):
        """Many lines, sent without waiting for each reply; their replies."""
        lines = list(lines)
        replies = []
        for first in range(0, len(lines), 1000):
            part = lines[first:first + 1000]
            self.send_raw('\n'.join(part).encode() + b'\n')
            replies += [self.reply() for _ in part]
        return replies

    # --- commands ------------------------------------------------------------------------
    def _value(self, *words):
        return int(self.command(*words)[0], 0)

    def readb(self, addr):
        return self._value('readb', addr)

    def readw(self, addr):
        return self._value('readw', addr)

    def readl(self, addr):
        return self._value('readl', addr)

    def readq(self, addr):
        return self._value('readq', addr)

    def writeb(self, addr, value):
        self.command('writeb', addr, value)

    def writew(self, addr, value):
        self.command('writew', addr, value)

    def writel(self, addr, value):
        self.command('writel', addr, value)

    def writeq(self, addr, value):
        self.command('writeq', addr, value)

    def read(self, addr, size):
        return bytes.fromhex(self.command('read', addr, size)[0][2:])

    def write(self, addr, data):
        self.command('write', addr, len(data), '0x' + data.hex())

    def b64read(self, addr, size):
        return base64.b64decode(self.command('b64read', addr, size)[0])

    def b64write(self, addr, data):
        self.command('b64write', addr, len(data), base64.b64encode(data).decode())

    def memset(self, addr, size, byte):
        self.command('memset', addr, size, byte)

    def clock_step(self, ns=None):
        """Move the clock on, without an argument to the next deadline; the new time."""
        return self._value('clock_step', *([] if ns is None else [ns]))

    def clock_set(self, ns):
        return self._value('clock_set', ns)

    def irq_intercept_in(self, path):
        self.command('irq_intercept_in', path)

    def irq_intercept_out(self, path, name=None):
        if name is None:
            self.command('irq_intercept_out', path)
        else:
            self.command('irq_intercept_out_named', path, name)

    def set_irq_in(self, path, number, level, name='unnamed-gpio-in'):
        self.command('set_irq_in', path, name, number, level)

    def get_csr(self, cpu, number):
        """A CSR's value, or None if the hart has no such CSR."""
        code, value = self.command('csr', 'get_csr', cpu, number, 0)
        return int(value, 16) if code == '0' else None

    def set_csr(self, cpu, number, value):
        """True if the hart has it and it can be written."""
        return self.command('csr', 'set_csr', cpu, number, value)[0] == '0'

    def vmstate_reload(self):
        """Save all devices, reset, load."""
        self.command('vmstate_reload')

    def fuzz(self, addr, size, count, seed):
        """Random accesses to a range; a sum of what was read."""
        return self._value('fuzz', addr, size, count, seed)
