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


def test_a_line_costs_less_than_a_fifth_of_a_block_erase_per_record_also_without_paper() -> None:
    done = run_micropython("tests/micropython/line_wear.py", search_path=SEARCH_PATH, heap="16M")
    assert done.returncode == 0, done.stdout + done.stderr
    with_paper, without = map(float, re.findall(r"paper: ([0-9.]+) erases", done.stdout))
    assert with_paper < 0.185 and without < 0.2, done.stdout
