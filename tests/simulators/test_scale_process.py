"""The front panel for programs: what it says when a scale does not boot, stops, or is left behind."""

import asyncio
from pathlib import Path

import pytest
from tracewire.errors import Unavailable

from simulators import firmware_image, flash_files
from simulators.scale_process import Cell, ScaleProcess


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return firmware_image.build(tmp_path_factory.mktemp("firmware") / "scale")


@pytest.fixture
def not_enrolled(image: Path, tmp_path: Path) -> ScaleProcess:
    """A scale with an empty flash."""
    flash_files.write(image, tmp_path / "scale.flash", {})
    return ScaleProcess(image, tmp_path / "scale.flash")


def test_a_scale_that_does_not_boot_says_why(not_enrolled: ScaleProcess) -> None:
    async def story() -> None:
        with pytest.raises(Unavailable) as trouble:
            await not_enrolled.start()
        assert trouble.value.code == "scale.stopped"
        assert "config.absent" in trouble.value.detail
        await not_enrolled.stop()

    asyncio.run(story())


def test_a_stopped_scale_answers_no_key(not_enrolled: ScaleProcess) -> None:
    async def story() -> None:
        with pytest.raises(Unavailable) as trouble:
            await not_enrolled.press("plu1")
        assert trouble.value.code == "scale.stopped"

    asyncio.run(story())


def test_stopping_and_killing_what_does_not_run_is_no_error(not_enrolled: ScaleProcess) -> None:
    async def story() -> None:
        await not_enrolled.stop()
        await not_enrolled.kill()
        not_enrolled.abandon()
        assert not not_enrolled.is_running

    asyncio.run(story())


def test_the_calibration_of_a_cell_is_what_enrolment_writes() -> None:
    assert Cell(counts_at_zero=1, counts_per_kg=2).calibration == [1, 2]
