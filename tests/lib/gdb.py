# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of the debugger's server: one that sends packets by hand, and the real gdb."""

import os
import re
import select
import shutil
import socket
import subprocess
import time

import rhea

GDB = shutil.which('gdb-multiarch')


def checksum(payload):
    return b'%02x' % (sum(payload) & 0xff)


def escape(data):
    out = bytearray()
    for c in data:
        if c in b'$#}*':
            out += bytes([0x7d, c ^ 0x20])
        else:
            out.append(c)
    return bytes(out)


def packet(payload):
    """A packet's bytes; the payload is escaped already."""
    if isinstance(payload, str):
        payload = payload.encode()
    return b'$' + payload + b'#' + checksum(payload)


class Client:
    """A connection over a unix socket (its path) or TCP (host, port); answers are taken
    apart, nothing is interpreted."""

    def __init__(self, path, timeout=10, no_ack=True):
        deadline = time.monotonic() + timeout * rhea.SLOW
        while True:
            self.socket = socket.socket(socket.AF_UNIX if isinstance(path, str)
                                        else socket.AF_INET, socket.SOCK_STREAM)
            try:
                self.socket.connect(path)
                break
            except OSError as e:
                self.socket.close()
                rhea.check(time.monotonic() < deadline, 'no server at its socket: %s' % e)
                time.sleep(0.01)
        self.buffer = b''
        self.no_ack = False
        if no_ack:
            rhea.check(self.ask('QStartNoAckMode') == b'OK', 'QStartNoAckMode is refused')
            self.no_ack = True

    def send(self, data):
        self.socket.sendall(data)

    def more(self, timeout):
        """Take in bytes; False if none came."""
        if not select.select([self.socket], [], [], timeout)[0]:
            return False
        data = self.socket.recv(65536)
        rhea.check(data, 'the server closed the connection')
        self.buffer += data
        return True

    def answer(self, timeout=10):
        """The next packet's payload, with escapes taken out."""
        deadline = time.monotonic() + timeout * rhea.SLOW
        while True:
            start = self.buffer.find(b'$')
            end = self.buffer.find(b'#', start) if start >= 0 else -1
            if end >= 0 and len(self.buffer) >= end + 3:
                break
            left = deadline - time.monotonic()
            if left <= 0 or not self.more(left):
                raise rhea.TestFailure('no answer, but %r' % self.buffer[-200:])
        raw = self.buffer[start + 1:end]
        rhea.check(self.buffer[end + 1:end + 3] == checksum(raw), 'a wrong checksum')
        self.buffer = self.buffer[end + 3:]
        if not self.no_ack:
            self.send(b'+')
        out = bytearray()
        escaped = False
        for c in raw:
            if escaped:
                out.append(c ^ 0x20)
                escaped = False
            elif c == 0x7d:
                escaped = True
            else:
                out.append(c)
        return bytes(out)

    def ask(self, payload, timeout=10):
        """Send a packet; the answer's payload."""
        self.send(packet(payload))
        return self.answer(timeout)

    def monitor(self, line):
        """A command of the monitor; its text."""
        reply = self.ask('qRcmd,' + line.encode().hex())
        text = b''
        while reply.startswith(b'O') and reply != b'OK':
            text += bytes.fromhex(reply[1:].decode())
            reply = self.answer()
        rhea.check(reply == b'OK', 'qRcmd answers %r' % reply)
        return text.decode()

    def close(self):
        self.socket.close()


def sections(steps, file=None, timeout=60):
    """Run gdb with named groups of commands; name -> what the group has printed.

    steps: (name, [command, ...]) in order.
    """
    commands = []
    for name, group in steps:
        commands += ['echo @@%s\\n' % name] + list(group)
    text = gdb(*commands, file=file, timeout=timeout)
    found, name = {}, None
    for line in text.splitlines():
        if line.startswith('@@'):
            name = line[2:]
            found[name] = ''
        elif name:
            found[name] += line + '\n'
    return found


def gdb(*commands, file=None, timeout=60):
    """Run gdb with commands, one after the other; what it prints."""
    if not GDB:
        rhea.skip('gdb-multiarch is not installed')
    args = [GDB, '-nx', '-batch', '-iex', 'set style enabled off', '-iex', 'set confirm off',
            '-iex', 'set pagination off', '-iex', 'set width 0', '-iex', 'set height 0']
    for c in commands:
        args += ['-ex', c]
    if file:
        args.append(file)
    try:
        done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout * rhea.SLOW,
                              env=dict(os.environ, LC_ALL='C.UTF-8'), text=True,
                              errors='replace')
    except subprocess.TimeoutExpired as e:
        text = (e.stdout or b'').decode(errors='replace')
        raise rhea.TestFailure('gdb still runs after %g s; %s' % (timeout, text[-1500:])) from None
    print(done.stdout, flush=True)
    return done.stdout


def expect(text, patterns):
    """Fail unless all patterns match, one behind the other."""
    at = 0
    for p in patterns:
        match = re.compile(p).search(text, at)
        rhea.check(match, 'no %r in %r' % (p, text[at:]))
        at = match.end()
