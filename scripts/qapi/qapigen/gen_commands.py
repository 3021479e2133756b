# SPDX-License-Identifier: GPL-2.0-or-later
"""
Commands: prototypes of the handlers (qapi-commands-MODULE.h), marshallers between JSON and
them (qapi-commands-MODULE.c), and the table of all (qapi-command-table.[ch]).
"""

from .common import (Conditions, c_name, c_struct, c_type, type_modules, visitor)
from .gen_types import members_code, struct_fields
from .schema import BuiltinType, ObjectType


def fn(cmd):
    return 'qmp_' + cmd.name.replace('-', '_').replace('.', '_')


def params(d):
    """C parameters for the arguments of a command or event."""
    if not d.args:
        return []
    if d.boxed:
        return [f'{c_struct(d.args)} *arg']
    out = []
    for m in d.args.members():
        if m.optional and not m.type.pointer:
            out.append(f'bool has_{c_name(m.name)}')
        out.append(f'{c_type(m.type, const=True)}{c_name(m.name)}')
    return out


def wrap(head, args, tail):
    """'head(args)tail', broken into lines of at most 90 characters."""
    line, lines, pad = head + '(', [], ' ' * (len(head) + 1)
    for i, a in enumerate(args):
        piece = a + (', ' if i < len(args) - 1 else ')' + tail)
        if len(line) + len(piece.rstrip()) > 90 and line.strip() != (head + '(').strip():
            lines.append(line.rstrip())
            line = pad
        line += piece
    return '\n'.join(lines + [line])


def prototype(cmd):
    if not cmd.gen or cmd.raw:
        return f'struct json_object *{fn(cmd)}(struct json_object *args, GError **err);'
    args = params(cmd)
    ret = 'bool '
    if cmd.returns:
        if cmd.returns.pointer:
            ret = c_type(cmd.returns)
        else:
            args.append(f'{c_type(cmd.returns)}*ret_value')
    return wrap(f'{ret}{fn(cmd)}', args + ['GError **err'], ';')


def marshal_name(cmd):
    return fn(cmd).replace('qmp_', 'qmp_marshal_', 1)


def marshal_open(cmd):
    """gen: false: nothing is checked here."""
    return f'''\
    GError *fault = NULL;

    *ret_value = {fn(cmd)}(args, &fault);
    if (fault) {{
        json_object_put(*ret_value);
        *ret_value = NULL;
        g_propagate_error(err, fault);
        return false;
    }}
    return true;
}}

'''


def visit_args(cmd):
    """Declaration of 'arg', the expression that reads it, and the statements that free it."""
    t = cmd.args
    if not t:
        return '', 'visit_check_struct(v, err)', ''
    n = c_struct(t)
    if isinstance(t, ObjectType):
        return (f'    {n} arg = {{ 0 }};\n',
                f'visit_type_{n}_members(v, &arg, err) && visit_check_struct(v, err)',
                f'    visitor_free(v);\n    v = visitor_new_dealloc();\n'
                f'    visit_type_{n}_members(v, &arg, NULL);\n')
    return f'    {n} *arg = NULL;\n', f'visit_type_{n}(v, NULL, &arg, err)', \
        f'    qapi_free_{n}(arg);\n'


def call_args(cmd):
    t = cmd.args
    if cmd.raw:
        return ['args']
    if not t:
        return []
    if cmd.boxed:
        return ['&arg' if isinstance(t, ObjectType) else 'arg']
    out = []
    for m in t.members():
        if m.optional and not m.type.pointer:
            out.append(f'arg.has_{c_name(m.name)}')
        out.append(f'arg.{c_name(m.name)}')
    return out


def marshal(cmd):
    pad = ' ' * (len(marshal_name(cmd)) + 6)
    head = (f'bool {marshal_name(cmd)}(struct json_object *args, struct json_object **ret_value,\n'
            f'{pad}GError **err)\n{{\n')
    if not cmd.gen:
        return head + marshal_open(cmd)
    arg, visit, free = visit_args(cmd)
    ret = cmd.returns
    json = cmd.raw or (isinstance(ret, BuiltinType) and ret.name == 'any')
    pointer = json or (ret and ret.pointer)
    decl = ('    GError *fault = NULL;\n    bool ok = false;\n'
            '    g_autoptr(Visitor) v = visitor_new_json_input(args);\n' + arg)
    call = call_args(cmd)
    if json:
        decl += '    struct json_object *result = NULL;\n'
    elif ret:
        decl += f'    {c_type(ret)}result = {"NULL" if pointer else "0"};\n'
        call += [] if pointer else ['&result']
    if isinstance(cmd.args, (ObjectType, type(None))):
        body = ('    if (!visit_start_struct(v, NULL, NULL, 0, err)) {\n        return false;\n'
                f'    }}\n    ok = {visit};\n    visit_end_struct(v, NULL);\n')
    else:
        body = f'    ok = {visit};\n'
    body += '    if (!ok) {\n        goto out;\n    }\n'
    body += wrap(f'    {"result" if pointer else "ok"} = {fn(cmd)}', call + ['&fault'], ';\n')
    body += '    ok = result != NULL;\n' if pointer else ''
    body += ('    if (fault || !ok) {\n'
             '        ok = qmp_marshal_failed(fault, err);\n        goto out;\n    }\n')
    if json:
        body += '    *ret_value = g_steal_pointer(&result);\n'
    elif ret:
        body += ('    visitor_free(v);\n    v = visitor_new_json_output();\n'
                 f'    {visitor(ret)}(v, NULL, &result, NULL);\n'
                 '    *ret_value = visitor_take_output(v);\n')
    else:
        body += '    *ret_value = json_object_new_object();\n'
    body += 'out:\n' + free
    if json:
        body += '    json_object_put(result);\n'
    elif pointer:
        body += ('    visitor_free(v);\n    v = visitor_new_dealloc();\n'
                 f'    {visitor(ret)}(v, NULL, &result, NULL);\n')
    return head + decl + '\n' + body + '    return ok;\n}\n\n'


def emit_module(schema, out, module):
    cmds = [c for c in schema.commands if c.module == module]
    types = [t for c in cmds for t in (c.args, c.returns) if t]
    types += [m.type for t in types if isinstance(t, ObjectType) and t.implicit
              for m in t.members()]
    types = [t for t in types if not (isinstance(t, ObjectType) and t.implicit)]
    head = '#include "qapi/visitor.h"\n'
    head += ''.join(out.include(f'types-{m}') for m in type_modules(types))
    head += '\n/* The handlers, written by hand; see docs/devel/qapi.rst. */\n'
    head += ''.join(prototype(c) + '\n' for c in cmds)
    head += '\n/* For the table of commands. */\n'
    head += ''.join(f'bool {marshal_name(c)}(struct json_object *args, struct json_object '
                    f'**ret_value,\n{" " * (len(marshal_name(c)) + 6)}GError **err);\n'
                    for c in cmds)
    code = out.include(f'commands-{module}') + '#include "qapi/qmp-dispatch.h"\n\n'
    for c in cmds:
        if c.args and c.args.implicit and c.gen:
            n = c_struct(c.args)
            code += f'typedef struct {n} {{\n{struct_fields(c.args)}}} {n};\n\n'
            code += members_code(c.args, 'static ')
        code += marshal(c)
    out.header(f'commands-{module}', f'Commands of {module}', head)
    out.source(f'commands-{module}', f'Commands of {module}', code)


def emit_table(schema, out):
    conds = Conditions()
    rows = ''
    for c in sorted(schema.commands, key=lambda c: c.name):
        flags = [f for f, on in (
            ('QMP_COMMAND_OOB', c.oob), ('QMP_COMMAND_PRECONFIG', c.preconfig),
            ('QMP_COMMAND_NO_SUCCESS', not c.success_response),
            ('QMP_COMMAND_DEPRECATED', 'deprecated' in c.features),
            ('QMP_COMMAND_UNSTABLE', 'unstable' in c.features)) if on]
        rows += (f'    {{ "{c.name}", {marshal_name(c)}, {" | ".join(flags) or 0}, '
                 f'{conds.name(c.cond)} }},\n')
    name = out.prefix.replace('-', '_') + 'qapi_commands'
    out.header('command-table', 'The table of commands', f'''\
#include "qapi/qmp-dispatch.h"

/* Every command of the schema, sorted by name; ends with a NULL name. For monitor/ only,
 * because it pulls in every handler. */
extern const QmpCommand {name}[];
''')
    includes = ''.join(out.include(f'commands-{m}') for m in schema.modules
                       if any(c.module == m for c in schema.commands))
    out.source('command-table', 'The table of commands',
               out.include('command-table') + includes + '\n' + conds.code() +
               f'const QmpCommand {name}[] = {{\n{rows}    {{ NULL }}\n}};\n')


def emit(schema, out):
    for module in schema.modules:
        emit_module(schema, out, module)
    emit_table(schema, out)
