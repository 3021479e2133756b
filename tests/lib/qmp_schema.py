# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of QMP messages against the schema that the process itself publishes."""

import rhea

JSON_TYPES = {'string': str, 'boolean': bool, 'null': type(None), 'object': dict,
              'array': list}


class Schema:
    """What query-qmp-schema has returned."""

    def __init__(self, entities):
        self.types, self.commands, self.events = {}, {}, {}
        for e in entities:
            kind = {'command': self.commands, 'event': self.events}.get(e['meta-type'],
                                                                        self.types)
            rhea.check(e['name'] not in kind, 'two entities %r' % e['name'])
            kind[e['name']] = e
        self.check_itself()

    def check_itself(self):
        """Every type that is referred to is there, and every type is referred to."""
        used = {'SchemaInfo'}

        def refer(owner, name):
            rhea.check(name in self.types, '%s refers to %r' % (owner, name))
            used.add(name)

        for c in self.commands.values():
            refer(c['name'], c['arg-type'])
            refer(c['name'], c['ret-type'])
            rhea.check(self.types[c['arg-type']]['meta-type'] == 'object', c)
        for e in self.events.values():
            refer(e['name'], e['arg-type'])
        for name, t in self.types.items():
            for m in t.get('members', []):
                if 'type' in m:
                    refer(name, m['type'])
            for v in t.get('variants', []):
                refer(name, v['type'])
            if 'element-type' in t:
                refer(name, t['element-type'])
            if 'tag' in t:
                tags = [m for m in t['members'] if m['name'] == t['tag']]
                rhea.check(len(tags) == 1, '%s has no member %r' % (name, t['tag']))
                values = self.types[tags[0]['type']]['values']
                for v in t['variants']:
                    rhea.check(v['case'] in values, '%s has a variant %r' % (name, v['case']))
        unused = {n for n, t in self.types.items() if t['meta-type'] != 'builtin'} - used
        rhea.check(not unused, 'types that nothing uses: %s' % sorted(unused))

    # --- values --------------------------------------------------------------------------
    def fits(self, name, value):
        try:
            self.check(name, value, '')
        except rhea.TestFailure:
            return False
        return True

    def check(self, name, value, where):
        """`value` is one of type `name`; `where` is for messages."""
        t = self.types[name]
        getattr(self, 'check_' + t['meta-type'])(t, value, where)

    def check_builtin(self, t, value, where):
        kind = t['json-type']
        if kind == 'value':
            return
        if kind == 'int':
            good = isinstance(value, int) and not isinstance(value, bool)
        elif kind == 'number':
            good = isinstance(value, (int, float)) and not isinstance(value, bool)
        else:
            good = isinstance(value, JSON_TYPES[kind])
        rhea.check(good, '%s is %r, which is no %s' % (where, value, kind))

    def check_enum(self, t, value, where):
        values = [m['name'] for m in t['members']]
        rhea.check(values == t['values'], 'members and values of %s differ' % t['name'])
        rhea.check(value in values, '%s is %r, not of %s' % (where, value, values))

    def check_array(self, t, value, where):
        rhea.check(isinstance(value, list), '%s is no array: %r' % (where, value))
        for i, item in enumerate(value):
            self.check(t['element-type'], item, '%s[%d]' % (where, i))

    def check_object(self, t, value, where):
        rhea.check(isinstance(value, dict), '%s is no object: %r' % (where, value))
        left = self.members(t, value, where)
        rhea.check(not left, '%s has members %s, which are not in the schema' % (
            where, sorted(left)))

    def members(self, t, value, where):
        """Check the members that the type knows; those it does not know."""
        left = set(value)
        for m in t['members']:
            if m['name'] in value:
                self.check(m['type'], value[m['name']], '%s.%s' % (where, m['name']))
                left.discard(m['name'])
            else:
                rhea.check('default' in m, '%s lacks %r' % (where, m['name']))
        for v in t.get('variants', []):
            if v['case'] == value.get(t['tag']):
                variant = self.types[v['type']]
                left &= self.members(variant, {k: value[k] for k in left}, where)
        return left

    def check_alternate(self, t, value, where):
        rhea.check(any(self.fits(m['type'], value) for m in t['members']),
                   '%s is %r, which fits nothing of %s' % (where, value, t['name']))

    # --- messages ------------------------------------------------------------------------
    def check_reply(self, command, answer):
        """A reply to `command`, an error included."""
        if 'error' in answer:
            rhea.check(set(answer) <= {'error', 'id'} and
                       set(answer['error']) == {'class', 'desc'} and
                       all(isinstance(v, str) for v in answer['error'].values()),
                       'form of an error: %r' % answer)
            return
        rhea.check(set(answer) <= {'return', 'id'}, 'form of a reply: %r' % answer)
        self.check(self.commands[command]['ret-type'], answer['return'], command)

    def check_event(self, event):
        name = event.get('event')
        rhea.check(name in self.events, 'the schema has no event %r' % name)
        rhea.check(set(event) <= {'event', 'timestamp', 'data'} and
                   {k: type(v) for k, v in event['timestamp'].items()} ==
                   {'seconds': int, 'microseconds': int}, 'form of an event: %r' % event)
        t = self.types[self.events[name]['arg-type']]
        rhea.check(('data' in event) == bool(t['members'] or t.get('variants')),
                   'data of an event: %r' % event)
        self.check_object(t, event.get('data', {}), name)
