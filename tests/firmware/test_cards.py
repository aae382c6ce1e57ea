"""Cards under the real interpreter: every refusal, and every moment at which a card can be pulled out."""

import re

import pytest

from tests.interpreters import ROOT, run_micropython

SEARCH_PATH = "simulators/board:firmware/lib:firmware/app:tests/micropython:.frozen"
SCRIPTS = ("tests/micropython/cards_threats.py", "tests/micropython/cards_pulled_out.py")
TESTS = [
    pytest.param(script, name, id=name)
    for script in SCRIPTS
    for name in re.findall(r"^def (test_\w+)", (ROOT / script).read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize(("script", "name"), TESTS)
def test_on_virtual_chips(script: str, name: str) -> None:
    done = run_micropython(script, name, search_path=SEARCH_PATH)
    assert done.returncode == 0, done.stdout + done.stderr
