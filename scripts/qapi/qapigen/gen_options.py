# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: struct QapiOptions, the table behind it, and the text of -h."""

import json
import re
import textwrap

from .common import Conditions, c_name, c_string, c_text, type_modules
from .parser import Doc
from .schema import BuiltinType, ObjectType


def first_paragraph(doc):
    return ' '.join(Doc.text(doc.body).split('\n\n')[0].split())


def plain(text):
    """Documentation text without its markup."""
    text = re.sub(r':[a-z]+:`([^`]*)`', r'\1', text)
    return re.sub(r'``([^`]*)``', r'\1', re.sub(r'@([a-z][a-z0-9-]*)', r'\1', text))


def groups(schema):
    """Options by group, both in source order."""
    out = {}
    for o in schema.options:
        out.setdefault(o.group, []).append(o)
    return out


def usage(o):
    """'-M, -machine [type=]name[,...]'"""
    names = f'-{o.name}' + (f', -{o.alias}' if o.alias else '')
    return names + (f' {o.syntax}' if o.syntax else '')


def wrap_usage(text, width, first, rest):
    """Break between keys where that is needed."""
    lines, line = [], first
    for piece in re.split(r'(?<=\S)(?=\[,)|(?<= )', text):
        if len(line + piece.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line = rest
        line += piece
    return lines + [line.rstrip()]


def help_text(schema):
    out = []
    for group, options in groups(schema).items():
        out.append(f'{group}:')
        for o in options:
            out += wrap_usage(usage(o), 78, '  ', ' ' * 6)
            out += textwrap.wrap(plain(first_paragraph(o.doc)), 78, initial_indent=' ' * 10,
                                 subsequent_indent=' ' * 10, break_on_hyphens=False)
        out.append('')
    return '\n'.join(out)


def field(o):
    name = c_name(o.name)
    if o.kind == 'none':
        return f'    bool {name};\n'
    if o.kind == 'str':
        return f'    strList *{name};\n' if o.repeat else f'    char *{name};\n'
    if o.kind == 'props':
        return f'    QapiProps{"List" if o.repeat else ""} *{name};\n'
    return f'    {o.type.name}{"List" if o.repeat else ""} *{name};\n'


def parameters(schema):
    """What query-command-line-options says of options with known keys."""
    out = []

    def walk(t, path, seen, rows):
        members = t.members() + [m for b in t.variants.values() for m in b.members()]
        for m in members:
            name = path + m.name
            if isinstance(m.type, ObjectType) and m.type not in seen:
                walk(m.type, name + '.', seen + (m.type,), rows)
                continue
            word = 'string'
            if isinstance(m.type, BuiltinType):
                word = {'int': 'number', 'number': 'number', 'bool': 'boolean'}.get(
                    m.type.json_type, 'string')
                word = 'size' if m.type.name.startswith('size') else word
            if name not in [r['name'] for r in rows]:
                rows.append({'name': name, 'type': word})
    for o in schema.options:
        rows = []
        if o.kind == 'struct':
            walk(o.type, '', (o.type,), rows)
        if o.kind in ('struct', 'props'):
            out.append((json.dumps({'option': o.name, 'parameters': rows}), o.cond))
    return out


def emit(schema, out):
    types = [o.type for o in schema.options if o.type]
    prefix = out.prefix.replace('-', '_')
    struct = ''.join(w.capitalize() for w in prefix.split('_')) + 'QapiOptions'
    conds = Conditions()
    rows = ''
    for o in schema.options:
        kind = {'none': 'FLAG'}.get(o.kind, o.kind.upper())
        text = f'      .name = "{o.name}", .kind = QAPI_OPTION_{kind},\n'
        text += f'      .offset = offsetof({struct}, {c_name(o.name)}),\n'
        if o.alias:
            text += f'      .alias = "{o.alias}",\n'
        if o.repeat:
            text += '      .repeat = true,\n'
        if o.help:
            text += '      .help = true,\n'
        if o.implied:
            text += f'      .implied = "{o.implied}",\n'
        if o.lists:
            text += '      .lists = (const char *const[]){ %s, NULL },\n' % ', '.join(
                f'"{k}"' for k in o.lists)
        if o.type:
            lst = 'List' if o.repeat else ''
            text += f'      .visit = (QapiVisitFn *)visit_type_{o.type.name},\n'
            text += f'      .visit_field = (QapiVisitFn *)visit_type_{o.type.name}{lst},\n'
        if o.syntax:
            text += f'      .syntax = {c_string(o.syntax)},\n'
        if o.cond:
            text += f'      .cond = {conds.name(o.cond)},\n'
        rows += '    {\n' + text + '    },\n'
    params = ''.join(f'    {{ {c_string(t)},\n      {conds.name(c)} }},\n'
                     for t, c in parameters(schema))
    out.header('options', 'Command-line options', '''\
#include "qapi/options.h"
#include "qapi/qmp-dispatch.h"
''' + out.include('types-builtin') + ''.join(out.include(f'types-{m}')
                                             for m in type_modules(types) if m != 'builtin') + f'''
typedef struct {struct} {{
    QapiOptionsHead head;
{''.join(map(field, schema.options))}}} {struct};

/* Ends with a NULL name; for qapi_options_parse(). */
extern const QapiOption {prefix}qapi_options[];
/* What -h prints: every option with its syntax, by groups. */
extern const char {prefix}qapi_options_help[];
/* CommandLineOptionInfo objects for query-command-line-options; ends with a NULL text. */
extern const QapiEntity {prefix}qapi_option_parameters[];
''')
    out.source('options', 'Command-line options', out.include('options') + '\n' + conds.code() + f'''\
const QapiOption {prefix}qapi_options[] = {{
{rows}    {{ .name = NULL }}
}};

const char {prefix}qapi_options_help[] =
{c_text(help_text(schema))};

const QapiEntity {prefix}qapi_option_parameters[] = {{
{params}    {{ NULL }}
}};
''')
