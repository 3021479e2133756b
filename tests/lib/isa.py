# SPDX-License-Identifier: GPL-2.0-or-later
"""Instruction tables as scripts/decodetree.py exports them: encode, decode, random words."""

import json


class Isa:
    """The tables of one target on a hart with these extensions and register width."""

    def __init__(self, path, extensions, xlen):
        with open(path) as f:
            self.tables = json.load(f)['tables']
        self.has = set(extensions) | {'rv%d' % xlen}
        self.by_name = {r['name']: r for r in self.rows()}

    def present(self, row):
        return all(any(e in self.has for e in clause) for clause in row['needs'])

    def rows(self):
        """All rows, special cases too, that this hart has."""
        found = []

        def walk(rows):
            for r in rows:
                if r['name'] != 'illegal' and self.present(r):
                    found.append(r)
                walk(r['children'])
        for t in self.tables:
            walk(t['rows'])
        return found

    def encode(self, name, **args):
        """The bytes of one instruction."""
        row = self.by_name[name]
        word = row['match']
        for arg, value in args.items():
            word = put(word, row['args'][arg], value)
            if get(word, row['args'][arg]) != value:
                raise ValueError('%s: %s=%d cannot be encoded' % (name, arg, value))
        return word.to_bytes(row['width'] // 8, 'little')

    def decode(self, word, width):
        """The row of a word, None if it is illegal."""
        for t in self.tables:
            if t['width'] == width:
                hit = self.find(word, t['rows'])
                return hit if hit and hit['name'] != 'illegal' else None
        return None

    def find(self, word, rows):
        for r in sorted(rows, key=lambda r: r['name'] != 'illegal'):
            if word & r['mask'] == r['match']:
                hit = self.find(word, r['children'])
                if hit:
                    return hit
                if self.present(r):
                    return r
        return None

    def random_word(self, row, rng, **args):
        """A word that decodes as @row, with the given arguments; None if there is none."""
        for _ in range(50):
            word = row['match'] | (rng.getrandbits(row['width']) & ~row['mask'])
            ok = True
            for name, value in args.items():
                if name in row['args']:
                    word = put(word, row['args'][name], value)
                    ok = ok and word is not None and get(word, row['args'][name]) == value
                    if not ok:
                        break
            if ok and self.decode(word, row['width']) is row:
                return word
        return None


def get(word, field):
    """The value of an argument: a field of the word, or a constant."""
    if isinstance(field, int):
        return field
    value = size = 0
    for hi, lo in field['segments']:
        n = hi - lo + 1
        value = value << n | (word >> lo & ((1 << n) - 1))
        size += n
    if field['signed'] and value >> (size - 1):
        value -= 1 << size
    return (value << field['shift']) + field['bias']


def put(word, field, value):
    """The word with an argument set; what does not fit is cut off."""
    if isinstance(field, int):
        return word
    value = (value - field['bias']) >> field['shift']
    for hi, lo in reversed(field['segments']):
        n = hi - lo + 1
        mask = (1 << n) - 1
        word = (word & ~(mask << lo)) | (value & mask) << lo
        value >>= n
    return word
