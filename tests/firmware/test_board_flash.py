"""What boards write to their flash themselves, on the real interpreter and a flash of memory whose power is cut."""

import shutil
from pathlib import Path

from tests.interpreters import ROOT, run_micropython

SOURCES = {
    "nvram.py": "firmware/boards/rp2350/hal/nvram.py",
    "firmware.py": "firmware/app/hal/firmware.py",
    "chip.py": "tests/micropython/ram_chip.py",
}


def test_a_mark_and_a_program_outlast_power_cuts(tmp_path: Path) -> None:
    (tmp_path / "hal").mkdir()
    for name, source in SOURCES.items():
        shutil.copyfile(ROOT / source, tmp_path / "hal" / name)
    done = run_micropython(
        "tests/micropython/device_board_flash.py", str(tmp_path / "rom.img"), search_path=f"{tmp_path}:firmware/lib"
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "mark: kept new old",
        "too long: True",
        "area: True True False",
        "area: True True False",
    ]
