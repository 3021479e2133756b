# SPDX-License-Identifier: GPL-2.0-or-later
"""
What expressions mean: types, commands, events and options, with every check.

Each definition becomes one object below; emitters walk Schema.definitions in source order.
"""

import re

from .parser import Doc, Parser, SchemaError

# name: (C type, visitor, JSON type in introspection)
BUILTINS = {
    'str':    ('char *', 'visit_type_str', 'str'),
    'number': ('double', 'visit_type_number', 'number'),
    'int':    ('int64_t', 'visit_type_int64', 'int'),
    'int8':   ('int8_t', 'visit_type_int8', 'int'),
    'int16':  ('int16_t', 'visit_type_int16', 'int'),
    'int32':  ('int32_t', 'visit_type_int32', 'int'),
    'int64':  ('int64_t', 'visit_type_int64', 'int'),
    'uint8':  ('uint8_t', 'visit_type_uint8', 'int'),
    'uint16': ('uint16_t', 'visit_type_uint16', 'int'),
    'uint32': ('uint32_t', 'visit_type_uint32', 'int'),
    'uint64': ('uint64_t', 'visit_type_uint64', 'int'),
    'size':   ('uint64_t', 'visit_type_size', 'int'),
    'size-mib': ('uint64_t', 'visit_type_size_mib', 'int'),   # plain numbers count MiB
    'bool':   ('bool', 'visit_type_bool', 'bool'),
    'null':   ('', 'visit_type_null', 'null'),
    'any':    ('struct json_object *', 'visit_type_any', 'any'),
}

# The JSON types that a value of a builtin may have, for alternates.
JSON_TYPES = {'str': 'string', 'number': 'number', 'int': 'int', 'bool': 'boolean',
              'null': 'null'}

SPECIAL_FEATURES = ('deprecated', 'unstable')


class Type:
    """Common to all types; @where is None for builtins and arrays."""

    pointer = True               # whether the C type is a pointer (NULL: absent)

    def __init__(self, name, expr=None):
        self.name = name
        self.doc = expr.doc if expr else None
        self.where = expr.where if expr else None
        self.module = expr.module if expr else 'builtin'
        self.features = []


class BuiltinType(Type):
    def __init__(self, name):
        super().__init__(name)
        self.c_type, self.visitor, self.json_type = BUILTINS[name]
        self.pointer = self.c_type.endswith('*')


class ArrayType(Type):
    def __init__(self, element):
        super().__init__(element.name + 'List')
        self.element = element
        self.module = element.module


class EnumType(Type):
    pointer = False

    def __init__(self, name, expr, values, prefix=None):
        super().__init__(name, expr)
        self.values, self.prefix = values, prefix      # values: list of EnumValue


class EnumValue:
    def __init__(self, name, features):
        self.name, self.features = name, features


class Member:
    def __init__(self, name, type_, optional, features):
        self.name, self.type, self.optional, self.features = name, type_, optional, features


class ObjectType(Type):
    """struct, union, or the implicit type of arguments (where implicit is True)."""

    def __init__(self, name, expr, implicit=False):
        super().__init__(name, expr)
        self.implicit = implicit
        self.base = None
        self.local_members = []
        self.tag = None              # the discriminator, a Member
        self.variants = {}           # tag value -> ObjectType

    def members(self):
        return (self.base.members() if self.base else []) + self.local_members


class AlternateType(Type):
    def __init__(self, name, expr):
        super().__init__(name, expr)
        self.branches = {}           # name -> Type


class Command:
    def __init__(self, name, expr):
        self.name, self.doc, self.where = name, expr.doc, expr.where
        self.module = expr.module
        self.args = self.returns = None
        self.boxed = self.oob = self.preconfig = self.raw = False
        self.gen = self.success_response = True
        self.hmp, self.features, self.cond = [], [], None


class Event:
    def __init__(self, name, expr):
        self.name, self.doc, self.where = name, expr.doc, expr.where
        self.module = expr.module
        self.args, self.boxed, self.features, self.cond = None, False, [], None


class Option:
    """A command-line option. kind: none, str, props (open key=value), or struct."""

    def __init__(self, name, expr):
        self.name, self.doc, self.where = name, expr.doc, expr.where
        self.module = expr.module
        self.kind, self.type = 'none', None
        self.alias = self.implied = self.syntax = self.group = None
        self.repeat = self.help = False
        self.lists = []              # keys that accumulate to arrays
        self.features, self.cond = [], None


KEYS = {
    'struct': ({'data'}, {'base', 'features'}),
    'union': ({'base', 'discriminator', 'data'}, {'features'}),
    'alternate': ({'data'}, {'features'}),
    'enum': ({'data'}, {'prefix', 'features'}),
    'command': (set(), {'data', 'returns', 'boxed', 'gen', 'success-response', 'allow-oob',
                        'allow-preconfig', 'coroutine', 'raw', 'features', 'if', 'hmp'}),
    'event': (set(), {'data', 'boxed', 'features', 'if'}),
    'option': ({'group'}, {'data', 'alias', 'implied', 'syntax', 'repeat', 'help', 'lists',
                           'features', 'if'}),
}


class Schema:
    def __init__(self, path):
        self.parser = Parser(path)
        self.types = {name: BuiltinType(name) for name in BUILTINS}
        self.arrays = {}
        self.commands, self.events, self.options = [], [], []
        self.definitions = []
        self.modules = []
        self._names = {}
        exprs = [(e, self._kind(e)) for e in self.parser.exprs]
        for e, kind in exprs:
            self._declare(e, kind)
        for e, kind in exprs:
            getattr(self, '_define_' + kind)(e, self._names[(self._space(kind), e.value[kind])])
        for d in self.definitions:
            if isinstance(d, ObjectType):
                self._check_bases(d)
        for d in self.definitions:
            if isinstance(d, ObjectType):
                self._check_clashes(d)
            if isinstance(d, Option):
                self._check_lists(d)
            self._check_doc(d)

    # ---- declarations ----

    @staticmethod
    def _space(kind):
        return kind if kind in ('command', 'event', 'option') else 'type'

    def _kind(self, e):
        if not isinstance(e.value, dict):
            raise SchemaError(e.where, 'a definition is an object')
        kinds = [k for k in e.value if k in KEYS]
        if len(kinds) != 1 or next(iter(e.value)) != kinds[0]:
            raise SchemaError(e.where, 'a definition begins with one of '
                              + ', '.join(f"'{k}'" for k in KEYS))
        kind = kinds[0]
        required, optional = KEYS[kind]
        name = e.value[kind]
        if not isinstance(name, str):
            raise SchemaError(e.where, f"the name of the {kind} is not a string")
        for key in e.value:
            if key != kind and key not in required | optional:
                raise SchemaError(e.where, f"{kind} '{name}' has an unknown key '{key}'")
        for key in required:
            if key not in e.value:
                raise SchemaError(e.where, f"{kind} '{name}' lacks key '{key}'")
        for key in ('boxed', 'allow-oob', 'allow-preconfig', 'coroutine', 'raw', 'repeat', 'help'):
            if e.value.get(key, True) is not True:
                raise SchemaError(e.where, f"'{key}' of {kind} '{name}' can only be true")
        for key in ('gen', 'success-response'):
            if e.value.get(key, False) is not False:
                raise SchemaError(e.where, f"'{key}' of {kind} '{name}' can only be false")
        return kind

    def _declare(self, e, kind):
        name = e.value[kind]
        exceptions = self.parser.pragma.get('command-name-exceptions', [])
        rules = {'command': r'[a-z][a-z0-9-]*$', 'event': r'[A-Z][A-Z0-9_]*$',
                 'option': r'[A-Za-z][A-Za-z0-9_-]*$'}
        if not re.match(rules.get(kind, r'[A-Z][A-Za-z0-9]*$'), name) and \
                not (kind == 'command' and name in exceptions):
            raise SchemaError(e.where, f"'{name}' is not a proper name of a {kind}")
        if self._space(kind) == 'type' and name.endswith('List'):
            raise SchemaError(e.where, f"type name '{name}' ends in 'List', which the arrays have")
        key = (self._space(kind), name)
        if key in self._names:
            raise SchemaError(e.where, f"{key[0]} '{name}' is defined twice")
        new = {'struct': ObjectType, 'union': ObjectType, 'alternate': AlternateType,
               'command': Command, 'event': Event, 'option': Option}.get(kind)
        d = EnumType(name, e, []) if kind == 'enum' else new(name, e)
        self._names[key] = d
        self.definitions.append(d)
        if self._space(kind) == 'type':
            self.types[name] = d
        else:
            getattr(self, kind + 's').append(d)
        if d.module not in self.modules:
            self.modules.append(d.module)

    # ---- references ----

    def lookup(self, ref, where):
        """The type that a schema value names: 'T' or ['T']."""
        if isinstance(ref, list):
            if len(ref) != 1 or not isinstance(ref[0], str):
                raise SchemaError(where, "an array type is written ['TYPE']")
            element = self.lookup(ref[0], where)
            if element.name == 'null':
                raise SchemaError(where, "an array of 'null' is of no use")
            return self.arrays.setdefault(element.name, ArrayType(element))
        if not isinstance(ref, str):
            raise SchemaError(where, 'a type is named by a string or an array of one string')
        if ref not in self.types:
            raise SchemaError(where, f"unknown type '{ref}'")
        return self.types[ref]

    def _features(self, value, where):
        out = []
        for f in value.get('features', []):
            name = f if isinstance(f, str) else f.get('name') if isinstance(f, dict) else None
            if not isinstance(name, str) or not re.match(r'[a-z][a-z0-9-]*$', name):
                raise SchemaError(where, f'improper feature {f!r}')
            if name in out:
                raise SchemaError(where, f"feature '{name}' is given twice")
            out.append(name)
        return out

    def _members(self, data, where):
        out = []
        if not isinstance(data, dict):
            raise SchemaError(where, 'members are an object of names and types')
        for key, value in data.items():
            name = key.lstrip('*') if key.startswith('*') else key
            if not re.match(r'[a-z][a-z0-9_.-]*$', name) and \
                    name not in self.parser.pragma.get('member-name-exceptions', []):
                raise SchemaError(where, f"'{key}' is not a proper name of a member")
            if any(m.name.replace('-', '_') == name.replace('-', '_') for m in out):
                raise SchemaError(where, f"member '{name}' is given twice")
            features = []
            if isinstance(value, dict):
                if set(value) - {'type', 'features'} or 'type' not in value:
                    raise SchemaError(where, f"member '{name}' is a type or an object of "
                                      "'type' and 'features'")
                features = self._features(value, where)
                value = value['type']
            out.append(Member(name, self.lookup(value, where), key != name, features))
        return out

    # ---- definitions ----

    def _define_struct(self, e, d):
        d.features = self._features(e.value, e.where)
        d.local_members = self._members(e.value['data'], e.where)
        if 'base' in e.value:
            d.base = self._object(e.value['base'], e.where, 'base')
            if d.base.tag or e.value['base'] == d.name:
                raise SchemaError(e.where, f"base '{d.base.name}' is not a plain struct")

    def _object(self, ref, where, role):
        type_ = self.lookup(ref, where)
        if not isinstance(type_, ObjectType):
            raise SchemaError(where, f"{role} '{ref}' is not a struct")
        return type_

    def _define_union(self, e, d):
        d.features = self._features(e.value, e.where)
        base = e.value['base']
        if isinstance(base, dict):
            d.local_members = self._members(base, e.where)
        else:
            d.base = self._object(base, e.where, 'base')
        if not isinstance(e.value['data'], dict):
            raise SchemaError(e.where, 'branches are an object of names and types')
        d.union_data = e.value['data']
        d.union_tag = e.value['discriminator']

    def _finish_union(self, d):
        tag = [m for m in d.members() if m.name == d.union_tag]
        if not tag:
            raise SchemaError(d.where, f"discriminator '{d.union_tag}' is not a member of the base")
        d.tag = tag[0]
        if not isinstance(d.tag.type, EnumType):
            raise SchemaError(d.where, f"discriminator '{d.tag.name}' is not of an enum type")
        if d.tag.optional:
            raise SchemaError(d.where, f"discriminator '{d.tag.name}' is optional")
        for name, ref in d.union_data.items():
            if name not in [v.name for v in d.tag.type.values]:
                raise SchemaError(d.where, f"branch '{name}' is not a value of enum "
                                  f"'{d.tag.type.name}'")
            if isinstance(ref, dict):
                ref = ref.get('type')
            d.variants[name] = self._object(ref, d.where, 'branch')

    def _define_alternate(self, e, d):
        seen = {}
        if not isinstance(e.value['data'], dict) or len(e.value['data']) < 2:
            raise SchemaError(e.where, f"alternate '{d.name}' has fewer than two branches")
        for name, ref in e.value['data'].items():
            if isinstance(ref, dict):
                ref = ref.get('type')
            type_ = self.lookup(ref, e.where)
            for json in self._json_types(type_, e.where):
                if json in seen:
                    raise SchemaError(e.where, f"branches '{seen[json]}' and '{name}' of "
                                      f"alternate '{d.name}' both take a JSON {json}")
                seen[json] = name
            d.branches[name] = type_
        # In option strings every scalar is a string: it must be clear which is meant.
        if 'string' in seen and seen.keys() & {'int', 'number', 'boolean'}:
            raise SchemaError(e.where, f"branches of alternate '{d.name}' cannot be told apart "
                              "in option strings")

    @staticmethod
    def _json_types(type_, where):
        if isinstance(type_, ObjectType):
            return ['object']
        if isinstance(type_, ArrayType):
            return ['array']
        if isinstance(type_, EnumType):
            return ['string']
        if isinstance(type_, BuiltinType) and type_.name != 'any':
            json = JSON_TYPES[type_.json_type]
            return ['int', 'number'] if json == 'number' else [json]
        raise SchemaError(where, f"'{type_.name}' cannot be the branch of an alternate")

    def _define_enum(self, e, d):
        d.features = self._features(e.value, e.where)
        d.prefix = e.value.get('prefix')
        if not isinstance(e.value['data'], list):
            raise SchemaError(e.where, 'the values of an enum are an array')
        for v in e.value['data']:
            features = []
            if isinstance(v, dict):
                features = self._features(v, e.where)
                v = v.get('name')
            if not isinstance(v, str) or not re.match(r'[A-Za-z0-9][A-Za-z0-9_.+-]*$', v):
                raise SchemaError(e.where, f"improper value {v!r} of enum '{d.name}'")
            if v in [x.name for x in d.values]:
                raise SchemaError(e.where, f"value '{v}' of enum '{d.name}' is given twice")
            d.values.append(EnumValue(v, features))

    def _args(self, e, d, suffix):
        data = e.value.get('data')
        d.boxed = 'boxed' in e.value
        if data is None:
            if d.boxed:
                raise SchemaError(e.where, f"'{d.name}' is boxed but has no data")
            return None
        if isinstance(data, dict):
            if d.boxed:
                raise SchemaError(e.where, f"'{d.name}' is boxed but names no type")
            t = ObjectType(f'{d.name}-{suffix}', e, implicit=True)
            t.local_members = self._members(data, e.where)
            t.doc = None
            return t if t.local_members else None
        t = self.lookup(data, e.where)
        if not isinstance(t, ObjectType) and not (d.boxed and isinstance(t, AlternateType)):
            raise SchemaError(e.where, f"data '{data}' of '{d.name}' is not a struct")
        if not d.boxed and hasattr(t, 'union_data'):
            raise SchemaError(e.where, f"data of '{d.name}' is a union and must be boxed")
        return t

    def _define_command(self, e, d):
        d.features = self._features(e.value, e.where)
        d.args = self._args(e, d, 'arg')
        if 'returns' in e.value:
            d.returns = self.lookup(e.value['returns'], e.where)
            allowed = self.parser.pragma.get('command-returns-exceptions', [])
            t = d.returns.element if isinstance(d.returns, ArrayType) else d.returns
            if not isinstance(t, ObjectType) and d.name not in allowed:
                raise SchemaError(e.where, f"command '{d.name}' returns no object, which could "
                                  'not be extended later')
        d.oob, d.preconfig = 'allow-oob' in e.value, 'allow-preconfig' in e.value
        d.raw = 'raw' in e.value
        d.gen, d.success_response = 'gen' not in e.value, 'success-response' not in e.value
        d.cond = self._condition(e.value.get('if'), e.where)
        hmp = e.value.get('hmp', [])
        for form in [hmp] if isinstance(hmp, str) else hmp:
            d.hmp.append(self._hmp(form, d, e.where))

    @staticmethod
    def _hmp(form, d, where):
        """'info jit [limit]' -> (words, [(argument, optional, rest of the line, flag)])."""
        words, args = [], []
        members = {m.name: m for m in d.args.members()} if d.args else {}
        if not isinstance(form, str):
            raise SchemaError(where, f"'hmp' of '{d.name}' is a string or an array of strings")
        for word in form.split():
            m = re.match(r'(\[)?(?:(?:-([a-zA-Z])|(/)):)?([a-z][a-z0-9_-]*)(\.\.\.)?(\])?$', word)
            if not m or bool(m.group(1)) != bool(m.group(6)) or (m.group(3) and args):
                raise SchemaError(where, f"improper word '{word}' in 'hmp' of '{d.name}'")
            optional, flag, name, rest = (bool(m.group(1)), m.group(2) or m.group(3),
                                          m.group(4), bool(m.group(5)))
            if name in members and (words or optional):
                if members[name].optional != optional:
                    raise SchemaError(where, f"'{name}' in 'hmp' of '{d.name}' is "
                                      'optional in one place and required in the other')
                args.append((name, optional, rest, flag))
            elif args or optional or flag or rest:
                raise SchemaError(where, f"'{name}' in 'hmp' of '{d.name}' is no argument")
            else:
                words.append(name)
        given = {a[0] for a in args}
        for m in members.values():
            if not m.optional and m.name not in given:
                raise SchemaError(where, f"'hmp' of '{d.name}' lacks argument '{m.name}'")
        return ' '.join(words), args

    def _define_event(self, e, d):
        d.features = self._features(e.value, e.where)
        d.args = self._args(e, d, 'data')
        d.cond = self._condition(e.value.get('if'), e.where)

    def _define_option(self, e, d):
        v = e.value
        d.features = self._features(v, e.where)
        d.cond = self._condition(v.get('if'), e.where)
        for key in ('group', 'alias', 'implied', 'syntax'):
            if not isinstance(v.get(key, ''), str):
                raise SchemaError(e.where, f"'{key}' of option '{d.name}' is not a string")
            setattr(d, key, v.get(key))
        d.repeat, d.help = 'repeat' in v, 'help' in v
        data = v.get('data', 'none')
        if data in ('none', 'str', 'props'):
            d.kind = data
        else:
            d.kind = 'struct'
            d.type = self.lookup(data, e.where)
            if not isinstance(d.type, ObjectType):
                raise SchemaError(e.where, f"data of option '{d.name}' is not a struct, nor one of "
                                  "'none', 'str', 'props'")
        if d.repeat and d.type:
            self.lookup([data], e.where)
        if d.implied is not None:
            if d.kind not in ('struct', 'props'):
                raise SchemaError(e.where, f"option '{d.name}' has no keys to imply")
            if d.type and d.implied.split('.')[0] not in [m.name for m in d.type.members()]:
                raise SchemaError(e.where, f"implied key '{d.implied}' of option '{d.name}' "
                                  'is not a member of its type')
        d.lists = v.get('lists', [])
        if d.kind == 'none' and (d.syntax or d.help):
            raise SchemaError(e.where, f"option '{d.name}' takes no argument")
        if d.kind != 'none' and not d.syntax:
            raise SchemaError(e.where, f"option '{d.name}' lacks key 'syntax'")
        if d.alias is not None and ('option', d.alias) in self._names:
            raise SchemaError(e.where, f"alias '{d.alias}' of '{d.name}' is an option itself")

    @staticmethod
    def _check_lists(d):
        """Keys that accumulate are arrays, in the option's type or a branch of it."""
        types = [d.type] + list(d.type.variants.values()) if d.type else []
        for key in d.lists if d.kind != 'props' else []:
            if not any(m.name == key and isinstance(m.type, ArrayType)
                       for t in types for m in t.members()):
                raise SchemaError(d.where, f"'{key}' of option '{d.name}' is not an array")

    @classmethod
    def _condition(cls, value, where):
        """A nested tuple ('is', key, value), ('all', ...), ('any', ...), ('not', x) or None."""
        if value is None:
            return None
        if isinstance(value, str):
            return ('is', 'has', value)
        if isinstance(value, dict) and len(value) == 1:
            key, arg = next(iter(value.items()))
            if key in ('all', 'any') and isinstance(arg, list) and arg:
                return (key,) + tuple(cls._condition(a, where) for a in arg)
            if key == 'not':
                return ('not', cls._condition(arg, where))
            if key == 'target' and isinstance(arg, str):
                return ('is', key, arg)
        raise SchemaError(where, f"improper condition {value!r}")

    # ---- checks of the whole ----

    def _check_bases(self, d):
        seen, base = [d], d.base
        while base:
            if base in seen:
                raise SchemaError(d.where, f"'{d.name}' is its own base")
            seen.append(base)
            base = base.base
        if hasattr(d, 'union_data'):
            self._finish_union(d)
        if d.base and hasattr(d.base, 'union_data'):
            raise SchemaError(d.where, f"base '{d.base.name}' is not a plain struct")

    def _check_clashes(self, d):
        seen = set()
        for m in d.members():
            if m.name in seen:
                raise SchemaError(d.where, f"member '{m.name}' of '{d.name}' is one of its base too")
            seen.add(m.name)
        for name, branch in d.variants.items():
            self._check_embedding(d, branch, (d,))
            for m in branch.members():
                if m.name in seen:
                    raise SchemaError(d.where, f"member '{m.name}' of branch '{name}' is one of "
                                      'the base too')

    def _check_embedding(self, d, branch, path):
        if branch in path:
            raise SchemaError(d.where, f"'{d.name}' contains itself as a branch")
        for sub in branch.variants.values():
            self._check_embedding(d, sub, path + (branch,))

    def _check_doc(self, d):
        kind = 'type' if isinstance(d, Type) else type(d).__name__.lower()
        doc = d.doc
        if not doc:
            raise SchemaError(d.where, f"{kind} '{d.name}' is not documented")
        if doc.symbol != d.name:
            raise SchemaError(doc.where, f"documentation is of '{doc.symbol}', the definition is "
                              f"'{d.name}'")
        if not Doc.text(doc.body):
            raise SchemaError(doc.where, f"documentation of '{d.name}' lacks a description")
        if 'Since' not in doc.sections and isinstance(d, (Command, Event, Option)):
            raise SchemaError(doc.where, f"documentation of '{d.name}' lacks 'Since:'")
        names, features = [], list(d.features) if hasattr(d, 'features') else []
        if isinstance(d, ObjectType):
            names = [m.name for m in d.local_members]
            features += [f for m in d.local_members for f in m.features]
        elif isinstance(d, EnumType):
            names = [v.name for v in d.values]
            features += [f for v in d.values for f in v.features]
        elif isinstance(d, AlternateType):
            names = list(d.branches)
        elif isinstance(d, (Command, Event)) and d.args and d.args.implicit:
            names = [m.name for m in d.args.local_members]
            features += [f for m in d.args.local_members for f in m.features]
        for given, wanted, what in ((doc.members, names, 'member'),
                                    (doc.features, features, 'feature')):
            for name in wanted:
                if name not in given or not Doc.text(given[name]):
                    raise SchemaError(doc.where, f"{what} '{name}' of '{d.name}' is not documented")
            for name in given:
                if name not in wanted:
                    raise SchemaError(doc.where, f"'{d.name}' has no {what} '{name}', but its "
                                      'documentation has')
        for section in ('Returns', 'Errors'):
            if section in doc.sections and not isinstance(d, Command):
                raise SchemaError(doc.where, f"'{section}:' makes no sense for '{d.name}'")
