"""Two runs and one folder: the second one says what to do, and leaves alone what is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulators import folder_lock
from tests.interpreters import ROOT


@pytest.mark.parametrize("program", ["soak", "demo", "devices"])
def test_a_second_run_in_a_folder_names_the_option_and_touches_nothing(tmp_path: Path, program: str) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "summary.json").write_text("of the first run")
    with folder_lock.take(folder):
        second = subprocess.run(
            [sys.executable, "-m", f"simulators.{program}", "--dir", str(folder)],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "400"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert second.returncode == 1
    told = f"site.folder_taken: another run works in {folder}; give this one its own with --dir"
    assert second.stdout.splitlines()[-1].endswith(told), second.stdout + second.stderr
    assert (folder / "summary.json").read_text() == "of the first run"


def test_the_folder_is_free_again_when_its_run_has_ended(tmp_path: Path) -> None:
    folder_lock.take(tmp_path / "here").close()
    folder_lock.take(tmp_path / "here").close()
