# SPDX-License-Identifier: GPL-2.0-or-later
"""
Reference chapters as reStructuredText (qmp-ref.rst, hmp-ref.rst, options-ref.rst) and the
manual page (rhea.1).
"""

import re

from .gen_hmp import forms
from .gen_hmp import usage as hmp_usage
from .gen_options import groups, plain
from .gen_options import usage as option_usage
from .parser import Doc
from .schema import AlternateType, ArrayType, Command, EnumType, Event, ObjectType, Option

SPDX = '.. SPDX-License-Identifier: GPL-2.0-or-later\n.. Generated from the schema, do not edit.\n\n'


def title(text, char):
    return f'{text}\n{char * len(text)}\n\n'


def rst(text):
    """Documentation text with '@name' as literals."""
    return re.sub(r'@([A-Za-z][A-Za-z0-9_-]*)', r'``\1``', text)


def block(lines, prefix='    '):
    return '\n'.join((prefix + l).rstrip() for l in rst(Doc.text(lines)).split('\n')) + '\n'


def label(t):
    return f'qapi-{t.name}'


def type_text(t):
    if isinstance(t, ArrayType):
        return 'array of ' + type_text(t.element)
    if isinstance(t, (ObjectType, EnumType, AlternateType)):
        return f':ref:`{t.name} <{label(t)}>`'
    return f'``{t.name}``'


def condition_text(cond):
    op, *args = cond
    if op == 'is':
        return f'{args[0]} {args[1]}'
    if op == 'not':
        return f'not {condition_text(args[0])}'
    return (' and ' if op == 'all' else ' or ').join(map(condition_text, args))


def member_list(members, doc):
    out = ''
    for m in members:
        text = doc.members.get(m.name, [])
        out += f'``{m.name}``: {type_text(m.type)}{" (optional)" if m.optional else ""}\n'
        out += block(text) + '\n'
    return out


def body(d):
    return rst(Doc.text(d.doc.body)) + '\n\n'


def tail(d):
    out = ''
    doc = d.doc
    if doc.features:
        out += 'Features:\n\n' + ''.join(f'``{n}``\n{block(l)}\n' for n, l in doc.features.items())
    for name in ('Errors', 'Notes', 'Example'):
        if name in doc.sections:
            text = rst(Doc.text(doc.sections[name]))
            out += f'{name}: {text}\n\n' if '\n' not in text else \
                f'{name}:\n\n' + block(doc.sections[name]) + '\n'
    if getattr(d, 'cond', None):
        out += f'Present if: {condition_text(d.cond)}.\n\n'
    if 'Since' in doc.sections:
        out += f'Since {Doc.text(doc.sections["Since"])}.\n\n'
    return out


def arguments(d, what):
    if not d.args:
        return ''
    if d.args.implicit:
        return f'{what}:\n\n' + member_list(d.args.local_members, d.doc)
    return f'{what}: the members of {type_text(d.args)}.\n\n'


def command(d):
    out = f'.. _qmp-command-{d.name}:\n\n' + title(f'Command {d.name}', '~') + body(d)
    out += arguments(d, 'Arguments')
    if d.returns:
        text = rst(' '.join(Doc.text(d.doc.sections.get('Returns', [])).split()))
        out += f'Returns: {type_text(d.returns)}{": " + text if text else ""}\n\n'
    for words, args in d.hmp:
        out += f'Human monitor: ``{hmp_usage(d, words, args)}``\n\n'
    if d.oob:
        out += 'May be executed out of band.\n\n'
    return out + tail(d)


def object_type(d):
    out = f'.. _{label(d)}:\n\n' + title(f'Object {d.name}', '~') + body(d)
    if d.base:
        out += f'Members: those of {type_text(d.base)}' + (
            ', and:\n\n' if d.local_members else '.\n\n')
    elif d.local_members:
        out += 'Members:\n\n'
    out += member_list(d.local_members, d.doc)
    for name, t in d.variants.items():
        out += f'With ``{d.tag.name}`` ``{name}`` also the members of {type_text(t)}.\n\n'
    return out + tail(d)


def definition(d):
    if isinstance(d, Command):
        return command(d)
    if isinstance(d, Event):
        return (f'.. _qmp-event-{d.name}:\n\n' + title(f'Event {d.name}', '~') + body(d)
                + arguments(d, 'Data') + tail(d))
    if isinstance(d, EnumType):
        values = ''.join(f'``{v.name}``\n{block(d.doc.members[v.name])}\n' for v in d.values)
        return (f'.. _{label(d)}:\n\n' + title(f'Enum {d.name}', '~') + body(d) + values
                + tail(d))
    if isinstance(d, AlternateType):
        rows = ''.join(f'``{n}``: {type_text(t)}\n{block(d.doc.members[n])}\n'
                       for n, t in d.branches.items())
        return f'.. _{label(d)}:\n\n' + title(f'Alternate {d.name}', '~') + body(d) + rows + tail(d)
    return object_type(d)


def qmp_reference(schema):
    out = SPDX + title('QMP reference', '=')
    order = {id(d): i for i, d in enumerate(schema.definitions)}
    exprs = {id(e.doc): e for e in schema.parser.exprs}
    by_doc = {id(d.doc): d for d in schema.definitions}
    items = [by_doc[id(e.doc)] for e in schema.parser.exprs if id(e.doc) in by_doc]
    assert len(items) == len(order) == len(exprs)
    free = list(schema.parser.free_docs)
    for i, d in enumerate(items + [None]):
        while free and free[0][1] <= i:
            lines = free.pop(0)[2].body
            if lines[0].startswith('= '):
                out += title(lines[0][2:], '-')
                lines = lines[1:]
            if Doc.text(lines):
                out += rst(Doc.text(lines)) + '\n\n'
        if d and not isinstance(d, Option):
            out += definition(d)
    # A section that only has options has nothing to say here.
    return re.sub(r'[^\n]+\n-+\n\n(?=[^\n]+\n-+\n|$)', '', out)


def hmp_reference(schema):
    out = SPDX + title('Human monitor reference', '=')
    for cmd, words, args in forms(schema):
        out += f'``{hmp_usage(cmd, words, args)}``\n' + block(cmd.doc.body)
        out += f'\n    As the QMP command :ref:`{cmd.name} <qmp-command-{cmd.name}>`.\n\n'
    return out


def option_keys(o):
    if not o.type:
        return ''
    out = ''
    for m in o.type.members():
        text = ' '.join(Doc.text(o.type.doc.members.get(m.name, [])).split())
        if isinstance(m.type, EnumType):
            text += ' (' + ', '.join(v.name for v in m.type.values) + ')'
        out += f'{m.name}\0{text}\n'
    return out


def options_reference(schema):
    out = SPDX + title('Command-line options', '=') + (
        'Options begin with one dash or two. Where an option takes keys, ``key=value`` items\n'
        'separated by commas and a JSON object mean the same; a comma in a value is written\n'
        'twice. A key that stands in brackets with its ``=`` may be left out at the first item.\n\n')
    for group, options in groups(schema).items():
        out += title(group, '-')
        for o in options:
            # Labels know no letter case.
            capital = 'capital-' if o.name.isupper() else ''
            out += f'.. _option-{capital}{o.name}:\n\n``{option_usage(o)}``\n' + block(o.doc.body) + '\n'
            for row in option_keys(o).splitlines():
                key, text = row.split('\0')
                out += f'    ``{key}``\n        {rst(text)}\n\n'
            if o.repeat:
                out += '    May be given several times.\n\n'
    return out


def roff(text):
    text = plain(' '.join(text.split()))
    text = text.replace('\\', '\\e').replace('-', '\\-').replace("'", '\\(aq')
    return '\\&' + text if text[:1] == '.' else text


def man_page(schema):
    out = ('.\\" SPDX-License-Identifier: GPL-2.0-or-later\n'
           '.\\" Generated from the schema, do not edit.\n'
           '.TH RHEA 1\n.ad l\n.SH NAME\nrhea \\- full\\-system emulator and virtualizer\n'
           '.SH SYNOPSIS\n.B rhea\n.RB [ \\-target\n.IR arch ]\n.RI [ option ]...\n.br\n'
           '.BI rhea\\-system\\- arch\n.RI [ option ]...\n'
           '.SH DESCRIPTION\nRhea runs an operating system made for one machine on another one.\n'
           'A comma in the value of a key is written twice. Where an option takes keys, a JSON\n'
           'object may be given instead.\n.SH OPTIONS\n')
    for group, options in groups(schema).items():
        out += f'.SS {group}\n'
        for o in options:
            usage = roff(option_usage(o)).replace('[,', '\\:[,').replace('|', '|\\:')
            out += f'.TP\n.B {usage}\n'
            paragraphs = Doc.text(o.doc.body).split('\n\n')
            out += '\n.IP\n'.join(roff(p) for p in paragraphs) + '\n'
            for row in option_keys(o).splitlines():
                key, text = row.split('\0')
                out += f'.RS\n.TP\n.B {roff(key)}\n{roff(text)}\n.RE\n'
    return out + '.SH "EXIT STATUS"\n0 after an orderly end, 1 if the machine could not be started.\n'


def emit(schema, out):
    out.files['qmp-ref.rst'] = qmp_reference(schema)
    out.files['hmp-ref.rst'] = hmp_reference(schema)
    out.files['options-ref.rst'] = options_reference(schema)
    out.files['rhea.1'] = man_page(schema)
