# SPDX-License-Identifier: GPL-2.0-or-later
"""HMP: the words and arguments of human commands over QMP commands, as a table."""

from .common import Conditions, c_name, c_string
from .gen_options import first_paragraph, plain
from .schema import BuiltinType, EnumType


def arg_kind(cmd, name):
    t = next(m.type for m in cmd.args.members() if m.name == name)
    if isinstance(t, BuiltinType):
        if t.name == 'bool':
            return 'HMP_ARG_BOOL'
        if t.name.startswith('size'):
            return 'HMP_ARG_SIZE'
        if t.name.startswith('uint'):
            return 'HMP_ARG_UINT'
        if t.json_type in ('int', 'number'):
            return 'HMP_ARG_' + t.json_type.upper()
        if t.name == 'any':
            return 'HMP_ARG_ANY'
        return 'HMP_ARG_STR'
    return 'HMP_ARG_STR' if not t.pointer else 'HMP_ARG_PROPS'


def arg_values(cmd, name):
    t = next(m.type for m in cmd.args.members() if m.name == name)
    return t if isinstance(t, EnumType) else None


def forms(schema):
    """(command, words, args) sorted by words."""
    out = [(c, words, args) for c in schema.commands for words, args in c.hmp]
    return sorted(out, key=lambda f: f[1])


def usage(cmd, words, args):
    """A value of any type may have to be JSON (-j), else text stands for a string."""
    parts = [words]
    if any(arg_kind(cmd, a[0]) == 'HMP_ARG_ANY' for a in args):
        parts.append('[-j]')
    for name, optional, rest, flag in args:
        text = name + ('...' if rest else '')
        if flag:
            text = '/' + name if flag == '/' else f'-{flag}'
        parts.append(f'[{text}]' if optional else text)
    return ' '.join(parts)


def emit(schema, out):
    conds = Conditions()
    arrays = rows = ''
    modules = set()
    for i, (cmd, words, args) in enumerate(forms(schema)):
        ref = 'NULL'
        if args:
            ref = f'args_{i}'
            arrays += f'static const HmpArg {ref}[] = {{\n'
            for name, optional, rest, flag in args:
                values = arg_values(cmd, name)
                if values:
                    modules.add(values.module)
                arrays += (f'    {{ "{name}", {arg_kind(cmd, name)}, {str(optional).lower()}, '
                           f'{str(rest).lower()}, '
                           f'{c_name(values.name) + "_names" if values else "NULL"}, '
                           f'{repr(flag) if flag else 0} }},\n')
            arrays += '    { NULL }\n};\n\n'
        rows += (f'    {{ "{words}", "{cmd.name}", {ref}, {c_string(usage(cmd, words, args))},\n'
                 f'      {c_string(plain(first_paragraph(cmd.doc)))}, {conds.name(cmd.cond)} }},\n')
    name = out.prefix.replace('-', '_') + 'qapi_hmp_commands'
    out.header('hmp', 'HMP commands', f'''\
#include "qapi/hmp-table.h"

/* Sorted by words; ends with NULL words. */
extern const HmpCommand {name}[];
''')
    includes = ''.join(out.include(f'types-{m}') for m in sorted(modules))
    out.source('hmp', 'HMP commands', out.include('hmp') + includes + '\n' + conds.code() + arrays +
               f'const HmpCommand {name}[] = {{\n{rows}    {{ NULL }}\n}};\n')
