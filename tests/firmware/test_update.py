"""Firmware update under the real interpreter and its own littlefs."""

import re

import pytest

from tests.interpreters import ROOT, run_micropython

SEARCH_PATH = "simulators/board:firmware/lib:firmware/app:tests/micropython:.frozen"
SCRIPTS = ("tests/micropython/device_download.py", "tests/micropython/device_loader.py")
TESTS = [
    (script, name) for script in SCRIPTS for name in re.findall(r"^def (test_\w+)", (ROOT / script).read_text(), re.M)
]


@pytest.mark.parametrize(("script", "name"), TESTS)
def test_on_littlefs(script: str, name: str) -> None:
    done = run_micropython(script, name, search_path=SEARCH_PATH, heap="8M")
    assert done.returncode == 0, done.stdout + done.stderr
