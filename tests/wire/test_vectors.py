"""The golden vectors are up to date and hold on both interpreters."""

import subprocess
import sys
from pathlib import Path

from tests.interpreters import ROOT, run_micropython

REPLAY = "tests/micropython/replay_vectors.py"
DIRECTORY = "tests/vectors"


def test_the_frozen_vectors_are_what_the_code_makes_today() -> None:
    build = Path(ROOT, DIRECTORY, "build.py")
    outcome = subprocess.run([sys.executable, build, "--check"], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_vectors_hold_on_cpython() -> None:
    outcome = subprocess.run([sys.executable, REPLAY, DIRECTORY], cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "cryptography 76 held, 0 failed" in outcome.stdout


def test_the_vectors_hold_on_micropython() -> None:
    outcome = run_micropython(REPLAY, DIRECTORY)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "76 held, 0 failed" in outcome.stdout


def test_every_shared_module_imports_under_micropython() -> None:
    modules = sorted(path.stem for path in Path(ROOT, "firmware/lib/tracewire").glob("*.py") if path.stem != "__init__")
    outcome = run_micropython("-c", "import tracewire\n" + "\n".join(f"import tracewire.{name}" for name in modules))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
