"""The virtual board's flash: littlefs on an image file, formatted by enrolment and by nobody else."""

import subprocess
from pathlib import Path

import pytest

from simulators import firmware_image, flash_files
from simulators.firmware_image import INTERPRETER

MOUNT = "from hal import flash; print(flash.mount({create}))"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return firmware_image.build(tmp_path_factory.mktemp("firmware") / "scale")


def mount(image: Path, flash: Path, create: bool) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [INTERPRETER, "-c", MOUNT.format(create=create)],
        env={"MICROPYPATH": f"{image}:.frozen", "CHENGXIN_FLASH": str(flash), "CHENGXIN_FLASH_BLOCKS": "16"},
        check=False, capture_output=True, text=True,
    )  # fmt: skip


def test_files_come_back_after_the_power_was_off(image: Path, tmp_path: Path) -> None:
    files = {"record.key": bytes(32), "plu.cbor": b"\x80" * 5000}
    flash_files.write(image, tmp_path / "flash", files)
    assert flash_files.read(image, tmp_path / "flash", [*files, "absent"]) == files


def test_a_board_without_a_file_system_does_not_make_one(image: Path, tmp_path: Path) -> None:
    assert "flash.no_file_system" in mount(image, tmp_path / "flash", create=False).stdout
    assert not (tmp_path / "flash").exists()


def test_a_broken_flash_is_not_formatted_by_a_boot(image: Path, tmp_path: Path) -> None:
    (tmp_path / "flash").write_bytes(b"\x5a" * 16 * 4096)
    assert "flash.no_file_system" in mount(image, tmp_path / "flash", create=False).stdout
    assert (tmp_path / "flash").read_bytes() == b"\x5a" * 16 * 4096


def test_enrolment_makes_a_file_system_of_the_size_of_the_chip(image: Path, tmp_path: Path) -> None:
    assert mount(image, tmp_path / "flash", create=True).stdout.strip() == "/flash"
    assert (tmp_path / "flash").stat().st_size == 16 * 4096


def test_enrolling_again_erases_nothing(image: Path, tmp_path: Path) -> None:
    flash_files.write(image, tmp_path / "flash", {"unsent": b"records"})
    mount(image, tmp_path / "flash", create=True)
    assert flash_files.read(image, tmp_path / "flash", ["unsent"]) == {"unsent": b"records"}
