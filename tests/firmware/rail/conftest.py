"""The compiled firmware of a line, an authority, and a line that was enrolled once."""

import asyncio
import shutil
from pathlib import Path

import pytest

from simulators import firmware_image
from simulators.firmware_image import RAIL
from simulators.rail_process import RailProcess
from tests.firmware.enrolling import found_authority
from tests.firmware.rail.line import (
    SETUP,
    Story,
    Tell,
    enrol_line,
)


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled firmware."""
    return firmware_image.build(tmp_path_factory.mktemp("firmware") / "rail", RAIL)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority with a gateway and a cloud."""
    return found_authority(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def enrolled(authority: Path, image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flash of a line as it leaves enrolment."""
    return enrol_line(authority, image, tmp_path_factory.mktemp("line") / "line.flash", SETUP, "line-0001")


@pytest.fixture
def flash(enrolled: Path, tmp_path: Path) -> Path:
    """The flash of one test's line."""
    return shutil.copyfile(enrolled, tmp_path / "line.flash")


@pytest.fixture
def at_the_line(image: Path, flash: Path) -> Tell:
    """Switch a line on, let a story happen at it, switch it off."""

    def tell(story: Story) -> None:
        async def run() -> None:
            async with RailProcess(image, flash) as line:
                await story(line)

        asyncio.run(run())

    return tell
