# SPDX-License-Identifier: GPL-2.0-or-later
"""C types, free functions and visitors: qapi-types-MODULE.[ch]."""

from .common import (c_name, c_struct, c_type, enum_const, type_modules, upper, used_types,
                     visitor)
from .schema import AlternateType, ArrayType, BuiltinType, EnumType, ObjectType


def member_field(m):
    has = f'    bool has_{c_name(m.name)};\n' if m.optional and not m.type.pointer else ''
    if isinstance(m.type, BuiltinType) and m.type.name == 'null':
        return has or f'    bool {c_name(m.name)}; /* null */\n'
    return has + f'    {c_type(m.type)}{c_name(m.name)};\n'


def struct_fields(d):
    """The members of an object's C struct; a base's come first, so that a pointer to it fits."""
    text = ''.join(member_field(m) for m in d.members())
    if d.variants:
        branches = ''.join(f'        {c_struct(t)} {c_name(n)};\n' for n, t in d.variants.items())
        text += f'    union {{ /* by {c_name(d.tag.name)} */\n{branches}    }} u;\n'
    return text or '    char qapi_dummy;\n'


def enum_decl(d):
    values = ''.join(f'    {enum_const(d, v.name)},\n' for v in d.values)
    return (f'typedef enum {d.name} {{\n{values}    {d.prefix or upper(d.name)}__MAX,\n'
            f'}} {d.name};\n/* Spellings, index = value, NULL at the end. */\n'
            f'extern const char *const {d.name}_names[];\n'
            f'bool visit_type_{d.name}(Visitor *v, const char *name, {d.name} *obj, '
            f'GError **err);\n\n')


def enum_code(d):
    values = ''.join(f'    [{enum_const(d, v.name)}] = "{v.name}",\n' for v in d.values)
    return f'''\
const char *const {d.name}_names[] = {{
{values}    NULL
}};

bool visit_type_{d.name}(Visitor *v, const char *name, {d.name} *obj, GError **err)
{{
    int value = *obj;

    if (!visit_type_enum(v, name, &value, {d.name}_names, err)) {{
        return false;
    }}
    *obj = value;
    return true;
}}

'''


def branch_const(d, name):
    return f'{upper(d.name)}_KIND_{upper(name)}'


def alternate_struct(d):
    kinds = ''.join(f'    {branch_const(d, n)},\n' for n in d.branches)
    fields = ''
    for name, t in d.branches.items():
        if isinstance(t, ObjectType):
            fields += f'        {t.name} {c_name(name)};\n'
        elif not (isinstance(t, BuiltinType) and t.name == 'null'):
            fields += f'        {c_type(t)}{c_name(name)};\n'
    return (f'typedef enum {d.name}Kind {{\n{kinds}}} {d.name}Kind;\n\n'
            f'struct {d.name} {{\n    {d.name}Kind type;\n    union {{ /* by type */\n{fields}'
            f'    }} u;\n}};\n\n')


def pointer_decls(d):
    """What every type that is handled by pointer has."""
    n = c_struct(d)
    text = (f'bool visit_type_{n}(Visitor *v, const char *name, {n} **obj, GError **err);\n'
            f'/* Free @obj and all that it holds; NULL is fine. */\n'
            f'void qapi_free_{n}({n} *obj);\n'
            f'G_DEFINE_AUTOPTR_CLEANUP_FUNC({n}, qapi_free_{n})\n')
    if isinstance(d, ObjectType):
        text += f'bool visit_type_{n}_members(Visitor *v, {n} *obj, GError **err);\n'
        if d.base:
            text += (f'static inline {d.base.name} *qapi_{n}_base(const {n} *obj)\n'
                     f'{{\n    return ({d.base.name} *)obj;\n}}\n')
    return text + '\n'


def free_code(d):
    n = c_struct(d)
    return f'''\
void qapi_free_{n}({n} *obj)
{{
    if (obj) {{
        g_autoptr(Visitor) v = visitor_new_dealloc();

        visit_type_{n}(v, NULL, &obj, NULL);
    }}
}}

'''


def visit_member(m):
    field = 'obj->' + c_name(m.name)
    if isinstance(m.type, BuiltinType) and m.type.name == 'null':
        call = f'!visit_type_null(v, "{m.name}", err)'
    else:
        call = f'!{visitor(m.type)}(v, "{m.name}", &{field}, err)'
    if not m.optional:
        return f'    if ({call}) {{\n        return false;\n    }}\n'
    if m.type.pointer:
        return (f'    present = {field} != NULL;\n'
                f'    if (visit_optional(v, "{m.name}", &present) &&\n        {call}) {{\n'
                f'        return false;\n    }}\n')
    return (f'    if (visit_optional(v, "{m.name}", &obj->has_{c_name(m.name)}) &&\n'
            f'        {call}) {{\n        return false;\n    }}\n')


def members_code(d, static=''):
    n = c_struct(d)
    body = ''
    if d.base:
        body += (f'    if (!visit_type_{c_struct(d.base)}_members(v, ({c_struct(d.base)} *)obj, '
                 f'err)) {{\n        return false;\n    }}\n')
    body += ''.join(visit_member(m) for m in d.local_members)
    if d.variants:
        cases = ''.join(f'    case {enum_const(d.tag.type, name)}:\n'
                        f'        return visit_type_{c_struct(t)}_members(v, &obj->u.'
                        f'{c_name(name)}, err);\n' for name, t in d.variants.items())
        body += (f'    switch (obj->{c_name(d.tag.name)}) {{\n{cases}'
                 f'    default:\n        return true;\n    }}\n')
    else:
        body += '    return true;\n'
    if any(m.optional and m.type.pointer for m in d.local_members):
        body = '    bool present;\n\n' + body
    return (f'{static}bool visit_type_{n}_members(Visitor *v, {n} *obj, GError **err)\n'
            f'{{\n{body}}}\n\n')


def object_code(d):
    n = c_struct(d)
    return members_code(d) + f'''\
bool visit_type_{n}(Visitor *v, const char *name, {n} **obj, GError **err)
{{
    bool ok = true;

    if (!visit_start_struct(v, name, (void **)obj, sizeof({n}), err)) {{
        return false;
    }}
    if (*obj) {{ /* NULL when what an input left unfinished is freed */
        ok = visit_type_{n}_members(v, *obj, err) && visit_check_struct(v, err);
    }}
    visit_end_struct(v, (void **)obj);
    if (!ok && visitor_kind(v) == VISITOR_INPUT) {{
        qapi_free_{n}(*obj);
        *obj = NULL;
    }}
    return ok;
}}

''' + free_code(d)


def array_code(d):
    n, elem = d.name, d.element
    return f'''\
bool visit_type_{n}(Visitor *v, const char *name, {n} **obj, GError **err)
{{
    bool input = visitor_kind(v) == VISITOR_INPUT, ok = true;
    size_t i = 0;

    if (input) {{
        *obj = NULL;
    }}
    if (!visit_start_list(v, name, err)) {{
        return false;
    }}
    if (input) {{
        *obj = g_new0({n}, 1);
    }}
    while (visit_next_list(v, *obj && i < (*obj)->len)) {{
        if (input) {{
            QAPI_LIST_APPEND(*obj, ({c_type(elem).strip()})0);
        }}
        if (!{visitor(elem)}(v, NULL, &(*obj)->items[i++], err)) {{
            ok = false;
            break;
        }}
    }}
    visit_end_list(v);
    if (visitor_kind(v) == VISITOR_DEALLOC && *obj) {{
        g_free((*obj)->items);
        g_clear_pointer(obj, g_free);
    }}
    if (!ok && input) {{
        qapi_free_{n}(*obj);
        *obj = NULL;
    }}
    return ok;
}}

''' + free_code(d)


def alternate_json_cases(d):
    """Pairs of (JSON types, branch) for the input side."""
    table = {}
    for name, t in d.branches.items():
        if isinstance(t, ObjectType):
            keys = ['object']
        elif isinstance(t, ArrayType):
            keys = ['array']
        elif isinstance(t, EnumType) or t.json_type == 'str':
            keys = ['string']
        else:
            keys = {'int': ['int'], 'number': ['int', 'double'], 'bool': ['boolean'],
                    'null': ['null']}[t.json_type]
        for k in keys:
            table[k] = name
    return table


def alternate_code(d):
    cases = ''
    table = alternate_json_cases(d)
    for name in d.branches:
        keys = [k for k in table if table[k] == name]
        cases += ''.join(f'        case json_type_{k}:\n' for k in keys)
        cases += f'            (*obj)->type = {branch_const(d, name)};\n            break;\n'
    words = ', '.join(sorted({'double': 'number', 'int': 'integer'}.get(k, k) for k in table))
    peek = 'visit_peek_type' if 'string' in table else 'visit_peek_scalar'
    visits = ''
    for name, t in d.branches.items():
        visits += f'    case {branch_const(d, name)}:\n'
        field = f'(*obj)->u.{c_name(name)}'
        if isinstance(t, ObjectType):
            visits += (f'        ok = visit_start_struct(v, name, NULL, 0, err);\n'
                       f'        if (ok) {{\n'
                       f'            ok = visit_type_{t.name}_members(v, &{field}, err) &&\n'
                       f'                 visit_check_struct(v, err);\n'
                       f'            visit_end_struct(v, NULL);\n        }}\n')
        elif isinstance(t, BuiltinType) and t.name == 'null':
            visits += '        ok = visit_type_null(v, name, err);\n'
        else:
            visits += f'        ok = {visitor(t)}(v, name, &{field}, err);\n'
        visits += '        break;\n'
    n = d.name
    return f'''\
bool visit_type_{n}(Visitor *v, const char *name, {n} **obj, GError **err)
{{
    bool ok = true;

    if (visitor_kind(v) == VISITOR_INPUT) {{
        *obj = g_new0({n}, 1);
        switch ({peek}(v, name)) {{
{cases}        default:
            g_clear_pointer(obj, g_free);
            return visit_wrong_type(v, name, "{words}", err);
        }}
    }} else if (!*obj) {{
        return true;
    }}
    switch ((*obj)->type) {{
{visits}    }}
    if (visitor_kind(v) == VISITOR_DEALLOC) {{
        g_clear_pointer(obj, g_free);
    }} else if (!ok && visitor_kind(v) == VISITOR_INPUT) {{
        qapi_free_{n}(*obj);
        *obj = NULL;
    }}
    return ok;
}}

''' + free_code(d)


def array_decl(d):
    return (f'struct {d.name} {{\n    size_t len;\n    {c_type(d.element)}*items;\n}};\n\n'
            + pointer_decls(d))


def by_value(d):
    """Types whose full declaration d's struct needs."""
    if isinstance(d, ObjectType):
        return list(d.variants.values())
    if isinstance(d, AlternateType):
        return [t for t in d.branches.values() if isinstance(t, ObjectType)]
    return []


def ordered(types):
    """@types so that what a struct embeds comes before it."""
    out = []

    def add(d):
        if d not in out and d in types:
            for t in by_value(d):
                add(t)
            out.append(d)
    for d in types:
        add(d)
    return out


def emit_module(schema, out, module):
    types = [d for d in schema.definitions
             if d.module == module and isinstance(d, (ObjectType, AlternateType, EnumType))]
    arrays = [a for a in schema.arrays.values() if a.module == module]
    if module == 'builtin':
        # All of them: other schemas and hand-written code use them too.
        arrays = [schema.arrays.get(t.name) or ArrayType(t) for t in schema.types.values()
                  if isinstance(t, BuiltinType) and t.name not in ('null', 'size-mib')]
    includes = [m for m in type_modules(t for d in types for t in used_types(d)) if m != module]
    head = '#include "qapi/visitor.h"\n#include "qapi/qapi-util.h"\n'
    head += ''.join(out.include(f'types-{m}') for m in includes) + '\n'
    structs = [d for d in types if not isinstance(d, EnumType)]
    head += ''.join(f'typedef struct {c_struct(d)} {c_struct(d)};\n' for d in structs + arrays)
    head += '\n' + ''.join(enum_decl(d) for d in types if isinstance(d, EnumType))
    for d in ordered(structs):
        if isinstance(d, AlternateType):
            head += alternate_struct(d)
        else:
            head += f'struct {d.name} {{\n{struct_fields(d)}}};\n\n'
        head += pointer_decls(d)
    head += ''.join(array_decl(a) for a in arrays)
    code = out.include(f'types-{module}') + '\n'
    for d in types:
        code += (enum_code(d) if isinstance(d, EnumType) else
                 alternate_code(d) if isinstance(d, AlternateType) else object_code(d))
    code += ''.join(array_code(a) for a in arrays)
    out.header(f'types-{module}', f'Types and visitors of {module}', head)
    out.source(f'types-{module}', f'Types and visitors of {module}', code)


def emit(schema, out):
    if out.builtins:
        emit_module(schema, out, 'builtin')
    for module in schema.modules:
        emit_module(schema, out, module)
