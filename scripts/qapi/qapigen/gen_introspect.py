# SPDX-License-Identifier: GPL-2.0-or-later
"""
Introspection: the SchemaInfo array that query-qmp-schema returns, as text, one piece an entity
with its condition. Type names are not part of the interface and so are numbers; all integer
types are one.
"""

import json

from .common import Conditions, c_string
from .schema import AlternateType, ArrayType, BuiltinType, EnumType, ObjectType


class Introspection:
    def __init__(self, schema):
        self.entities = []       # (dict, conditions that lead here or None)
        self.numbers = {}
        self.arrays = {}         # name -> type
        self.types = []
        self.conds = {}          # id(type) -> set of conditions; holds None if unconditional
        self.empty = ObjectType.__new__(ObjectType)
        self.empty.name, self.empty.features = 'empty', []
        self.empty.base, self.empty.local_members = None, []
        self.empty.tag, self.empty.variants = None, {}
        self.schema = schema
        for c in schema.commands:
            entity = {'name': c.name, 'meta-type': 'command',
                      'arg-type': self.use(c.args or self.empty, c.cond),
                      'ret-type': self.use(c.returns or self.empty, c.cond)}
            if c.oob:
                entity['allow-oob'] = True
            self.put(entity, c.features, c.cond)
        for e in schema.events:
            self.put({'name': e.name, 'meta-type': 'event',
                      'arg-type': self.use(e.args or self.empty, e.cond)}, e.features, e.cond)
        for t in self.types:
            self.describe(t)

    def put(self, entity, features, cond):
        if features:
            entity['features'] = features
        self.entities.append((entity, cond))

    def name(self, t):
        if isinstance(t, BuiltinType):
            return t.json_type
        if isinstance(t, ArrayType):
            return f'[{self.name(t.element)}]'
        return str(self.numbers.setdefault(id(t), len(self.numbers)))

    def use(self, t, cond):
        """The name of a type that an entity with condition @cond mentions."""
        if isinstance(t, BuiltinType):
            t = self.schema.types[t.json_type]
        if isinstance(t, ArrayType): # of integers of any width: one
            t = self.arrays.setdefault(self.name(t), t)
        seen = self.conds.setdefault(id(t), set())
        if t not in self.types:
            self.types.append(t)
        if cond not in seen and None not in seen:
            seen.add(cond)
            for sub in self.parts(t):
                self.use(sub, cond)
        return self.name(t)

    @staticmethod
    def parts(t):
        if isinstance(t, ArrayType):
            return [t.element]
        if isinstance(t, AlternateType):
            return list(t.branches.values())
        if isinstance(t, ObjectType):
            return [m.type for m in t.members()] + list(t.variants.values())
        return []

    def member(self, m):
        out = {'name': m.name, 'type': self.name(m.type)}
        if m.optional:
            out['default'] = None
        if m.features:
            out['features'] = m.features
        return out

    def describe(self, t):
        conds = self.conds[id(t)]
        cond = None if None in conds else ('any',) + tuple(sorted(conds, key=repr))
        entity = {'name': self.name(t)}
        if isinstance(t, BuiltinType):
            entity.update({'meta-type': 'builtin', 'json-type': {
                'str': 'string', 'bool': 'boolean', 'any': 'value'}.get(t.json_type, t.json_type)})
        elif isinstance(t, ArrayType):
            entity.update({'meta-type': 'array', 'element-type': self.name(t.element)})
        elif isinstance(t, EnumType):
            members = [dict({'name': v.name}, **({'features': v.features} if v.features else {}))
                       for v in t.values]
            entity.update({'meta-type': 'enum', 'members': members,
                           'values': [v.name for v in t.values]})
        elif isinstance(t, AlternateType):
            entity.update({'meta-type': 'alternate', 'members': [
                {'type': self.name(b)} for b in t.branches.values()]})
        else:
            entity.update({'meta-type': 'object', 'members': [self.member(m) for m in t.members()]})
            if t.tag:
                # A value of the tag without a branch adds no members.
                entity['tag'] = t.tag.name
                entity['variants'] = [
                    {'case': v.name, 'type': self.use(t.variants.get(v.name, self.empty), None
                                                      if None in conds else cond)}
                    for v in t.tag.type.values]
        self.put(entity, t.features, cond)


def emit(schema, out):
    conds = Conditions()
    rows = ''
    for entity, cond in Introspection(schema).entities:
        text = json.dumps(entity, ensure_ascii=True)
        rows += f'    {{ {c_string(text)},\n      {conds.name(cond)} }},\n'
    name = out.prefix.replace('-', '_') + 'qapi_introspection'
    out.header('introspect', 'The schema for query-qmp-schema', f'''\
#include "qapi/qmp-dispatch.h"

/* One SchemaInfo object each, as JSON text; ends with a NULL text. */
extern const QapiEntity {name}[];
''')
    out.source('introspect', 'The schema for query-qmp-schema',
               out.include('introspect') + '\n' + conds.code() +
               f'const QapiEntity {name}[] = {{\n{rows}    {{ NULL }}\n}};\n')
