"""Lock, event counter, changes under the seal on the interpreter's littlefs; a scale's story: test_sealed_scale.py."""

import re

import pytest

from tests.interpreters import ROOT, run_micropython

SCRIPTS = ("tests/micropython/device_lock.py", "tests/micropython/device_adjust.py")
SEARCH_PATH = "simulators/board:firmware/lib:firmware/app:tests/micropython:.frozen"
TESTS = [
    (script, name) for script in SCRIPTS for name in re.findall(r"^def (test_\w+)", (ROOT / script).read_text(), re.M)
]


@pytest.mark.parametrize(("script", "name"), TESTS)
def test_on_littlefs(script: str, name: str) -> None:
    done = run_micropython(script, name, search_path=SEARCH_PATH, heap="4M")
    assert done.returncode == 0, done.stdout + done.stderr
