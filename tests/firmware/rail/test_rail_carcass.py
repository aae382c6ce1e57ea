"""Whose tag is it: the rules of the rail, on the interpreter whose ticks they count."""

import re

import pytest

from tests.interpreters import ROOT, run_micropython

SCRIPT = "tests/micropython/rail_carcass.py"
TESTS = re.findall(r"^def (test_\w+)", (ROOT / SCRIPT).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", TESTS)
def test_at_the_rail(name: str) -> None:
    done = run_micropython(SCRIPT, name)
    assert done.returncode == 0, done.stdout + done.stderr
