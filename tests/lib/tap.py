# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of many small cases: each prints a line that tests/run counts ("protocol: tap").

cases = tap.Cases()
with cases.case('name'):
    rhea.check(...)
cases.end()
"""

import contextlib
import sys
import traceback

import rhea
from rhea import QmpError, TestFailure


class Cases:
    def __init__(self):
        self.count = self.failed = 0

    @contextlib.contextmanager
    def case(self, name):
        """A case: it fails by an exception, and the next one runs all the same."""
        self.count += 1
        try:
            yield
        except (TestFailure, QmpError) as e:
            self._failed(name, str(e))
        except Exception as e:      # a fault of the test: no reason to lose the others
            traceback.print_exc(file=sys.stdout)
            self._failed(name, '%s: %s' % (type(e).__name__, e))
        else:
            print('ok %d - %s' % (self.count, name), flush=True)

    def _failed(self, name, why):
        self.failed += 1
        print('not ok %d - %s: %s' % (self.count, name, ' '.join(why.split())), flush=True)

    def skip_untranslated(self, *names):
        """Skips them in a build with the interpreter alone; whether it did."""
        for name in () if rhea.translates() else names:
            self.skip(name, rhea.INTERPRETER_ALONE)
        return not rhea.translates()

    def skip(self, name, reason):
        self.count += 1
        print('ok %d - %s # skip %s' % (self.count, name, reason), flush=True)

    def end(self):
        """Print the plan and end the program."""
        print('1..%d' % self.count, flush=True)
        sys.exit(1 if self.failed else 0)
