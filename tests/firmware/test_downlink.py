"""What comes down, under the real interpreter."""

import re

import pytest

from tests.interpreters import ROOT, run_micropython

SCRIPT = "tests/micropython/device_downlink.py"
SEARCH_PATH = "simulators/board:firmware/lib:firmware/app:tests/micropython:.frozen"
TESTS = re.findall(r"^def (test_\w+)", (ROOT / SCRIPT).read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", TESTS)
def test_on_littlefs(name: str) -> None:
    done = run_micropython(SCRIPT, name, search_path=SEARCH_PATH, heap="8M")
    assert done.returncode == 0, done.stdout + done.stderr
