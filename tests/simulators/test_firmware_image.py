"""The compiled firmware: complete, cached by content, and nothing of the host in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from simulators import firmware_image, rom_image
from simulators.firmware_image import ROM_FILE


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return firmware_image.build(tmp_path_factory.mktemp("firmware") / "scale")


def test_every_package_of_a_scale_is_compiled(image: Path) -> None:
    for name in ("tracewire/record", "device/journal", "scale/main", "hal/load_cell"):
        assert (image / f"{name}.mpy").is_file()
    assert not list(image.rglob("*.py"))
    assert (image / ROM_FILE).stat().st_size > 50_000


def test_the_board_in_the_image_is_the_virtual_one(image: Path) -> None:
    assert (image / "hal/panel.mpy").is_file()
    assert not (image / "hal/pins.mpy").exists()


def test_an_image_that_is_up_to_date_is_left_alone(image: Path) -> None:
    before = (image / ROM_FILE).stat().st_mtime_ns
    assert firmware_image.build(image) == image
    assert (image / ROM_FILE).stat().st_mtime_ns == before


def test_an_image_of_other_sources_is_replaced(tmp_path: Path) -> None:
    image = firmware_image.build(tmp_path / "scale")
    (image / "digest").write_text("of yesterday")
    (image / "left_over.mpy").write_bytes(b"")
    firmware_image.build(image)
    assert not (image / "left_over.mpy").exists()


def test_it_can_be_built_from_any_directory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "simulators.firmware_image", "here"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert Path(done.stdout.strip()) == tmp_path / "here" / "scale"


def test_two_builds_give_the_same_rom(image: Path, tmp_path: Path) -> None:
    again = firmware_image.build(tmp_path / "again")
    assert (again / ROM_FILE).read_bytes() == (image / ROM_FILE).read_bytes()


def test_what_is_in_a_rom_can_be_read_back(image: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "long").write_bytes(bytes(range(256)) * 80)
    (tmp_path / "empty").touch()
    assert list(rom_image.files(rom_image.pack(tmp_path))) == [b"", bytes(range(256)) * 80]

    modules = [file for file in rom_image.files((image / ROM_FILE).read_bytes()) if file[:1] == b"M"]
    assert len(modules) == len(list(image.rglob("*.mpy"))) + 1  # the texts of errors: only a ROM has them apart
    names = rom_image.names((image / "scale/weighing.mpy").read_bytes())
    assert {"Weigher", "_is_at_rest", "gross_grams"} <= names
    assert "__init__" not in names  # every interpreter has it, so the module only has its number
