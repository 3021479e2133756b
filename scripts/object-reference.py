#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Write the reference chapters of what the object model has: machines, CPU models, devices,
objects that users make and accelerators, each with its properties.

    object-reference.py [--labels QMP-REF.RST] RHEA DIR

Everything is asked of the program RHEA by QMP, once a target, and by "-device help", so that
the chapters say what that very program accepts. Types that the file of --labels has a
section on are linked.
"""

import argparse
import json
import os
import re
import subprocess
import sys

SPDX = ('.. SPDX-License-Identifier: GPL-2.0-or-later\n'
        '.. Generated from the object model, do not edit.\n\n')
TIME_LIMIT_S = 60


def run(command, text=''):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True,
                          timeout=TIME_LIMIT_S)
    if done.returncode:
        sys.exit(f'object-reference: {" ".join(command)} ended with {done.returncode}')
    return done.stdout


class Target:
    """What the program is like for one target."""

    def __init__(self, program, name):
        self.program = [program, '-target', name]
        types, machines, cpus = self.ask(
            ('qom-list-types', {'abstract': True}), ('query-machines', {}),
            ('query-cpu-definitions', {}))
        self.types = {t['name']: t for t in types}
        self.machines = [m['name'] for m in machines]
        self.cpus = {c['name']: c['typename'] for c in cpus}
        self.cpu_features = dict(zip(self.cpus, (r['model'].get('props', {}) for r in self.ask(
            *[('query-cpu-model-expansion', {'type': 'full', 'model': {'name': c}})
              for c in self.cpus]))))
        names = list(self.types)
        self.properties = dict(zip(names, self.ask(
            *[('qom-list-properties', {'typename': t}) for t in names])))
        self.device_help = run(self.program + ['-device', 'help'])
        self.user_objects = set(re.findall(r'^  (\S+)', run(self.program + ['-object', 'help']),
                                           re.M))

    def ask(self, *commands):
        requests = [('qmp_capabilities', {}), *commands, ('quit', {})]
        text = ''.join(json.dumps({'execute': c, 'arguments': a}) for c, a in requests)
        replies = [json.loads(line) for line in run(
            self.program + ['-M', 'none', '-nodefaults', '-display', 'none', '-qmp', 'stdio'],
            text).splitlines()]
        for r in replies:
            if 'error' in r:
                sys.exit(f'object-reference: {r["error"]["desc"]}')
        return [r['return'] for r in replies if 'return' in r][1:-1]

    def is_a(self, name, base):
        while name and name != base:
            name = self.types[name].get('parent')
        return name == base


class Model:
    """All targets together: a type is described once, with the targets that have it."""

    def __init__(self, program, labels):
        names = re.findall(r'^  (\S+)', run([program, '-target', 'help']), re.M)
        self.targets = {n: Target(program, n) for n in names}
        self.labels = labels

    def types(self, base, abstract=False):
        return sorted({n for t in self.targets.values() for n, i in t.types.items()
                       if t.is_a(n, base) and (abstract or not i.get('abstract'))})

    def having(self, name):
        return [n for n, t in self.targets.items() if name in t.types]

    def description(self, name):
        text = self.targets[self.having(name)[0]].types[name].get('description', '')
        return text[:1].upper() + text[1:] + '.' if text else ''

    def properties(self, name, but=()):
        """Those of all targets, without those of types that are described elsewhere."""
        out = {}
        for t in self.having(name):
            known = {p['name'] for b in but for p in self.targets[t].properties[b]}
            for p in self.targets[t].properties[name]:
                if p['name'] not in known:
                    out[p['name']] = p
        return [out[n] for n in sorted(out)]

    def targets_text(self, have):
        return '' if len(have) == len(self.targets) else f'Targets: {", ".join(have)}.\n\n'

    def type_text(self, t):
        array = t.startswith('[') and t.endswith(']')
        name = t[1:-1] if array else t
        text = f':ref:`{name} <qapi-{name}>`' if name in self.labels else f'``{name}``'
        return 'array of ' + text if array else text

    def property_list(self, properties):
        out = ''
        for p in properties:
            out += f'``{p["name"]}``: {self.type_text(p["type"])}\n'
            text = escaped(p.get('description', ''))
            if 'default-value' in p:
                text += f' (default: ``{default_text(p["default-value"])}``)'
            out += f'    {text.strip() or "..."}\n\n'
        return out


def default_text(value):
    if isinstance(value, bool):
        return 'on' if value else 'off'
    return value if isinstance(value, str) and value else json.dumps(value)


def escaped(text):
    return re.sub(r'([\\*`|_])', r'\\\1', text)


def title(text, char):
    return f'{text}\n{char * len(text)}\n\n'


def section(model, name, head, but, char='-', have=None):
    properties = model.properties(name, but)
    out = title(head, char) + escaped(model.description(name)) + '\n\n'
    out += model.targets_text(have or model.having(name))
    return out + model.property_list(properties)


def machines(model):
    out = SPDX + title('Machines', '=') + (
        '``-machine NAME,PROPERTY=VALUE`` chooses a machine and sets its properties;\n'
        '``-machine help`` lists what there is.\n\n')
    out += title('All machines', '-') + model.property_list(model.properties('machine', ['object']))
    for name in sorted({m for t in model.targets.values() for m in t.machines}):
        have = [n for n, t in model.targets.items() if name in t.machines]
        out += f'.. _machine-{name}:\n\n'
        out += section(model, f'{name}-machine', f'Machine {name}', ['machine'], have=have)
    return out


def cpus(model):
    """Models of one parent have the same properties: they differ in what is on."""
    out = SPDX + title('CPU models', '=') + (
        '``-cpu MODEL,PROPERTY=VALUE`` chooses a model and changes its features; ``-cpu help``\n'
        'lists what there is.\n\n')
    by_parent = {}
    for n, t in model.targets.items():
        for cpu, typename in t.cpus.items():
            rows = by_parent.setdefault(t.types[typename]['parent'], {})
            rows.setdefault((cpu, typename), []).append(n)
    for parent, rows in sorted(by_parent.items()):
        out += title('Models of ' + parent, '-')
        for (cpu, typename), have in sorted(rows.items()):
            features = model.targets[have[0]].cpu_features[cpu]
            on = ' '.join(sorted(k for k, v in features.items() if v is True))
            out += f'``{cpu}`` ({", ".join(have)})\n    {escaped(model.description(typename))}\n'
            out += f'    On by default: {escaped(on)}.\n\n'
        out += title('Properties of ' + parent, '-')
        out += model.property_list(model.properties(sorted(rows)[0][1], ['device']))
    return out


def devices(model):
    categories, buses = {}, {}
    for t in model.targets.values():
        category = ''
        for line in t.device_help.splitlines():
            if line.endswith('devices:'):
                category = line[:-1]
            found = re.match(r'name "([^"]+)"(?:, bus ([^ ,]+))?', line)
            if found:
                categories[found[1]] = category
                buses[found[1]] = found[2]
    out = SPDX + title('Devices', '=') + (
        '``-device DRIVER,PROPERTY=VALUE`` and ``device_add`` make a device; ``-global\n'
        'DRIVER.PROPERTY=VALUE`` sets a default for all of its type, boards\' own too.\n'
        '``-device help`` lists what users may make, ``-device DRIVER,help`` its '
        'properties.\n\n')
    out += title('All devices', '-') + model.property_list(model.properties('device', ['object']))
    names = [n for n in model.types('device') if not any(
        t.is_a(n, 'cpu') for t in model.targets.values() if n in t.types)]
    for category in sorted(set(categories.values())) + [None]:
        members = [n for n in names if categories.get(n) == category]
        if not members:
            continue
        out += title(category or 'Devices of boards', '-')
        if not category:
            out += ('Boards and other devices make these; ``-device`` does not, unless the '
                    'board lets users add some.\n\n')
        for n in members:
            out += f'.. _device-{n}:\n\n' + title(n, '~')
            out += escaped(model.description(n)) + '\n\n'
            if buses.get(n):
                out += f'Bus: ``{buses[n]}``.\n\n'
            out += model.targets_text(model.having(n))
            out += model.property_list(model.properties(n, ['device']))
    return out


def objects(model):
    out = SPDX + title('Objects and accelerators', '=')
    out += title('Objects that users make', '-') + (
        '``-object TYPE,id=ID,PROPERTY=VALUE``, ``object-add`` and ``object_add`` make one.\n\n')
    for n in sorted({o for t in model.targets.values() for o in t.user_objects}):
        out += f'.. _object-{n}:\n\n' + section(model, n, n, ['object'], '~')
    out += title('Accelerators', '-') + (
        '``-accel NAME,PROPERTY=VALUE`` says what runs the guest\'s code.\n\n')
    for n in model.types('accel'):
        name = n.removesuffix('-accel')
        out += f'.. _accel-{name}:\n\n' + section(model, n, name, ['object'], '~')
    return out


def main():
    ap = argparse.ArgumentParser(description='Write reference chapters of the object model.')
    ap.add_argument('--labels', help='reference of the schema, whose types are linked')
    ap.add_argument('program')
    ap.add_argument('dir')
    args = ap.parse_args()
    labels = set()
    if args.labels:
        with open(args.labels, encoding='utf-8') as f:
            labels = set(re.findall(r'^\.\. _qapi-(\S+):', f.read(), re.M))
    model = Model(args.program, labels)
    os.makedirs(args.dir, exist_ok=True)
    for name, write in (('machines', machines), ('cpus', cpus), ('devices', devices),
                        ('objects', objects)):
        with open(os.path.join(args.dir, name + '-ref.rst'), 'w', encoding='utf-8') as f:
            f.write(write(model))


if __name__ == '__main__':
    main()
