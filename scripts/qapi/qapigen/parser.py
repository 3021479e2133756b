# SPDX-License-Identifier: GPL-2.0-or-later
"""
Schema files to expressions.

The language is that of docs/devel/qapi.rst: objects in the style of JSON with single
quotes, '#' comments, and documentation blocks between lines of '##'. The parser knows
nothing of what expressions mean; schema.py does.
"""

import os
import re


class SchemaError(Exception):
    """A fault in a schema, with the place it was found."""

    def __init__(self, where, text):
        super().__init__(f'{where}: {text}')


class Where:
    """A line of a schema file."""

    def __init__(self, path, line):
        self.path, self.line = path, line

    def __str__(self):
        return f'{self.path}:{self.line}'


class Doc:
    """A documentation block, taken apart."""

    SECTIONS = ('Returns', 'Errors', 'Since', 'Notes', 'Example')

    def __init__(self, where, lines):
        self.where = where
        self.symbol = None       # None: free-form text between definitions
        self.body = []           # lines
        self.members = {}        # name -> lines
        self.features = {}       # name -> lines
        self.sections = {}       # Returns, Errors, ... -> lines
        if lines and (m := re.match(r'@([A-Za-z0-9_-]+):$', lines[0])):
            self.symbol = m.group(1)
            self._take(lines[1:])
        else:
            self.body = lines

    def _take(self, lines):
        target = self.body       # where text lines go
        names = self.members     # where '@name:' lines go
        for line in lines:
            if m := re.match(r'@([A-Za-z0-9_.-]+):(?:\s+(.*))?$', line):
                name, first = m.groups()
                if name in names:
                    raise SchemaError(self.where, f"'@{name}:' is documented twice")
                target = names[name] = [first] if first else []
            elif line == 'Features:':
                names, target = self.features, []
            elif m := re.match(r'(%s):(?:\s+(.*))?$' % '|'.join(self.SECTIONS), line):
                name, first = m.groups()
                if name in self.sections:
                    raise SchemaError(self.where, f"section '{name}:' is given twice")
                target = self.sections[name] = [first] if first else []
            elif line and not line[0].isspace() and target is not self.body and \
                    (not target or target[-1] == ''):
                if target:
                    raise SchemaError(
                        self.where, f"text '{line[:40]}' after members and sections")
                target.append(line)
            else:
                target.append(line.strip() if target is not self.body else line)

    @staticmethod
    def text(lines):
        """The lines as one string, without empty lines around it."""
        return '\n'.join(lines).strip()


class Expr:
    """One top-level object of a schema file."""

    def __init__(self, value, doc, where, module):
        self.value, self.doc, self.where, self.module = value, doc, where, module


TOKEN = re.compile(r"""
    (?P<space>[ \t]+) | (?P<line>\n) |
    (?P<doc>\#\#(?=\n)) | (?P<comment>\#[^\n]*) |
    (?P<punct>[{}\[\]:,]) |
    (?P<string>'(?:[^'\\\n]|\\['\\])*') |
    (?P<word>true|false|-?[0-9]+)
""", re.VERBOSE)


class Parser:
    """Parses one file and, at the first mention, the files that it includes."""

    def __init__(self, path, done=None, parents=()):
        self.path = path
        self.module = os.path.splitext(os.path.basename(path))[0]
        self.done = done if done is not None else {}
        self.done[os.path.abspath(path)] = self
        self.exprs = []
        self.free_docs = []
        self.pragma = {}
        self.files = [path]
        self.parents = parents + (os.path.abspath(path),)
        try:
            with open(path, encoding='utf-8') as f:
                self.src = f.read()
        except OSError as e:
            raise SchemaError(path, e.strerror) from e
        self.pos, self.line = 0, 1
        self.tok = self.val = None
        self.doc = None
        self._next()
        while self.tok:
            self._top()
        if self.doc and self.doc.symbol:
            raise SchemaError(self.doc.where, 'documentation without a definition')

    def where(self):
        return Where(self.path, self.line)

    def _fail(self, text):
        raise SchemaError(self.where(), text)

    def _next(self):
        while True:
            if self.pos >= len(self.src):
                self.tok = self.val = None
                return
            m = TOKEN.match(self.src, self.pos)
            if not m:
                self._fail(f'stray {self.src[self.pos]!r}')
            kind, text = m.lastgroup, m.group()
            self.pos = m.end()
            if kind == 'line':
                self.line += 1
            elif kind == 'doc':
                self.tok, self.val = 'doc', None
                return
            elif kind not in ('space', 'comment'):
                self.tok, self.val = kind, text
                return

    def _top(self):
        if self.tok == 'doc':
            self._doc_block()
            return
        where = self.where()
        if self.val != '{':
            self._fail("expected '{' or documentation")
        value = self._value()
        if 'include' in value:
            self._include(value, where)
        elif 'pragma' in value:
            self.pragma.update(value['pragma'])
        else:
            self.exprs.append(Expr(value, self.doc, where, self.module))
            self.doc = None
            return
        if self.doc and self.doc.symbol:
            raise SchemaError(self.doc.where, 'documentation without a definition')

    def _doc_block(self):
        where = self.where()
        if self.doc and self.doc.symbol:
            raise SchemaError(self.doc.where, 'documentation without a definition')
        lines = []
        self.pos += 1            # the line end after '##'
        self.line += 1
        while True:
            end = self.src.find('\n', self.pos)
            if end < 0:
                raise SchemaError(where, "documentation without an end ('##')")
            text = self.src[self.pos:end]
            if text == '##':
                self.pos = end
                break
            if text != '#' and not text.startswith('# '):
                self._fail("a line of documentation begins with '# '")
            lines.append(text[2:].rstrip())
            self.pos = end + 1
            self.line += 1
        while lines and not lines[0]:
            lines.pop(0)
        if not lines:
            raise SchemaError(where, 'documentation without text')
        self.doc = Doc(where, lines)
        if not self.doc.symbol:
            self.free_docs.append((self.module, len(self.exprs), self.doc))
            self.doc = None
        self._next()

    def _include(self, value, where):
        if list(value) != ['include'] or not isinstance(value['include'], str):
            raise SchemaError(where, "'include' stands alone and names a file")
        path = os.path.join(os.path.dirname(self.path), value['include'])
        if os.path.abspath(path) in self.parents:
            raise SchemaError(where, f"'{value['include']}' includes itself")
        if os.path.abspath(path) in self.done:
            return
        if not os.path.exists(path):
            raise SchemaError(where, f"cannot open '{value['include']}'")
        sub = Parser(path, self.done, self.parents)
        shift = len(self.exprs)
        self.exprs += sub.exprs
        self.free_docs += [(m, n + shift, d) for m, n, d in sub.free_docs]
        self.files += sub.files
        self.pragma.update(sub.pragma)

    def _value(self):
        if self.tok == 'string':
            value = re.sub(r'\\(.)', r'\1', self.val[1:-1])
        elif self.tok == 'word':
            value = {'true': True, 'false': False}.get(self.val)
            value = int(self.val) if value is None else value
        elif self.val == '{':
            return self._object()
        elif self.val == '[':
            return self._array()
        else:
            self._fail('expected a value')
        self._next()
        return value

    def _object(self):
        value = {}
        self._next()
        while self.val != '}':
            if self.tok != 'string':
                self._fail("expected a name in quotes or '}'")
            key = self.val[1:-1]
            if key in value:
                self._fail(f"'{key}' is given twice")
            self._next()
            if self.val != ':':
                self._fail(f"expected ':' after '{key}'")
            self._next()
            value[key] = self._value()
            if self.val == ',':
                self._next()
                if self.tok != 'string':
                    self._fail("expected a name in quotes after ','")
            elif self.val != '}':
                self._fail("expected ',' or '}'")
        self._next()
        return value

    def _array(self):
        value = []
        self._next()
        while self.val != ']':
            value.append(self._value())
            if self.val == ',':
                self._next()
            elif self.val != ']':
                self._fail("expected ',' or ']'")
        self._next()
        return value
