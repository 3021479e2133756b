# SPDX-License-Identifier: GPL-2.0-or-later
"""Bare-metal programs: the one kept as hex, ELF files made of raw code."""

import os
import struct
import subprocess

from rhea import SOURCE, scratch, skip

RAM = 0x80000000
EM_RISCV = 243


def hello_code():
    """tests/boot/hello.S as machine code, the same for rv32 and rv64."""
    with open(os.path.join(SOURCE, 'tests/boot/hello.hex')) as f:
        return bytes.fromhex(f.read())


def elf(code, bits=64, address=RAM, entry=None, machine=EM_RISCV):
    """An ELF executable of one segment (System V gABI, "Object files")."""
    entry = address if entry is None else entry
    ident = b'\x7fELF' + bytes([2 if bits == 64 else 1, 1, 1]) + bytes(9)
    if bits == 64:
        header = struct.pack('<HHIQQQIHHHHHH', 2, machine, 1, entry, 64, 0, 0, 64, 56, 1,
                             64, 0, 0)
        segment = struct.pack('<IIQQQQQQ', 1, 7, 0x1000, address, address, len(code),
                              len(code), 0x1000)
    else:
        header = struct.pack('<HHIIIIIHHHHHH', 2, machine, 1, entry, 52, 0, 0, 52, 32, 1,
                             40, 0, 0)
        segment = struct.pack('<IIIIIIII', 1, 0x1000, address, address, len(code),
                              len(code), 7, 0x1000)
    head = ident + header + segment
    return head + bytes(0x1000 - len(head)) + code


def write(name, data):
    """A file in the test's scratch folder."""
    path = scratch(name)
    with open(path, 'wb') as f:
        f.write(data)
    return path


def assemble(source, bits=64, march=None, flags=()):
    """Assemble and link a program at the start of RAM; the ELF's path.

    None where the host has no RISC-V compiler.
    """
    path = scratch(os.path.basename(source) + '.%d.elf' % bits)
    march = march or 'rv%dgc' % bits
    abi = 'lp64' if bits == 64 else 'ilp32'
    try:
        done = subprocess.run(
            ['riscv64-unknown-elf-gcc', '-march=' + march, '-mabi=' + abi, '-nostdlib',
             '-static', '-Wl,--build-id=none', '-Wl,-Ttext=%#x' % RAM, *flags,
             '-o', path, source],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)
    except FileNotFoundError:
        return None
    if done.returncode != 0:
        raise RuntimeError('%s does not assemble: %s' % (source, done.stdout))
    return path


def compile(source, bits=64, flags=()):
    """Compile and link a C program at the start of RAM, with symbols and without
    optimisation; the ELF's path. Skips the test where the host has no RISC-V compiler.
    """
    path = scratch(os.path.basename(source) + '.%d.elf' % bits)
    abi = 'lp64d' if bits == 64 else 'ilp32d'
    try:
        done = subprocess.run(
            ['riscv64-unknown-elf-gcc', '-g', '-O0', '-march=rv%dgc' % bits, '-mabi=' + abi,
             '-mcmodel=medany', '-ffreestanding', '-nostdlib', '-static', '-Wl,--build-id=none',
             '-Wl,--no-relax', '-Wl,--no-warn-rwx-segments', '-Wl,-Ttext=%#x' % RAM, *flags,
             '-o', path, source],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)
    except FileNotFoundError:
        skip('riscv64-unknown-elf-gcc is not installed')
    if done.returncode != 0:
        raise RuntimeError('%s does not compile: %s' % (source, done.stdout))
    return path


def finisher_code(value):
    """Write a value to the test finisher, then wait for ever."""
    low = (value & 0xfff) - (0x1000 if value & 0x800 else 0)
    words = [0x001002b7,                                                # lui   t0, 0x100
             (value - low & 0xfffff000) | 0x337,                        # lui   t1, high
             (low & 0xfff) << 20 | 0x30313,                             # addi  t1, t1, low
             0x0062a023,                                                # sw    t1, 0(t0)
             0x10500073, 0xffdff06f]                                    # wfi; j -4
    return struct.pack('<%dI' % len(words), *words)


# Send back each character that the UART receives.
# One hart echoes, or bytes that two have read come back in any order.
ECHO_CODE = struct.pack('<13I', 0x00050663,             # beqz a0, 12
                        0x10500073, 0xffdff06f,         # wfi; j -4
                        0x100002b7,                     # lui  t0, 0x10000
                        0x0052c303, 0x00137313,         # lbu t1, 5(t0); andi t1, t1, 1
                        0xfe030ce3, 0x0002c303,         # beqz t1, -8; lbu t1, (t0)
                        0x0052c383, 0x0203f393,         # lbu t2, 5(t0); andi t2, t2, 32
                        0xfe038ce3, 0x00628023,         # beqz t2, -8; sb t1, (t0)
                        0xfe1ff06f)                                     # j -32
SPIN_CODE = struct.pack('<I', 0x0000006f)                               # j .
WAIT_CODE = struct.pack('<II', 0x10500073, 0xffdff06f)                  # wfi; j -4
