"""Device code is on no host's import path; the tests of its pure modules put it there.

The virtual chips run on both interpreters.
"""

import sys

from tests.interpreters import ROOT

sys.path.insert(0, str(ROOT / "firmware" / "app"))
sys.path.append(str(ROOT / "simulators" / "board"))
