# SPDX-License-Identifier: GPL-2.0-or-later
"""Random RISC-V programs that run as a Linux process and on the bare virt board alike.

A program is a series of cases. A case loads every register from a block of random
values, runs random instructions, and stores every register behind its data; at the end
all cases' data and registers are written out. Instruction words come from the decode
tables; no assembler is needed.
"""

import random
import re
import struct

import bare

BASE = 0x80100000
UART, FINISHER, FINISHER_PASS = 0x10000000, 0x100000, 0x5555
SYS_EXIT, SYS_WRITE = 93, 64
# Registers that random instructions do not write: they address memory, or count a loop.
SP, DATA_P, LOOP, DATA = 2, 9, 29, 30
KEPT = {SP, DATA_P, LOOP, DATA}
REACH = 2048                      # offsets of loads and stores around the middle of the data
DATA_SIZE = 2 * REACH + 64
DUMP_SIZE = 65 * 8                # x0..x31 (x0 and x30: 0), f0..f31, fcsr
CASE_SIZE = DATA_SIZE + DUMP_SIZE
FINISH_SIZE = 128
CSR_FFLAGS, CSR_FRM, CSR_FCSR, CSR_MSTATUS = 1, 2, 3, 0x300

LOADS = {'lb', 'lh', 'lw', 'ld', 'lbu', 'lhu', 'lwu', 'flw', 'fld'}
STORES = {'sb', 'sh', 'sw', 'sd', 'fsw', 'fsd'}
BRANCHES = {'beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu'}
COMPARISONS = {'feq_s', 'flt_s', 'fle_s', 'feq_d', 'flt_d', 'fle_d'}
CSRS = {'csrrw', 'csrrs', 'csrrc', 'csrrwi', 'csrrsi', 'csrrci'}

# Instructions that no program has, each with its reason.
PRIVILEGED = 'privileged: an illegal instruction in a process'
NO_CBO = 'the reference lets no process do it, and without a cache it has no effect'
LEFT_OUT = {
    'ecall': 'a system call in a process, a trap on the bare board',
    'ebreak': 'ends a process',
    'sret': PRIVILEGED,
    'mret': PRIVILEGED,
    'wfi': PRIVILEGED,
    'sfence_vma': PRIVILEGED,
    'sinval_vma': PRIVILEGED,
    'sfence_w_inval': PRIVILEGED,
    'sfence_inval_ir': PRIVILEGED,
    'cbo_inval': NO_CBO,
    'cbo_clean': NO_CBO,
    'cbo_flush': NO_CBO,
}
# Extensions that a CPU model offers and no program is about, each with its reason.
LEFT_OUT_EXTENSIONS = {
    'zicclsm': 'no instructions: a promise, which all loads and stores make use of',
    'zicntr': 'counters differ from run to run (tests/unit/test-riscv-csr.c)',
    'zihpm': 'counters differ from run to run (tests/unit/test-riscv-csr.c)',
    'sstc': 'privileged: timers of S-mode',
    'svade': 'privileged: page tables',
    'svadu': 'privileged: page tables',
    'svinval': PRIVILEGED,
}


def offered_extensions(source, xlen):
    """The extensions that CPU models of ours offer and programs can be about.

    source: target/riscv/extensions.def, which lists them.
    """
    with open(source) as f:
        names = re.findall(r'^EXT\(\w+, "(\w+)"', f.read(), re.MULTILINE)
    return [n for n in names if n not in LEFT_OUT_EXTENSIONS and (n != 'zcf' or xlen == 32)]


SPECIAL_INTS = [0, 1, 2, 3, -1, -2, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fffffff, 0x80000000,
                0xffffffff, 0x100000000, 1 << 63, (1 << 63) - 1]
SPECIAL_F32 = [0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
               0x7fc00000, 0x7f800001, 0xffc01234, 0x00000001, 0x80000001, 0x007fffff,
               0x00800000, 0x7f7fffff, 0x4f000000, 0xcf000000, 0x5f000000, 0x4f800000,
               0x3f000000, 0x3effffff, 0x34000000]
SPECIAL_F64 = [0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000,
               0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000,
               0x7ff8000000000000, 0x7ff0000000000001, 0xfff8000000001234,
               0x0000000000000001, 0x800fffffffffffff, 0x0010000000000000,
               0x7fefffffffffffff, 0x41e0000000000000, 0xc1e0000000000000,
               0x43e0000000000000, 0x43f0000000000000, 0x3fe0000000000000,
               0x380fffffffffffff, 0x36a0000000000000, 0x47efffffefffffff]


class Program:
    """Cases from one seed; @cut keeps only so many instructions of case @only. With @floats
    most instructions are floating-point ones, and flags are read and cleared among them.
    ctzw_of_zero: off for qemu-user 7.2, which counts on into the upper half where the lower
    one is zero."""

    CASES = 16                        # programs in one run of the emulator

    def __init__(self, isa, xlen, seed, n_cases=CASES, n_insns=100, only=None, cut=None,
                 floats=False, ctzw_of_zero=True):
        self.isa, self.xlen, self.floats = isa, xlen, floats
        self.ctzw_of_zero = ctzw_of_zero
        self.rows = {r['name']: r for r in isa.rows()}
        self.choice = [r for r in isa.rows() if r['op'] not in LEFT_OUT]
        if floats:
            self.choice += [r for r in self.choice if self.is_float(r)] * 12
        self.bodies, self.blocks = [], []
        self.used = set()             # names of rows
        for i in range(n_cases):
            rng = random.Random('%d/%d/%d' % (seed, xlen, i))
            body = self.body(rng, n_insns)
            self.blocks.append(self.block(rng))
            if only is not None and i != only:
                body = []
            elif cut is not None:
                body = body[:cut]
            self.bodies.append(body)

    # ---- encoding ----

    def enc(self, name, **args):
        """The bytes of one instruction."""
        return self.isa.encode(name, **args)

    @staticmethod
    def is_float(row):
        return row['op'].startswith('f') and not row['op'].startswith('fence')

    def reg_size(self):
        return self.xlen // 8

    def load_op(self):
        return 'ld' if self.xlen == 64 else 'lw'

    def store_op(self):
        return 'sd' if self.xlen == 64 else 'sw'

    def address(self, reg, here, target):
        """reg = target, relative to the pc."""
        delta = target - here
        high = (delta + 0x800) >> 12 << 12
        return self.enc('auipc', rd=reg, imm=high) + \
            self.enc('addi', rd=reg, rs1=reg, imm=delta - high)

    def constant(self, reg, value):
        high = (value + 0x800) >> 12 << 12
        if high >= 1 << 31:
            high -= 1 << 32
        return self.enc('lui', rd=reg, imm=high) + \
            self.enc('addi' if self.xlen == 32 else 'addiw', rd=reg, rs1=reg,
                     imm=(value + 0x800 & 0xfff) - 0x800)

    # ---- contents ----

    def block(self, rng):
        """Initial x1..x31, f0..f31 and fcsr, then the data."""
        def integer():
            v = rng.choice(SPECIAL_INTS) if rng.random() < 0.4 else rng.getrandbits(64)
            return v >> rng.choice([0, 0, 8, 32, 48]) if v > 0 else v

        def real():
            kind = rng.random()
            if kind < 0.3:
                return rng.choice(SPECIAL_F32) | 0xffffffff << 32
            if kind < 0.5:
                return rng.getrandbits(32) | 0xffffffff << 32
            if kind < 0.55:    # close to each other: sums cancel, quotients are near one
                return 0xffffffff3f800000 + rng.getrandbits(4)
            if kind < 0.75:
                return rng.choice(SPECIAL_F64)
            if kind < 0.85:
                return 0x3ff0000000000000 + rng.getrandbits(6)
            return rng.getrandbits(64)
        mask = (1 << 64) - 1
        values = [integer() & mask for _ in range(32)] + [real() for _ in range(32)]
        values.append(rng.randrange(5) << 5 | (rng.getrandbits(5) if rng.random() < .5 else 0))
        data = b''.join(struct.pack('<Q', rng.choice([rng.getrandbits(64), real()]))
                        for _ in range(DATA_SIZE // 8))
        return struct.pack('<65Q', *values), data

    def body(self, rng, n):
        """A list of ('raw', bytes), ('branch', name, args, to), ('call', kind, rd, to)"""
        out = []
        end = n
        loop_start = None
        while len(out) < n:
            at = len(out)
            if loop_start is None and rng.random() < 0.02 and at < n - 20:
                out.append(('raw', self.enc('addi', rd=LOOP, rs1=0, imm=rng.randrange(2, 6))))
                loop_start = len(out)
                end = loop_start + rng.randrange(4, 14)
                continue
            if loop_start is not None and at >= end:
                out.append(('raw', self.enc('addi', rd=LOOP, rs1=LOOP, imm=-1)))
                out.append(('branch', 'blt', {'rs1': 0, 'rs2': LOOP}, loop_start))
                loop_start, end = None, n
                continue
            limit = end if loop_start is not None else n
            item = self.random_item(rng, at, limit)
            if item:
                out += item
        return out

    def random_item(self, rng, at, limit):
        row = rng.choice(self.choice)
        item = self.item_of(row, rng, at, limit)
        if item:
            self.used.add(row['name'])
        return item

    def item_of(self, row, rng, at, limit):
        """Instructions with one of a row and random arguments; None if it cannot be here."""
        op = row['op']
        isa, args = self.isa, {}
        forward = rng.randrange(at + 1, max(at + 2, min(limit, at + 6) + 1))

        if op in BRANCHES:
            word = isa.random_word(row, rng)
            from isa import get
            got = {a: get(word, f) for a, f in row['args'].items()}
            return [('branch', row['name'], {a: v for a, v in got.items()
                                             if a != 'imm' and a in self.settable(row)},
                     forward)]
        if op == 'jal':
            rd = self.free(rng) if 'rd' in self.settable(row) else None
            if rd is None and row['args']['rd'] in KEPT:
                return None
            return [('branch', row['name'], {} if rd is None else {'rd': rd}, forward)]
        if op == 'jalr':
            # auipc t, 0; jalr rd, distance(t): compressed ones need the sum in t first
            t = rng.choice([r for r in range(1, 32) if r not in KEPT])
            return [('call', row['name'], (t, self.free(rng)), forward)]
        if op in LOADS or op in STORES or op.startswith(('amo', 'lr_', 'sc_')):
            args['rs1'] = rng.choice([SP, DATA_P, DATA])
            if not isinstance(row['args']['rs1'], dict):
                args['rs1'] = row['args']['rs1']
            if row['width'] == 16 and row['args']['rs1'] != SP:
                args['rs1'] = DATA_P
        if op in CSRS:
            return self.random_csr(rng, row)
        if 'rm' in row['args']:
            args['rm'] = rng.choice([0, 1, 2, 3, 4, 7, 7, 7])
        if op.startswith('sc_'):
            return None
        # What must go together is one piece, so that no branch leads into it.
        if op == 'cbo_zero':
            # The middle of the data, which is used most, or any block.
            t = rng.choice([r for r in range(1, 32) if r not in KEPT])
            offset = rng.choice([0, rng.randrange(64 - REACH, REACH - 64)])
            return [('raw', self.enc('addi', rd=t, rs1=DATA_P, imm=offset) +
                     self.enc(row['name'], rs1=t))]
        if row['name'] == 'c_addi16sp':
            t, imm = rng.choice([r for r in range(1, 32) if r not in KEPT]), rng.choice(
                [n for n in range(-496, 512, 16) if n])
            return [('raw', self.enc('c_addi16sp', imm=imm) +
                     self.enc('addi', rd=t, rs1=SP, imm=0) +
                     self.enc('c_addi16sp', imm=-imm))]
        if op == 'ctzw' and not self.ctzw_of_zero:
            args['rs1'] = rng.choice([r for r in range(1, 32) if r not in KEPT])
        word = isa.random_word(row, rng, **args)
        if word is None or self.writes_kept(row, word):
            return None
        item = [('raw', word.to_bytes(row['width'] // 8, 'little'))]
        if self.floats and op in COMPARISONS and rng.random() < 0.5:
            # as compilers make a quiet comparison
            t = rng.choice([r for r in range(1, 32) if r not in KEPT])
            item.insert(0, ('raw', self.enc('csrrs', rd=t, csr=CSR_FFLAGS, rs1=0)))
            item.append(('raw', self.enc('csrrw', rd=rng.choice([0, 0, t]), csr=CSR_FFLAGS,
                                         rs1=t)))
            return item
        if self.floats and self.is_float(row) and rng.random() < 0.15:
            item.append(('raw', self.enc('csrrwi', rd=self.free(rng), csr=CSR_FFLAGS, rs1=0)))
        if op == 'ctzw' and not self.ctzw_of_zero:
            item.insert(0, ('raw', self.enc('bseti', rd=args['rs1'], rs1=args['rs1'],
                                            shamt=31)))
        if op.startswith('lr_'):
            # SC at once, or behind a store to the same place, or one that must fail: an
            # LR that stays open could meet an SC of the other size, which may do either.
            store = rng.random()
            if store < 0.3:
                item.append(('raw', self.enc('sw', rs1=args['rs1'], rs2=self.free(rng) or 1,
                                             imm=0)))
            sc = self.rows['sc_' + op[3:]]
            self.used.add(sc['name'])
            for _ in range(1 + (rng.random() < 0.3)):
                w = isa.random_word(sc, rng, rs1=args['rs1'], rd=self.free(rng))
                item.append(('raw', w.to_bytes(4, 'little')))
        return item

    def settable(self, row):
        return {a for a, f in row['args'].items() if isinstance(f, dict)}

    def free(self, rng):
        """A register that may be written."""
        return rng.choice([r for r in range(32) if r not in KEPT])

    def writes_kept(self, row, word):
        from isa import get
        if 'rd' not in row['args'] or row['operands'].startswith('%f'):
            return False
        return get(word, row['args']['rd']) in KEPT

    def random_csr(self, rng, row):
        """fflags, frm and fcsr; frm gets defined values only."""
        name, rd = row['name'], self.free(rng)
        csr = rng.choice([CSR_FFLAGS, CSR_FRM, CSR_FCSR])
        if name in ('csrrs', 'csrrc') and rng.random() < 0.6:
            source = 0
        elif name == 'csrrwi':
            source = rng.randrange(5) if csr == CSR_FRM else rng.randrange(32)
        else:
            csr, source = CSR_FFLAGS, rng.randrange(32)
        return [('raw', self.enc(name, rd=rd, csr=csr, rs1=source))]

    # ---- the whole program ----

    def emit_body(self, body):
        """Lay out: sizes first, then targets."""
        def size(item):
            if item[0] == 'raw':
                return len(item[1])
            if item[0] == 'call':
                return 12 if self.rows[item[1]]['width'] == 32 else 10
            return self.rows[item[1]]['width'] // 8
        at = [0]
        for item in body:
            at.append(at[-1] + size(item))
        code = b''
        for i, item in enumerate(body):
            if item[0] == 'raw':
                code += item[1]
                continue
            to = at[min(item[3], len(body))]
            if item[0] == 'branch':
                code += self.enc(item[1], imm=to - at[i], **item[2])
                continue
            t, rd = item[2]
            row = self.rows[item[1]]
            delta = to - at[i]
            code += self.enc('auipc', rd=t, imm=0)
            if row['width'] == 32:
                code += self.enc('addi', rd=t, rs1=t, imm=delta + 16)
                code += self.enc('jalr', rd=rd, rs1=t, imm=-16 + (delta & 1))
            else:
                code += self.enc('addi', rd=t, rs1=t, imm=delta)
                code += self.enc(item[1], rs1=t)
        return code

    def image(self, bare_metal):
        """Code, then blocks, then data with room for registers."""
        code, size = b'', 0
        n = len(self.bodies)
        for _ in range(2):       # the first pass finds the size
            blocks_at = BASE + (size + 15 & ~15)
            data_at = blocks_at + 65 * 8 * n
            data_at = (data_at + 15) & ~15
            code = self.code(bare_metal, blocks_at, data_at)
            size = len(code)
        image = code.ljust(blocks_at - BASE, b'\0')
        image += b''.join(regs for regs, _ in self.blocks)
        image = image.ljust(data_at - BASE, b'\0')
        image += b''.join(data + bytes(DUMP_SIZE) for _, data in self.blocks)
        return image

    def code(self, bare_metal, blocks_at, data_at):
        code = self.constant(5, 3 << 13)
        code += self.enc('csrrs', rd=0, csr=CSR_MSTATUS, rs1=5) if bare_metal else \
            self.enc('addi', rd=0, rs1=0, imm=0)
        for i, body in enumerate(self.bodies):
            code += self.prologue(BASE + len(code), blocks_at + 65 * 8 * i,
                                  data_at + CASE_SIZE * i)
            code += self.emit_body(body)
            code += self.epilogue()
        total = CASE_SIZE * len(self.bodies)
        finish = self.finish_bare if bare_metal else self.finish_process
        # Both end in as many bytes, so that everything has one address.
        return code + finish(BASE + len(code), data_at, total).ljust(FINISH_SIZE, b'\0')

    def prologue(self, here, block, data):
        code = self.address(31, here, block)
        code += self.enc('lw', rd=1, rs1=31, imm=64 * 8)
        code += self.enc('csrrw', rd=0, csr=CSR_FCSR, rs1=1)
        for n in range(32):
            code += self.enc('fld', rd=n, rs1=31, imm=(32 + n) * 8)
        for reg in (SP, DATA_P, DATA):
            code += self.address(reg, here + len(code), data + REACH + 16)
        for n in range(1, 32):
            if n not in KEPT:
                code += self.enc(self.load_op(), rd=n, rs1=31, imm=n * 8)
        return code + self.enc('addi', rd=LOOP, rs1=0, imm=1)

    def epilogue(self):
        code = b''
        left = DATA_SIZE - REACH - 16
        while left:
            step = min(left, 2032)
            code += self.enc('addi', rd=DATA, rs1=DATA, imm=step)
            left -= step
        for n in range(32):
            if n != DATA:
                code += self.enc(self.store_op(), rs1=DATA, rs2=n, imm=n * 8)
            code += self.enc('fsd', rs1=DATA, rs2=n, imm=(32 + n) * 8)
        code += self.enc('csrrs', rd=1, csr=CSR_FCSR, rs1=0)
        return code + self.enc(self.store_op(), rs1=DATA, rs2=1, imm=64 * 8)

    def finish_process(self, here, data, total):
        code = self.enc('addi', rd=10, rs1=0, imm=1)
        code += self.address(11, here + len(code), data)
        code += self.constant(12, total)
        code += self.enc('addi', rd=17, rs1=0, imm=SYS_WRITE)
        code += self.enc('ecall')
        # A pipe may take less than all of it.
        code += self.enc('bge', rs1=0, rs2=10, imm=20)
        code += self.enc('add', rd=11, rs1=11, rs2=10)
        code += self.enc('sub', rd=12, rs1=12, rs2=10)
        code += self.enc('addi', rd=10, rs1=0, imm=1)
        code += self.enc('bne', rs1=12, rs2=0, imm=-20)
        code += self.enc('addi', rd=10, rs1=0, imm=0)
        code += self.enc('addi', rd=17, rs1=0, imm=SYS_EXIT)
        return code + self.enc('ecall')

    def finish_bare(self, here, data, total):
        code = self.constant(10, UART)
        code += self.address(11, here + len(code), data)
        code += self.constant(12, total)
        # Line status (5): bit 5 says that the holding register takes a byte.
        code += self.enc('lbu', rd=13, rs1=10, imm=5)
        code += self.enc('andi', rd=13, rs1=13, imm=0x20)
        code += self.enc('beq', rs1=13, rs2=0, imm=-8)
        code += self.enc('lbu', rd=13, rs1=11, imm=0)
        code += self.enc('sb', rs1=10, rs2=13, imm=0)
        code += self.enc('addi', rd=11, rs1=11, imm=1)
        code += self.enc('addi', rd=12, rs1=12, imm=-1)
        code += self.enc('bne', rs1=12, rs2=0, imm=-28)
        code += self.constant(10, FINISHER)
        code += self.constant(11, FINISHER_PASS)
        code += self.enc('sw', rs1=10, rs2=11, imm=0)
        return code + self.enc('jal', rd=0, imm=0)

    def elf(self, bare_metal):
        return bare.elf(self.image(bare_metal), bits=self.xlen, address=BASE)

    def describe(self, out):
        """(case, what differs) texts of two outputs' cases."""
        ours, theirs = out
        names = ['x%d' % n for n in range(32)] + ['f%d' % n for n in range(32)] + ['fcsr']
        for i in range(len(self.bodies)):
            a, b = (o[i * CASE_SIZE:(i + 1) * CASE_SIZE] for o in (ours, theirs))
            if a == b:
                continue
            text = []
            for n, name in enumerate(names):
                at = DATA_SIZE + 8 * n
                if a[at:at + 8] != b[at:at + 8]:
                    text.append('%s %s, not %s' % (name, a[at:at + 8][::-1].hex(),
                                                   b[at:at + 8][::-1].hex()))
            for at in range(0, DATA_SIZE, 8):
                if a[at:at + 8] != b[at:at + 8]:
                    text.append('data%+d %s, not %s' % (at - REACH - 16, a[at:at + 8].hex(),
                                                        b[at:at + 8].hex()))
            yield i, text
