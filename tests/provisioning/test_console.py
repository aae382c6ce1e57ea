"""The serial conversation over a real process: noise, silence, a device that goes away."""

import shlex
import sys
from pathlib import Path

import pytest
from tracewire import enrolment
from tracewire.errors import Misuse, Rejected, Unavailable

from provisioning.console import Console


def device(tmp_path: Path, script: str) -> str:
    """Return the console command of a "device" that is a few lines of Python."""
    path = tmp_path / "device.py"
    path.write_text(script)
    return shlex.join([sys.executable, str(path)])


def test_lines_that_are_not_ours_are_passed_over(tmp_path: Path) -> None:
    command = device(
        tmp_path,
        "line = input()\nprint('ets Jul 29 2019 12:21:46')\nprint('cx1')\nprint()\nprint(line)\ninput()\n",
    )
    with Console(command) as console:
        assert console(b"\x01" * 3000) == b"\x01" * 3000


def test_two_questions_get_two_answers(tmp_path: Path) -> None:
    command = device(tmp_path, "import sys\nfor line in sys.stdin: print(line, end='', flush=True)\n")
    with Console(command) as console:
        assert [console(b"one"), console(b"two")] == [b"one", b"two"]


def test_a_device_that_stops_is_quoted(tmp_path: Path) -> None:
    with (
        Console(device(tmp_path, "raise SystemExit('MemoryError: no heap')\n")) as console,
        pytest.raises(Unavailable, match="MemoryError: no heap") as caught,
    ):
        console(b"hello")
    assert caught.value.code == "console.closed"


def test_a_silent_device_is_not_waited_for_longer_than_agreed(tmp_path: Path) -> None:
    with (
        Console(device(tmp_path, "input()\ninput()\n"), timeout_s=0.3) as console,
        pytest.raises(Unavailable) as caught,
    ):
        console(b"hello")
    assert caught.value.code == "console.timeout"


def test_a_wrong_baud_rate_ends_in_silence_and_not_in_memory(tmp_path: Path) -> None:
    noise = "import sys\nfor _ in range(200): sys.stdout.buffer.write(bytes(range(128, 256)) * 8)\n"
    with Console(device(tmp_path, noise)) as console, pytest.raises(Unavailable):
        console(b"hello")


def test_a_damaged_line_is_refused(tmp_path: Path) -> None:
    with Console(device(tmp_path, "print('cx1 A', flush=True)\ninput()\n")) as console, pytest.raises(Rejected):
        console(b"hello")


@pytest.mark.parametrize("command", ["", "/no/such/console"])
def test_a_console_that_cannot_be_started_is_a_mistake_of_the_command(command: str) -> None:
    with pytest.raises(Misuse):
        Console(command)


def test_the_console_is_gone_after_hanging_up(tmp_path: Path) -> None:
    marker = tmp_path / "ended"
    script = f"import sys, pathlib\nsys.stdin.read()\npathlib.Path({str(marker)!r}).touch()\n"
    with Console(device(tmp_path, script)):
        pass
    assert marker.exists()


def test_a_line_that_carries_a_message_is_short_enough_for_a_device() -> None:
    assert len(enrolment.to_line(bytes(4000))) < enrolment.LONGEST_LINE
