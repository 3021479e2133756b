#!/usr/bin/env python3
# Turn a folder's table of trace events into C, and all tables into a chapter of the manual.
#
#   tracegen.py --folder hw/intc TABLE HEADER SOURCE    what the build does
#   tracegen.py --docs FILE.rst ROOT                    every table below ROOT
#
# A table (docs/devel/tracing.rst) has one line an event:
#
#   plic_claim(uint32_t context, uint32_t source) "context %" PRIu32 " source %" PRIu32
#
# SPDX-License-Identifier: GPL-2.0-or-later
import argparse
import os
import re
import sys

EVENT = re.compile(r'([a-z][a-z0-9_]*)\(([^()]*)\)\s*(.*)$')
ARGUMENT = re.compile(r'(.*?[\s*])([a-z][a-z0-9_]*)$')
PIECE = re.compile(r'"((?:[^"\\]|\\.)*)"|(PRI[diouxX](?:8|16|32|64|PTR|MAX))|(\S)')
CONVERSION = re.compile(r'%[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z|j|t)?([diouxXcsp%])|(%)')
# Bytes of each type of argument, and whether it is signed; a string has none.
TYPES = {
    'bool': (1, False), 'char': (1, True), 'int': (4, True), 'unsigned': (4, False),
    'unsigned int': (4, False), 'long': (8, True), 'unsigned long': (8, False),
    'size_t': (8, False), 'ssize_t': (8, True), 'uintptr_t': (8, False),
    'int8_t': (1, True), 'int16_t': (2, True), 'int32_t': (4, True), 'int64_t': (8, True),
    'uint8_t': (1, False), 'uint16_t': (2, False), 'uint32_t': (4, False),
    'uint64_t': (8, False), 'void *': (8, False), 'const void *': (8, False),
    'const char *': (0, False),
}
MAX_ARGS = 10


class TableError(Exception):
    pass


class Argument:
    def __init__(self, text):
        match = ARGUMENT.match(text.strip())
        if not match:
            raise TableError("'%s' is no TYPE and name" % text.strip())
        self.type = re.sub(r'\s*\*$', ' *', match[1].strip())
        self.name = match[2]
        if self.name.startswith('trace_'):
            raise TableError("'%s': names with trace_ are the generator's" % self.name)
        if self.type not in TYPES:
            raise TableError("argument '%s' has type '%s'; there are: %s"
                             % (self.name, self.type, ', '.join(sorted(TYPES))))
        self.size, self.signed = TYPES[self.type]
        self.hex = False

    def declaration(self):
        return self.type + ('' if self.type.endswith('*') else ' ') + self.name


class Event:
    def __init__(self, line):
        match = EVENT.match(line)
        if not match:
            raise TableError('expected NAME(ARGUMENTS) "FORMAT"')
        self.name, self.format = match[1], match[3]
        text = match[2].strip()
        self.args = [] if text in ('', 'void') else [Argument(a) for a in text.split(',')]
        if len(self.args) > MAX_ARGS:
            raise TableError('more than %d arguments' % MAX_ARGS)
        if len({a.name for a in self.args}) != len(self.args):
            raise TableError('two arguments have one name')
        if '_' not in self.name:
            raise TableError("'%s' does not name thing and verb" % self.name)
        self.plain = self.read_format()

    def read_format(self):
        """The format as people read it; notes which arguments are hexadecimal."""
        plain = ''
        for string, macro, other in PIECE.findall(self.format):
            if other:
                raise TableError("'%s' in the format is neither a string nor a PRI macro"
                                 % other)
            plain += macro[3] if macro else string
        if '\\n' in plain:
            raise TableError('the line ends by itself: no \\n')
        found = []
        for kind, broken in CONVERSION.findall(plain):
            if broken:
                raise TableError('a conversion of the format is not understood')
            if kind != '%':
                found.append(kind)
        if len(found) != len(self.args):
            raise TableError('%d arguments, but the format shows %d'
                             % (len(self.args), len(found)))
        for arg, kind in zip(self.args, found):
            if (kind == 's') != (arg.size == 0):
                raise TableError("argument '%s' of type %s shown by %%%s"
                                 % (arg.name, arg.type, kind))
            arg.hex = kind in 'xXp'
        return plain

    def prototype(self):
        return ', '.join(a.declaration() for a in self.args) or 'void'


def read_table(path):
    events = []
    with open(path) as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith('#'):
                continue
            try:
                event = Event(line)
                if event.name in [e.name for e in events]:
                    raise TableError("'%s' is declared twice" % event.name)
            except TableError as e:
                sys.exit('%s:%d: %s' % (path, number, e))
            events.append(event)
    return events


def header(folder, events):
    ident = re.sub(r'[^a-z0-9]', '_', folder)
    guard = ident.upper() + '_TRACE_H'
    out = ['/* Made by scripts/tracegen.py from %s/trace-events. */' % folder,
           '#ifndef ' + guard, '#define ' + guard, '', '#include "util/tracing.h"', '',
           'extern uint8_t trace_on_%s[];' % ident, '']
    for i, e in enumerate(events):
        # A macro, so that what stands in the arguments is not computed when it is off.
        args = ', '.join('a%d' % n for n in range(len(e.args)))
        out += ['void trace_emit_%s(%s) __attribute__((cold, noinline));'
                % (e.name, e.prototype()),
                '#define trace_%s_enabled() trace_is_on(&trace_on_%s[%d])'
                % (e.name, ident, i),
                '#define trace_%s(%s) \\' % (e.name, args),
                '    (trace_%s_enabled() ? trace_emit_%s(%s) : (void)0)'
                % (e.name, e.name, args), '']
    return '\n'.join(out + ['#endif', ''])


def emitter(e, index):
    names = [a.name for a in e.args]
    fixed = sum(a.size for a in e.args)
    sizes = ' + '.join([str(fixed)] + ['trace_string_size(%s)' % a.name
                                       for a in e.args if a.size == 0])
    out = ['void trace_emit_%s(%s)' % (e.name, e.prototype()), '{',
           '    uint8_t *trace_p;', '',
           '    if (trace_is_text()) {',
           '        trace_text(%s);' % ', '.join(['&trace_events[%d]' % index,
                                                   e.format if e.plain else '"%s", ""'] + names),
           '    } else if ((trace_p = trace_record_begin(&trace_group, %d, %s))) {' % (index, sizes)]
    for a in e.args:
        out.append('        trace_p = trace_put_string(trace_p, %s);' % a.name if a.size == 0 else
                   '        trace_p = trace_put(trace_p, &%s, sizeof(%s));' % (a.name, a.name))
    return '\n'.join(out + ['        trace_record_end(trace_p);', '    }', '}', ''])


def source(folder, events):
    ident = re.sub(r'[^a-z0-9]', '_', folder)
    out = ['/* Made by scripts/tracegen.py from %s/trace-events. */' % folder,
           '#include "util/osdep.h"', '#include "%s/trace.h"' % folder,
           '#include "util/tracing-record.h"', '',
           'uint8_t trace_on_%s[%d];' % (ident, max(len(events), 1)), '']
    for i, e in enumerate(events):
        if e.args:
            out.append('static const TraceArg trace_args_%d[] = {' % i)
            out += ['    { "%s", %d, %s, %s },' % (a.name, a.size, str(a.signed).lower(),
                                                  str(a.hex).lower()) for a in e.args]
            out.append('};')
    out += ['', 'static const TraceEvent trace_events[] = {']
    for i, e in enumerate(events):
        out.append('    { "%s", %s, %d },' % (e.name, 'trace_args_%d' % i if e.args else 'NULL',
                                              len(e.args)))
    out += ['    { NULL }', '};', '',
            'static TraceGroup trace_group = { "%s", trace_events, trace_on_%s, %d, 0 };'
            % (folder, ident, len(events)), 'TRACE_GROUP(trace_group);', '']
    return '\n'.join(out) + '\n' + '\n'.join(emitter(e, i) for i, e in enumerate(events))


def write(path, text):
    try:
        with open(path) as f:
            if f.read() == text:
                return
    except OSError:
        pass
    with open(path, 'w') as f:
        f.write(text)


def tables(root):
    """(folder, path) of every table of the program, sorted."""
    found = []
    for top, folders, files in os.walk(root):
        # Not what tests declare for themselves, nor what stands in a folder of builds.
        folders[:] = [f for f in folders if not f.startswith('.') and
                      not (top == root and (f == 'tests' or f.startswith('build')))]
        if 'trace-events' in files:
            found.append((os.path.relpath(top, root), os.path.join(top, 'trace-events')))
    return sorted(found)


def docs(root):
    out = ['.. SPDX-License-Identifier: GPL-2.0-or-later', '', 'Trace events', '============',
           '', 'What each folder of the source can tell, and how it is shown. '
           ':doc:`/system/tracing` says how to turn it on.', '']
    for folder, path in tables(root):
        out += [folder, '-' * len(folder), '']
        for e in read_table(path):
            out += ['``%s``' % e.name,
                    '    ``%s``' % e.plain if e.plain else '    (no arguments)']
        out.append('')
    return '\n'.join(out)


def main():
    parser = argparse.ArgumentParser(description='Trace events from their tables.')
    parser.add_argument('--folder', help='the folder of the table, from the root of the tree')
    parser.add_argument('--docs', metavar='FILE', help='write the chapter of the manual')
    parser.add_argument('paths', nargs='+', help='TABLE HEADER SOURCE, or with --docs ROOT')
    options = parser.parse_args()
    if options.docs:
        write(options.docs, docs(options.paths[0]))
        return
    if len(options.paths) != 3 or not options.folder:
        parser.error('--folder FOLDER TABLE HEADER SOURCE is needed')
    events = read_table(options.paths[0])
    write(options.paths[1], header(options.folder, events))
    write(options.paths[2], source(options.folder, events))


if __name__ == '__main__':
    main()
