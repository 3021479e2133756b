# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that does anything: random and mutated machine code in M, S and U mode, on random
page tables. The image starts each hart again and again, from a trap or a timer, somewhere
else, in another mode, with other registers, delegations and tables."""

import random
import struct

RAM = 0x80000000
START, TABLES, CODE, PAGE_TABLES, DATA, END = 0, 0x1000, 0x10000, 0x50000, 0x70000, 0x90000
PAGE = 4096
N_PC, N_SATP, N_STATUS, N_WORDS, N_REGS = 64, 32, 32, 32, 64
DEVICES = [0x10000000, 0x2000000, 0x2004000, 0x200bff8, 0xc000000, 0xc200000, 0x10001000,
           0x10008000, 0x101000, 0x100000, 0x20000000, 0x10100000, 0x1000]
CSRS = [0x001, 0x002, 0x003, 0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143,
        0x144, 0x14d, 0x180, 0x300, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306, 0x30a, 0x310,
        0x320, 0x323, 0x340, 0x341, 0x342, 0x343, 0x344, 0x3a0, 0x3a1, 0x3a2, 0x3b0, 0x3b1,
        0x3b2, 0x3b7, 0x3bf, 0x5a8, 0x747, 0x7a0, 0x7a1, 0x7a2, 0x7a5, 0x7b0, 0xb00, 0xb02,
        0xb03, 0xc00, 0xc01, 0xc02, 0xda0, 0xf11, 0xf14]
MEMORY = ['lb', 'lh', 'lw', 'lbu', 'lhu', 'sb', 'sh', 'sw', 'flw', 'fsw', 'fld', 'fsd']
MEMORY64 = ['ld', 'sd', 'lwu']
SYSTEM = ['ecall', 'ebreak', 'fence_i', 'sret', 'mret', 'wfi', 'sfence_vma', 'fence']
BRANCHES = ['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu']


class Hostile:
    """The image of one seed; @real is machine code to mutate."""

    def __init__(self, isa, xlen, seed, real=b''):
        self.isa, self.xlen, self.real = isa, xlen, real
        self.rng = random.Random('hostile/%d/%d' % (xlen, seed))
        self.rows = isa.rows()
        self.memory = MEMORY + (MEMORY64 if xlen == 64 else [])

    # ---- what a hart starts with ----

    def place(self):
        """A physical or virtual address that often is something."""
        r = self.rng.random()
        if r < 0.6:
            at = RAM + self.rng.randrange(CODE, END)
        elif r < 0.7:
            at = RAM + self.rng.randrange(0, END)
        elif r < 0.8:
            at = self.rng.choice(DEVICES) + self.rng.randrange(0, 64)
        elif r < 0.9:
            at = self.rng.getrandbits(self.rng.choice([12, 20, 30, 39, 48, 57, 64]))
        else:
            at = -self.rng.getrandbits(self.rng.choice([4, 12, 30, 38, 47]))
        return at & ~self.rng.choice([0, 1, 3, 7, 4095])

    def table_page(self):
        return (RAM + self.rng.randrange(PAGE_TABLES, DATA, PAGE)) // PAGE

    def satp(self):
        if self.xlen == 32:
            mode = self.rng.choice([0, 1, 1, 1]) << 31
            return mode | self.rng.getrandbits(9) << 22 | self.table_page()
        mode = self.rng.choice([0, 8, 8, 8, 9, 9, 10, 10, self.rng.getrandbits(4)])
        return mode << 60 | self.rng.getrandbits(16) << 44 | self.table_page()

    def status(self):
        """mstatus: any MPP, mostly with FS and what else may matter set at random."""
        mpp = self.rng.choice([0, 0, 1, 1, 1, 3])
        rest = self.rng.getrandbits(32) & 0x7e79aa   # not MPP, not MIE
        return mpp << 11 | rest | self.rng.choice([0, 0x2000, 0x6000, 0x6000])

    def pte(self):
        r = self.rng.random()
        size = 4 if self.xlen == 32 else 8
        if r < 0.05:
            return self.rng.getrandbits(8 * size)
        if r < 0.45:                                   # a pointer
            return self.table_page() << 10 | 1 | (self.rng.random() < .05) << 6
        perm = self.rng.choice([0xf, 0xf, 0xb, 0x7, 0x3, 0x9, self.rng.getrandbits(4)])
        flags = self.rng.choice([0xd0, 0xc0, 0xc0, 0xd0, self.rng.getrandbits(4) << 4])
        page = (RAM + self.rng.randrange(0, END, PAGE)) // PAGE
        if r < 0.55:
            page = self.rng.choice(DEVICES) // PAGE
        elif r < 0.75:                                 # a large page
            page &= ~(0x1ff if self.xlen == 64 else 0x3ff)
        return page << 10 | flags | perm | 1

    # ---- code ----

    def reg(self):
        return self.rng.choice([0, 1, 2] + list(range(3, 32)) + [8, 9, 10, 11, 12, 13, 14, 15])

    def instruction(self):
        rng, isa = self.rng, self.isa
        r = rng.random()
        if r < 0.12:
            return rng.getrandbits(32).to_bytes(4, 'little')
        if r < 0.16:
            return rng.getrandbits(16).to_bytes(2, 'little')
        if r < 0.22:
            return isa.encode(rng.choice(BRANCHES), rs1=self.reg(), rs2=self.reg(),
                              imm=rng.randrange(-64, 64) * 2)
        if r < 0.25:
            return isa.encode('jal', rd=rng.choice([0, 1, 5]), imm=rng.randrange(-4096, 4096) * 2)
        if r < 0.28:
            return isa.encode('jalr', rd=rng.choice([0, 1, 5]), rs1=self.reg(),
                              imm=rng.randrange(-64, 64))
        if r < 0.34:
            csr = rng.choice(CSRS) if rng.random() < 0.9 else rng.getrandbits(12)
            return isa.encode(rng.choice(['csrrw', 'csrrs', 'csrrc']), rd=self.reg(),
                              rs1=self.reg(), csr=csr)
        row = rng.choice(self.rows)
        if r < 0.38:
            row = isa.by_name[rng.choice(SYSTEM)]
        elif r < 0.6:
            row = isa.by_name[rng.choice(self.memory)]
        word = isa.random_word(row, rng)
        if word is None:
            return b'\1\0'
        return word.to_bytes(row['width'] // 8, 'little')

    def code_page(self):
        if self.real and self.rng.random() < 0.25:
            at = self.rng.randrange(0, max(1, len(self.real) - PAGE)) & ~3
            page = bytearray(self.real[at:at + PAGE].ljust(PAGE, b'\0'))
            for _ in range(self.rng.choice([0, 8, 64, 512])):
                page[self.rng.randrange(PAGE)] ^= 1 << self.rng.randrange(8)
            return bytes(page)
        out = b''
        while len(out) < PAGE:
            out += self.instruction()
        return out[:PAGE]

    # ---- the starter ----

    def word(self, value):
        return struct.pack('<I' if self.xlen == 32 else '<Q', value & (1 << self.xlen) - 1)

    def starter(self, offsets):
        """Machine code at the start of RAM, also where mtvec points."""
        size = self.xlen // 8
        shift = 2 if self.xlen == 32 else 3
        load = 'lw' if self.xlen == 32 else 'ld'
        out = []

        def op(name, **args):
            out.append(self.isa.encode(name, **args))

        def entry(rd, name, n, bits):
            """rd = an entry of a table of @n, by bits of x2 from @bits."""
            op('srli', rd=rd, rs1=2, shamt=bits)
            op('andi', rd=rd, rs1=rd, imm=n - 1)
            op('slli', rd=rd, rs1=rd, shamt=shift)
            op('add', rd=rd, rs1=rd, rs2=1)
            op(load, rd=rd, rs1=rd, imm=offsets[name])

        def write(csr, reg):
            op('csrrw', rd=0, rs1=reg, csr=csr)
        op('lui', rd=1, imm=-0x80000000 + TABLES)
        if self.xlen == 64:                            # lui extends the sign
            op('slli', rd=1, rs1=1, shamt=32)
            op('srli', rd=1, rs1=1, shamt=32)
        op('addi', rd=3, rs1=0, imm=1)
        op('amoadd_w', rd=4, rs1=1, rs2=3)             # how many starts there were
        op('csrrs', rd=2, rs1=0, csr=0xb00)
        op('csrrs', rd=3, rs1=0, csr=0xf14)
        op('add', rd=2, rs1=2, rs2=3)
        op('add', rd=2, rs1=2, rs2=4)
        op(load, rd=3, rs1=1, imm=offsets['factor'])
        op('mul', rd=2, rs1=2, rs2=3)
        op('srli', rd=3, rs1=2, shamt=13)
        op('xor', rd=2, rs1=2, rs2=3)
        entry(5, 'satp', N_SATP, 0)
        write(0x180, 5)
        for csr, bits in ((0x302, 3), (0x303, 5), (0x304, 7), (0x3a0, 9)):
            entry(5, 'words', N_WORDS, bits)
            if csr == 0x304:
                op('ori', rd=5, rs1=5, imm=0x80)
            write(csr, 5)
        for csr, bits in ((0x105, 4), (0x141, 6), (0x341, 1)):
            entry(5, 'pc', N_PC, bits)
            write(csr, 5)
        op('addi', rd=5, rs1=0, imm=-1)
        write(0x3b0, 5)
        entry(5, 'status', N_STATUS, 8)
        write(0x300, 5)
        op('auipc', rd=5, imm=0)
        op('addi', rd=5, rs1=5, imm=-4 * (len(out) - 1))
        write(0x305, 5)
        # the timer of this hart: soon
        op('csrrs', rd=3, rs1=0, csr=0xf14)
        op('slli', rd=3, rs1=3, shamt=3)
        op('lui', rd=4, imm=0x2004000)
        op('add', rd=4, rs1=4, rs2=3)
        op('lui', rd=5, imm=0x200c000)
        op(load, rd=6, rs1=5, imm=-8)
        op('andi', rd=7, rs1=2, imm=0x7ff)
        op('add', rd=6, rs1=6, rs2=7)
        op('sw', rs1=4, rs2=6, imm=0)
        if self.xlen == 32:
            op('sw', rs1=4, rs2=0, imm=4)
        else:
            op('sd', rs1=4, rs2=6, imm=0)
        op('andi', rd=3, rs1=2, imm=(N_REGS // 2 - 1))
        op('slli', rd=3, rs1=3, shamt=shift)
        op('add', rd=1, rs1=1, rs2=3)
        for r in range(31, 0, -1):
            op(load, rd=r, rs1=1, imm=offsets['regs'] + size * r)
        op('mret')
        code = b''.join(out)
        assert len(code) <= TABLES
        return code

    def image(self):
        rng = self.rng
        tables, offsets = bytearray(16), {}

        def table(name, values):
            offsets[name] = len(tables)
            for v in values:
                tables.extend(self.word(v))
        table('factor', [rng.getrandbits(64) | 1])
        table('satp', [self.satp() for _ in range(N_SATP)])
        table('status', [self.status() for _ in range(N_STATUS)])
        # delegations, interrupts, PMP: the timer is not delegated, the first entry permits
        table('words', [rng.choice([0, rng.getrandbits(32), rng.getrandbits(64)]) & ~0x80
                        | 0x1f for _ in range(N_WORDS)])
        table('pc', [self.place() & ~1 for _ in range(N_PC)])
        table('regs', [self.place() if rng.random() < 0.8 else rng.getrandbits(64)
                       for _ in range(N_REGS)])
        out = bytearray(END)

        def put(at, data):
            out[at:at + len(data)] = data
        put(START, self.starter(offsets))
        assert len(tables) < 2048                      # reached by an offset of 12 bits
        put(TABLES, tables)
        for at in range(CODE, PAGE_TABLES, PAGE):
            put(at, self.code_page())
        for at in range(PAGE_TABLES, DATA, PAGE):
            put(at, b''.join(self.word(self.pte()) for _ in range(PAGE * 8 // self.xlen)))
        put(DATA, rng.randbytes(END - DATA))
        return bytes(out)
