"""The journal under the real interpreter and its own littlefs; kill -9 of a real process while it appends."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.interpreters import MICROPYTHON, ROOT, run_micropython

SCRIPT = "tests/micropython/device_journal.py"
SEARCH_PATH = "simulators/board:firmware/lib:firmware/app:tests/micropython:.frozen"
TESTS = re.findall(r"^def (test_\w+)", (ROOT / SCRIPT).read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", TESTS)
def test_on_littlefs(name: str) -> None:
    done = run_micropython(SCRIPT, name, search_path=SEARCH_PATH)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_record_costs_at_most_a_fifth_of_a_block_erase() -> None:
    done = run_micropython("tests/micropython/device_wear.py", search_path=SEARCH_PATH, heap="8M")
    assert done.returncode == 0, done.stdout
    erases = re.findall(r": ([0-9.]+) erases", done.stdout)
    assert len(erases) == 4
    assert max(float(each) for each in erases) <= 0.2, done.stdout


def _on_board(image: Path, name: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(MICROPYTHON), SCRIPT, name],
        cwd=ROOT,
        env=_board_environment(image),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def _board_environment(image: Path) -> dict[str, str]:
    return {**os.environ, "MICROPYPATH": SEARCH_PATH, "CHENGXIN_FLASH": str(image)}


def _append_and_kill(image: Path, after_lines: int) -> int:
    """Let a process append until it has said ``after_lines`` numbers, kill it, return the last number it said."""
    child = subprocess.Popen(
        [str(MICROPYTHON), SCRIPT, "append_until_killed"],
        cwd=ROOT,
        env=_board_environment(image),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(after_lines)]
    child.send_signal(signal.SIGKILL)
    said += child.stdout.readlines()
    child.wait(timeout=10)
    child.stdout.close()
    return max(int(line) for line in said if line.endswith("\n"))


def test_kill_9_while_appending_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    image = tmp_path / "flash.bin"
    _on_board(image, "make_image")
    newest = 0
    for after_lines in (1, 3, 7, 8, 9, 20, 33, 50):
        said = _append_and_kill(image, after_lines)
        assert said > newest
        newest = int(_on_board(image, "check_image").stdout)
        assert said <= newest <= said + 2
