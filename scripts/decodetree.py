#!/usr/bin/env python3
# Turn tables of instruction encodings into a decoder, a printer table and metadata.
#
#   decodetree.py --prefix riscv --include target/riscv/decode.h --need RISCV_EXT_
#                 [--c FILE] [--h FILE] [--json FILE] [--check] TABLE...
#
# The language of the tables is described in docs/devel/decodetree.rst. Everything that
# could make a table mean something other than it seems to (two rows that match one word,
# an operand bit that no field reads, a row of the wrong width, a name that does not
# exist) is an error with file and line.
#
# SPDX-License-Identifier: GPL-2.0-or-later
import argparse
import json
import re
import sys

NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*$')
MAX_ARGS = 8
MAX_CONDS = 4
# Operand kinds that templates may name; the target's disassembler prints them.
KINDS = 'xfdhtucreoq'


class TableError(Exception):
    def __init__(self, where, text):
        super().__init__('%s:%d: %s' % (where[0], where[1], text))


class Field:
    """Bits of the word, first segment most significant, then shifted and biased."""

    def __init__(self, name, signed, segs, shift, bias):
        self.name, self.signed, self.segs = name, signed, segs
        self.shift, self.bias = shift, bias
        self.mask = 0
        for hi, lo in segs:
            self.mask |= ((1 << (hi - lo + 1)) - 1) << lo

    def c_expr(self):
        parts, pos = [], sum(hi - lo + 1 for hi, lo in self.segs) + self.shift
        for i, (hi, lo) in enumerate(self.segs):
            size = hi - lo + 1
            pos -= size
            if i == 0 and self.signed:
                e = '((int32_t)(insn << %d) >> %d)' % (31 - hi, 32 - size)
                parts.append('(int32_t)((uint32_t)%s << %d)' % (e, pos) if pos else e)
            else:
                # One shift brings the segment to its place: mask there.
                move = lo - pos
                moved = ('insn' if move == 0 else
                         'insn >> %d' % move if move > 0 else 'insn << %d' % -move)
                mask = ((1 << size) - 1) << pos
                parts.append('(int32_t)(%s & 0x%x)'
                             % ('(%s)' % moved if move else moved, mask))
        e = ' | '.join(parts)
        return '(%s) + %d' % (e, self.bias) if self.bias else e

    def as_json(self):
        return {'signed': self.signed, 'segments': self.segs, 'shift': self.shift,
                'bias': self.bias}


class Row:
    def __init__(self, where, name, op):
        self.where, self.name, self.op = where, name, op
        self.mask = self.match = self.operand = 0
        self.width = 0
        self.format = None
        self.needs = []
        self.template = None
        self.children = []
        self.index = 0


class Format:
    def __init__(self, name, argset, values, template):
        self.name, self.argset, self.values = name, argset, values
        self.template = template


class Tables:
    def __init__(self):
        self.fields, self.argsets, self.formats = {}, {}, {}
        self.files = []      # (width, [top-level rows])
        self.rows = []       # all rows but the illegal ones, in order
        self.aliases = []
        self.ops = {}        # name -> argset
        self.row_names = {}

    # ---- reading ----

    def read(self, path):
        width, top, stack = None, [], []
        with open(path, encoding='utf-8') as f:
            lines = f.read().split('\n')
        for n, line in enumerate(lines, 1):
            where = (path, n)
            line = line.split('#', 1)[0].rstrip()
            if not line.strip():
                continue
            if '\t' in line:
                raise TableError(where, 'a tab: indentation has meaning, use spaces')
            indent = len(line) - len(line.lstrip())
            words = line.split()
            key = words[0]
            if key in ('width', 'field', 'args', 'format', 'alias'):
                if indent:
                    raise TableError(where, "'%s' must not be indented" % key)
                stack = []
                if key == 'width':
                    if width or words[1:] not in (['16'], ['32']):
                        raise TableError(where, "expected one 'width 16' or 'width 32'")
                    width = int(words[1])
                    continue
                if not width:
                    raise TableError(where, "a table begins with 'width'")
                getattr(self, 'read_' + key)(where, width, line)
                continue
            if not width:
                raise TableError(where, "a table begins with 'width'")
            row = self.read_row(where, width, line)
            while stack and stack[-1][0] >= indent:
                stack.pop()
            if not stack and indent:
                raise TableError(where, 'an indented row needs a row above to refine')
            if stack:
                parent = stack[-1][1]
                if (row.mask & parent.mask) != parent.mask or \
                        (row.match & parent.mask) != parent.match or \
                        (row.mask == parent.mask and not row.needs):
                    raise TableError(where, "row '%s' is no special case of row '%s'"
                                     % (row.name, parent.name))
                parent.children.append(row)
            else:
                top.append(row)
            stack.append((indent, row))
        if not width:
            raise TableError((path, 1), "a table begins with 'width'")
        check_overlap(top)
        self.files.append((width, top))

    def new_name(self, where, table, what, name):
        if not NAME.match(name):
            raise TableError(where, "bad name '%s'" % name)
        if name in table:
            raise TableError(where, "%s '%s' is defined twice" % (what, name))

    def read_field(self, where, width, line):
        m = re.match(r'field\s+(\S+)\s+(sx\s+)?([0-9: ]+?)\s*(<<\s*(\d+))?\s*(\+\s*(\d+))?$',
                     line)
        if not m:
            raise TableError(where, 'expected: field NAME [sx] BITS... [<< N] [+ N]')
        name = m.group(1)
        self.new_name(where, self.fields, 'field', name)
        segs, seen = [], 0
        for word in m.group(3).split():
            seg = re.match(r'(\d+)(?::(\d+))?$', word)
            if not seg:
                raise TableError(where, "bad bits '%s'" % word)
            hi = int(seg.group(1))
            lo = int(seg.group(2)) if seg.group(2) else hi
            if hi < lo or hi >= width:
                raise TableError(where, "bits '%s' are not within %d bits" % (word, width))
            mask = ((1 << (hi - lo + 1)) - 1) << lo
            if seen & mask:
                raise TableError(where, "field '%s' uses a bit twice" % name)
            seen |= mask
            segs.append((hi, lo))
        shift = int(m.group(5) or 0)
        if sum(hi - lo + 1 for hi, lo in segs) + shift > 32:
            raise TableError(where, "field '%s' is wider than 32 bits" % name)
        self.fields[name] = Field(name, bool(m.group(2)), segs, shift, int(m.group(7) or 0))

    def read_args(self, where, width, line):
        words = line.split()[1:]
        if not words or len(words) > 1 + MAX_ARGS:
            raise TableError(where, 'expected: args NAME [ARG...], at most %d' % MAX_ARGS)
        self.new_name(where, self.argsets, 'argument set', words[0])
        for i, arg in enumerate(words[1:]):
            self.new_name(where, words[1:1 + i], 'argument', arg)
        self.argsets[words[0]] = words[1:]

    def read_format(self, where, width, line):
        head, _, template = line.partition(' : ')
        words = head.split()[1:]
        if len(words) < 2:
            raise TableError(where, 'expected: format NAME ARGS [ARG[=FIELD|=N]...] [: TEXT]')
        name, argset = words[0], words[1]
        self.new_name(where, self.formats, 'format', name)
        if argset not in self.argsets:
            raise TableError(where, "unknown argument set '%s'" % argset)
        values = {}
        for word in words[2:]:
            arg, eq, value = word.partition('=')
            if arg not in self.argsets[argset]:
                raise TableError(where, "unknown argument '%s' of set '%s'" % (arg, argset))
            if arg in values:
                raise TableError(where, "argument '%s' is given twice" % arg)
            value = value if eq else arg
            if re.match(r'-?\d+$', value):
                values[arg] = int(value)
            elif value in self.fields:
                field = self.fields[value]
                if field.mask >> width:
                    raise TableError(where, "field '%s' is not within %d bits" % (value, width))
                values[arg] = field
            else:
                raise TableError(where, "unknown field '%s'" % value)
        for arg in self.argsets[argset]:
            if arg not in values:
                raise TableError(where, "format '%s' gives no value to '%s'" % (name, arg))
        self.formats[name] = Format(name, argset, values,
                                    self.compile_template(where, argset, template.strip()))

    def compile_template(self, where, argset, text):
        """'{x rd},4' becomes '%x0,4': kind and index of the argument."""
        args = self.argsets[argset]

        def one(m):
            kind, arg = m.group(1), m.group(2)
            if kind not in KINDS:
                raise TableError(where, "unknown operand kind '%s'" % kind)
            if arg not in args:
                raise TableError(where, "unknown argument '%s' in template" % arg)
            return '%' + kind + str(args.index(arg))
        out = re.sub(r'\{(\w) (\w+)\}', one, text)
        if re.search(r'[{}"\\]', out):
            raise TableError(where, "bad template '%s'" % text)
        return out

    def parse_needs(self, where, text):
        """'zbb|zbkb,rv64' -> [['zbb', 'zbkb'], ['rv64']]: all of, any of"""
        if text == '-':
            return []
        needs = [clause.split('|') for clause in text.split(',')]
        for clause in needs:
            for name in clause:
                if not NAME.match(name):
                    raise TableError(where, "bad extension '%s'" % name)
        return needs

    def read_row(self, where, width, line):
        head, colon, template = line.partition(' : ')
        words = head.split()
        name, eq, op = words[0].partition('=')
        if not NAME.match(name) or (eq and not NAME.match(op)):
            raise TableError(where, "bad name '%s'" % words[0])
        row = Row(where, name, op if eq else name)
        row.width = width
        bits, i = '', 1
        while i < len(words) and re.match(r'[01.\-]+$', words[i]) and len(bits) < width:
            bits += words[i]
            i += 1
        if len(bits) != width:
            raise TableError(where, "row '%s' has %d bits, not %d" % (name, len(bits), width))
        for c in bits:
            row.mask = row.mask << 1 | (c in '01')
            row.match = row.match << 1 | (c == '1')
            row.operand = row.operand << 1 | (c == '.')
        rest = words[i:]
        if name != 'illegal':
            if not rest or rest[0][0] != '@':
                raise TableError(where, "row '%s' has no @format" % name)
            fmt = rest.pop(0)[1:]
            if fmt not in self.formats:
                raise TableError(where, "unknown format '%s'" % fmt)
            row.format = self.formats[fmt]
        if rest:
            row.needs = self.parse_needs(where, rest.pop(0))
        if rest:
            raise TableError(where, "unexpected '%s'" % rest[0])
        if name == 'illegal':
            return row
        self.new_name(where, self.row_names, 'row', name)
        self.row_names[name] = row
        read = 0
        for value in row.format.values.values():
            if isinstance(value, Field):
                read |= value.mask
        if read >> width:
            raise TableError(where, "format '%s' is for wider words" % fmt)
        for mask, text in ((row.operand & ~read, "is an operand that no field reads"),
                           (read & ~(row.operand | row.mask), "is ignored, but a field reads it")):
            if mask:
                raise TableError(where, "row '%s': bit %d %s"
                                 % (name, mask.bit_length() - 1, text))
        row.template = self.compile_template(where, row.format.argset, template.strip()) \
            if colon else row.format.template
        if self.ops.setdefault(row.op, row.format.argset) != row.format.argset:
            raise TableError(where, "'%s' takes argument set '%s' elsewhere"
                             % (row.op, self.ops[row.op]))
        self.rows.append(row)
        row.index = len(self.rows)
        return row

    def read_alias(self, where, width, line):
        head, _, template = line.partition(' : ')
        words = head.split()[1:]
        if len(words) < 2:
            raise TableError(where, 'expected: alias NAME OP [ARG=N|ARG=ARG...] [: TEXT]')
        name, op = words[0], words[1]
        if op not in self.ops:
            raise TableError(where, "unknown instruction '%s'" % op)
        args = self.argsets[self.ops[op]]
        conds = []
        for word in words[2:]:
            arg, _, value = word.partition('=')
            if arg not in args:
                raise TableError(where, "unknown argument '%s' of '%s'" % (arg, op))
            if re.match(r'-?\d+$', value) or re.match(r'0x[0-9a-f]+$', value):
                conds.append((args.index(arg), -1, int(value, 0)))
            elif value in args:
                conds.append((args.index(arg), args.index(value), 0))
            else:
                raise TableError(where, "bad condition '%s'" % word)
        if len(conds) > MAX_CONDS:
            raise TableError(where, 'more than %d conditions' % MAX_CONDS)
        self.aliases.append((name, op, conds,
                             self.compile_template(where, self.ops[op], template.strip())))


def exclusive(a, b):
    """True if no hart has both: one row needs rv32, the other rv64."""
    return (['rv32'] in a.needs and ['rv64'] in b.needs) or \
           (['rv64'] in a.needs and ['rv32'] in b.needs)


def check_overlap(rows):
    for i, a in enumerate(rows):
        for b in rows[i + 1:]:
            if 'illegal' in (a.name, b.name):
                continue  # what is reserved is so for every sibling
            if not ((a.match ^ b.match) & a.mask & b.mask) and not exclusive(a, b):
                raise TableError(b.where, "row '%s' overlaps row '%s' of line %d"
                                 % (b.name, a.name, a.where[1]))
        check_overlap(a.children)


# ---- the decoder ----

class Emitter:
    def __init__(self, prefix, need):
        self.prefix, self.need = prefix, need
        self.lines = []

    def put(self, depth, text):
        self.lines.append('    ' * depth + text)

    def guard(self, row):
        tests = []
        for clause in row.needs:
            bits = ' | '.join('NEED(%s)' % n.upper() for n in clause)
            tests.append('(isa & (%s))' % bits if len(clause) > 1 else '(isa & %s)' % bits)
        return tests

    def leaf(self, row, tested, depth):
        rest = row.mask & ~tested
        if rest:
            self.put(depth, 'if ((insn & 0x%x) == 0x%x) {' % (rest, row.match & rest))
            depth += 1
        for reserved in (True, False):
            rows = [r for r in row.children if (r.name == 'illegal') == reserved]
            if rows:
                self.tree(rows, tested | row.mask, depth)
        tests = self.guard(row)
        if tests:
            self.put(depth, 'if (%s) {' % ' && '.join(tests))
            depth += 1
        if row.format:
            for arg in row.format.values:
                value = row.format.values[arg]
                expr = value.c_expr() if isinstance(value, Field) else str(value)
                self.put(depth, 'a->%s.%s = %s;' % (row.format.argset.lower(), arg, expr))
        self.put(depth, 'return %d; /* %s */' % (row.index, row.name))
        if tests:
            depth -= 1
            self.put(depth, '}')
        if rest:
            self.put(depth - 1, '}')

    def tree(self, rows, tested, depth):
        """Code that returns a row's number, or goes on behind itself."""
        if len(rows) == 1:
            return self.leaf(rows[0], tested, depth)
        common = ~tested
        for row in rows:
            common &= row.mask
        run = best_run(rows, common)
        if run:
            lo, size = run
            mask = (1 << size) - 1
            groups = {}
            for row in rows:
                groups.setdefault(row.match >> lo & mask, []).append(row)
            self.put(depth, 'switch (insn >> %d & 0x%x) {' % (lo, mask))
            for value in sorted(groups):
                self.put(depth, 'case 0x%x:' % value)
                self.tree(groups[value], tested | mask << lo, depth + 1)
                self.put(depth + 1, 'break;')
            self.put(depth, '}')
            return None
        bit = best_bit(rows, tested)
        if bit is None:
            for row in rows:
                self.leaf(row, tested, depth)
            return None
        for value in (1, 0):
            half = [r for r in rows if not r.mask >> bit & 1 or r.match >> bit & 1 == value]
            self.put(depth, 'if (insn & 0x%x) {' % (1 << bit) if value else '} else {')
            self.tree(half, tested | 1 << bit, depth + 1)
        self.put(depth, '}')
        return None


def best_run(rows, common):
    """(lowest bit, size) of the contiguous bits within common that part the rows best."""
    best = None
    for lo in range(32):
        for size in range(1, 8):
            mask = ((1 << size) - 1) << lo
            if mask & common != mask:
                break
            n = len({r.match & mask for r in rows})
            if n > 1 and (not best or (n, -size) > best[0]):
                best = ((n, -size), (lo, size))
    return best[1] if best else None


def best_bit(rows, tested):
    best = None
    for bit in range(32):
        if tested >> bit & 1:
            continue
        ones = sum(1 for r in rows if r.mask >> bit & 1 and r.match >> bit & 1)
        zeros = sum(1 for r in rows if r.mask >> bit & 1 and not r.match >> bit & 1)
        if ones and zeros and (not best or min(ones, zeros) > best[0]):
            best = (min(ones, zeros), bit)
    return best[1] if best else None


def camel(prefix):
    return ''.join(w.capitalize() for w in prefix.split('_'))


def mnemonic(op):
    return op.replace('_', '.')


def write_header(t, prefix):
    up, cam = prefix.upper(), camel(prefix)
    out = ['/* Made by scripts/decodetree.py. */',
           '#ifndef %s_INSNS_H' % up, '#define %s_INSNS_H' % up, '',
           '#include "disas/decode-table.h"', '',
           'typedef enum %sOp {' % cam, '    %s_OP_illegal,' % up]
    out += ['    %s_OP_%s,' % (up, op) for op in t.ops]
    out += ['    %s_OP_COUNT' % up, '} %sOp;' % cam, '']
    for name, args in t.argsets.items():
        out += ['typedef struct Args%s {' % name]
        out += ['    int32_t %s;' % a for a in args] or ['    int32_t unused;']
        out += ['} Args%s;' % name]
    out += ['', '/* The operands of one instruction; v is all of them by index. */',
            'typedef union %sArgs {' % cam, '    int32_t v[%d];' % MAX_ARGS]
    out += ['    Args%s %s;' % (name, name.lower()) for name in t.argsets]
    out += ['} %sArgs;' % cam, '',
            '/* X(instruction, argument set, member of %sArgs) for every one */' % cam,
            '#define %s_INSNS(X) \\' % up]
    out += ['    X(%s, Args%s, %s) \\' % (op, s, s.lower()) for op, s in t.ops.items()]
    out += ['    /* end */', '',
            '/* Row 0 is the illegal instruction. */',
            'enum { %s_ROW_COUNT = %d };' % (up, len(t.rows) + 1),
            'extern const DisasRow %s_rows[%s_ROW_COUNT];' % (prefix, up),
            'extern const DisasAlias %s_aliases[]; /* by op; op 0 ends */' % prefix,
            '/* First alias of an op, or -1. */',
            'extern const int16_t %s_op_aliases[%s_OP_COUNT];' % (prefix, up), '',
            '/* The row of a word on a hart that has @isa, and its operands; 0 if illegal. */']
    for width, _ in t.files:
        out += ['unsigned %s_decode%d(uint32_t insn, uint64_t isa, %sArgs *a);'
                % (prefix, width, cam)]
    out += ['', '#endif', '']
    return '\n'.join(out)


def write_source(t, prefix, include, need):
    up, cam = prefix.upper(), camel(prefix)
    out = ['/* Made by scripts/decodetree.py. */', '#include "util/osdep.h"',
           '#include "%s"' % include, '',
           '#define NEED(e) (UINT64_C(1) << %s##e)' % need, '',
           'const DisasRow %s_rows[%s_ROW_COUNT] = {' % (prefix, up),
           '    { "illegal", "illegal", "", 0, 0, %s_OP_illegal, 0 },' % up]
    for r in t.rows:
        out += ['    { "%s", "%s", "%s", 0x%x, 0x%x, %s_OP_%s, %d },'
                % (r.name, mnemonic(r.op), r.template, r.mask, r.match, up, r.op,
                   r.width // 8)]
    out += ['};', '', 'const DisasAlias %s_aliases[] = {' % prefix]
    first, ordered = {}, []
    for op in t.ops:
        for alias in t.aliases:
            if alias[1] == op:
                first.setdefault(op, len(ordered))
                ordered.append(alias)
    for name, op, conds, template in ordered:
        body = ', '.join('{ %d, %d, %d }' % c for c in conds)
        out += ['    { "%s", "%s", %s_OP_%s, %d, { %s } },'
                % (name, template, up, op, len(conds), body or '{ 0, 0, 0 }')]
    out += ['    { NULL, NULL, %s_OP_illegal, 0, { { 0, 0, 0 } } },' % up, '};', '',
            'const int16_t %s_op_aliases[%s_OP_COUNT] = {' % (prefix, up), '    -1,']
    out += ['    %d, /* %s */' % (first.get(op, -1), op) for op in t.ops]
    out += ['};', '']
    for width, rows in t.files:
        e = Emitter(prefix, need)
        e.tree(rows, 0, 1)
        out += ['unsigned %s_decode%d(uint32_t insn, uint64_t isa, %sArgs *a)'
                % (prefix, width, cam), '{']
        out += e.lines + ['    return 0;', '}', '']
    return '\n'.join(out)


def write_json(t):
    def row_json(r):
        d = {'name': r.name, 'width': r.width, 'mask': r.mask, 'match': r.match,
             'operand': r.operand, 'needs': r.needs,
             'children': [row_json(c) for c in r.children]}
        if r.format:
            d['op'] = r.op
            d['format'] = r.format.name
            d['args'] = {a: v.as_json() if isinstance(v, Field) else v
                         for a, v in r.format.values.items()}
            d['operands'] = r.template
        return d
    return json.dumps({'tables': [{'width': w, 'rows': [row_json(r) for r in rows]}
                                  for w, rows in t.files]}, indent=1) + '\n'


def main():
    p = argparse.ArgumentParser(description='Generate a decoder from instruction tables.')
    p.add_argument('--prefix', default='isa')
    p.add_argument('--include', default='insns.h', help='what the C file includes')
    p.add_argument('--need', default='EXT_', help='prefix of the extensions\' bit numbers')
    p.add_argument('--c')
    p.add_argument('--h')
    p.add_argument('--json')
    p.add_argument('--check', action='store_true', help='read only')
    p.add_argument('tables', nargs='+')
    args = p.parse_args()
    t = Tables()
    try:
        for path in args.tables:
            t.read(path)
        if len({w for w, _ in t.files}) != len(t.files):
            raise TableError((args.tables[-1], 1), 'two tables of one width')
    except TableError as e:
        print(e, file=sys.stderr)
        return 1
    except (OSError, UnicodeDecodeError) as e:
        print('%s: %s' % (args.tables[0], e), file=sys.stderr)
        return 1
    for path, text in ((args.h, lambda: write_header(t, args.prefix)),
                       (args.c, lambda: write_source(t, args.prefix, args.include, args.need)),
                       (args.json, lambda: write_json(t))):
        if path:
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text())
    return 0


if __name__ == '__main__':
    sys.exit(main())
