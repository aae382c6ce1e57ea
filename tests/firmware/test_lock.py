"""The lock and the event counter on the real interpreter's littlefs; a scale's story is in test_sealed_scale.py."""

import re

import pytest

from tests.interpreters import ROOT, run_micropython

SCRIPT = "tests/micropython/device_lock.py"
SEARCH_PATH = "simulators/board:firmware/lib:firmware/app:tests/micropython:.frozen"
TESTS = re.findall(r"^def (test_\w+)", (ROOT / SCRIPT).read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", TESTS)
def test_on_littlefs(name: str) -> None:
    done = run_micropython(SCRIPT, name, search_path=SEARCH_PATH, heap="4M")
    assert done.returncode == 0, done.stdout + done.stderr
