"""The compiled firmware of a terminal, an authority, and a terminal that was enrolled once."""

import asyncio
import shutil
from pathlib import Path

import pytest

from simulators import firmware_image
from simulators.firmware_image import TERMINAL
from simulators.terminal_process import TerminalProcess
from tests.firmware.enrolling import found_authority
from tests.firmware.terminal.night import Story, Tell, enrol_terminal


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled firmware."""
    return firmware_image.build(tmp_path_factory.mktemp("firmware") / "terminal", TERMINAL)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority with a gateway and a cloud."""
    return found_authority(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def enrolled(authority: Path, image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flash of a terminal as it leaves enrolment."""
    return enrol_terminal(authority, image, tmp_path_factory.mktemp("terminal") / "terminal.flash")


@pytest.fixture
def flash(enrolled: Path, tmp_path: Path) -> Path:
    """The flash of one test's terminal."""
    return shutil.copyfile(enrolled, tmp_path / "terminal.flash")


@pytest.fixture
def in_the_hall(image: Path, flash: Path) -> Tell:
    """Switch a terminal on, let a story happen at it, switch it off."""

    def tell(story: Story) -> None:
        async def run() -> None:
            async with TerminalProcess(image, flash) as terminal:
                await story(terminal)

        asyncio.run(run())

    return tell
