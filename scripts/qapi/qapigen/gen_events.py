# SPDX-License-Identifier: GPL-2.0-or-later
"""Events: one function each that makes the message and hands it to the sink."""

from .common import c_name, c_struct, type_modules
from .gen_commands import params, wrap
from .gen_types import members_code, struct_fields
from .schema import BuiltinType


def proto(e, tail):
    return wrap(f'void qapi_event_send_{e.name.lower()}', params(e) or ['void'], tail)


def initial(m):
    name = c_name(m.name)
    text = ''
    if m.optional and not m.type.pointer:
        text += f'        .has_{name} = has_{name},\n'
    cast = '(char *)' if isinstance(m.type, BuiltinType) and m.type.name == 'str' else ''
    return text + f'        .{name} = {cast}{name},\n'


def code(e):
    if not e.args:
        return f'{proto(e, "")}\n{{\n    qapi_event_emit("{e.name}", NULL);\n}}\n\n'
    n = c_struct(e.args)
    text = ''
    if e.args.implicit:
        text += f'typedef struct {n} {{\n{struct_fields(e.args)}}} {n};\n\n'
        text += members_code(e.args, 'static ')
    text += f'{proto(e, "")}\n{{\n'
    if not e.boxed:
        text += f'    {n} data = {{\n' + ''.join(initial(m) for m in e.args.members()) + '    };\n'
    arg = 'arg' if e.boxed else '&data'
    return text + f'''\
    g_autoptr(Visitor) v = visitor_new_json_output();

    visit_start_struct(v, NULL, NULL, 0, NULL);
    visit_type_{n}_members(v, {arg}, NULL);
    visit_end_struct(v, NULL);
    qapi_event_emit("{e.name}", visitor_take_output(v));
}}

'''


def emit_module(schema, out, module):
    events = [e for e in schema.events if e.module == module]
    types = [t for e in events if e.args for t in
             ([m.type for m in e.args.members()] + ([] if e.args.implicit else [e.args]))]
    head = '#include "qapi/visitor.h"\n'
    head += ''.join(out.include(f'types-{m}') for m in type_modules(types)) + '\n'
    head += ''.join(proto(e, ';') + '\n' for e in events)
    text = out.include(f'events-{module}') + '#include "qapi/qapi-event.h"\n\n'
    text += ''.join(code(e) for e in events)
    out.header(f'events-{module}', f'Events of {module}', head)
    out.source(f'events-{module}', f'Events of {module}', text)


def emit(schema, out):
    for module in schema.modules:
        emit_module(schema, out, module)
