# SPDX-License-Identifier: GPL-2.0-or-later
# Configuration of the manual: sphinx-build -W docs OUTPUT
import os
import re
import subprocess
import sys

from sphinx.errors import ExtensionError

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'meson.build')) as f:
    release = re.search(r"version: '([^']+)'", f.read())[1]

project = 'Rhea'
copyright = 'The Rhea developers'
author = 'The Rhea developers'
version = release
root_doc = 'index'
source_suffix = '.rst'
exclude_patterns = []
highlight_language = 'none'
pygments_style = 'sphinx'
html_theme = 'alabaster'
html_theme_options = {
    'description': 'A full-system emulator and virtualizer',
    'fixed_sidebar': True,
}
html_show_sourcelink = False
html_copy_source = False
man_pages = []


def generate_reference(app):
    """
    The reference chapters come from the schema, the tables of trace events and, for machines
    and devices, from the built program (in build/, or where RHEA_BUILD says).
    """
    top = os.path.dirname(os.path.abspath(app.srcdir))
    program = os.path.join(os.environ.get('RHEA_BUILD', os.path.join(top, 'build')), 'rhea')
    if not os.path.exists(program):
        raise ExtensionError(f'the reference of devices asks {program}, which is not built')
    subprocess.run([sys.executable, '-B', os.path.join(top, 'scripts', 'qapi', 'qapi-gen.py'),
                    '--docs', '-o', os.path.join(app.srcdir, 'reference'),
                    os.path.join(top, 'qapi', 'qapi-schema.json')], check=True)
    subprocess.run([sys.executable, '-B', os.path.join(top, 'scripts', 'tracegen.py'),
                    '--docs', os.path.join(app.srcdir, 'reference', 'trace-events-ref.rst'),
                    top], check=True)
    subprocess.run([sys.executable, '-B', os.path.join(top, 'scripts', 'object-reference.py'),
                    '--labels', os.path.join(app.srcdir, 'reference', 'qmp-ref.rst'),
                    program, os.path.join(app.srcdir, 'reference')], check=True)


def setup(app):
    app.connect('builder-inited', generate_reference)
