#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The schema compiler: reads qapi/*.json, writes C, documentation and completion.

    qapi-gen.py [-p PREFIX] [-i INCLUDE_DIR/] [--builtins] [--docs] [-o DIR] SCHEMA

Files that would not change are left alone, so that nothing is rebuilt for them. The
language is described in docs/devel/qapi.rst.
"""

import argparse
import os
import sys

from qapigen import (gen_commands, gen_completion, gen_docs, gen_events, gen_hmp,
                     gen_introspect, gen_options, gen_types)
from qapigen.common import Output
from qapigen.parser import SchemaError
from qapigen.schema import Schema


def write(path, text):
    try:
        with open(path, encoding='utf-8') as f:
            if f.read() == text:
                return
    except OSError:
        pass
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def main():
    ap = argparse.ArgumentParser(description='Compile a QAPI schema.')
    ap.add_argument('-o', dest='dir', help='output directory; without it the schema is only checked')
    ap.add_argument('-p', dest='prefix', default='', help='prefix of file and table names')
    ap.add_argument('-i', dest='include_dir', default='', help='folder in #include lines')
    ap.add_argument('--builtins', action='store_true', help='write lists of builtin types')
    ap.add_argument('--docs', action='store_true',
                    help='write documentation and completion instead of C')
    ap.add_argument('schema')
    args = ap.parse_args()
    try:
        schema = Schema(args.schema)
    except SchemaError as e:
        sys.exit(f'qapi-gen: {e}')
    out = Output(args.prefix, args.include_dir, args.builtins)
    code = (gen_types, gen_commands, gen_events, gen_introspect, gen_options, gen_hmp)
    for emitter in (gen_docs, gen_completion) if args.docs else code:
        emitter.emit(schema, out)
    if not args.dir:
        return
    os.makedirs(args.dir, exist_ok=True)
    for name, text in out.files.items():
        write(os.path.join(args.dir, name), text)


if __name__ == '__main__':
    main()
