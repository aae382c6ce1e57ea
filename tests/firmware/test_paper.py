"""What a printer owes, on the real interpreter and its littlefs."""

import re

import pytest

from tests.firmware.test_history import SEARCH_PATH
from tests.interpreters import ROOT, run_micropython

SCRIPT = "tests/micropython/device_paper.py"
TESTS = re.findall(r"^def (test_\w+)", (ROOT / SCRIPT).read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", TESTS)
def test_on_littlefs(name: str) -> None:
    done = run_micropython(SCRIPT, name, search_path=SEARCH_PATH, heap="4M")
    assert done.returncode == 0, done.stdout + done.stderr
