"""Four kinds of device that take releases: what each is enrolled with, what it runs, and whose hands are at it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from provisioning import card_keys, config, handheld
from provisioning.config import Rail, Setup
from provisioning.enrol import Outfit
from simulators import firmware_image
from simulators.handheld_process import HandheldProcess
from simulators.rail_process import RAIL_CELL, RailProcess
from simulators.scale_process import Cell, ScaleProcess
from simulators.terminal_process import PLATFORM_CELL, TerminalProcess
from tests.firmware.enrolling import set_up
from tests.firmware.terminal.night import MASTERS

CELL = Cell()
SETUP = set_up(CELL, max_g=15_000, min_g=100, e_g=5, plu=(config.Plu(1, "五花肉", 3680),))


@dataclass(frozen=True)
class Kind:
    """One kind of device; its role in the site is its model in a release."""

    role: str
    packages: tuple[str, ...]
    outfit: Callable[[Setup], Outfit]
    process: Callable[[Path, Path], ScaleProcess]
    """Of the loader's image and a flash."""

    def __str__(self) -> str:
        return self.role

    @property
    def screens(self) -> str:
        """The source that a test's release changes."""
        return f"{self.role}/screens.py"


def _rail(setup: Setup) -> Outfit:
    zero, per_kg = RAIL_CELL.calibration
    weighs = replace(setup, max_g=300_000, min_g=2_000, e_g=100, zero_counts=zero, counts_per_kg=per_kg)
    return config.scale_outfit(replace(weighs, rail=Rail(species=1, has_sides=False, lightest_g=20_000)))


def _terminal(setup: Setup) -> Outfit:
    zero, per_kg = PLATFORM_CELL.calibration
    weighs = replace(setup, max_g=150_000, min_g=1_000, e_g=50, zero_counts=zero, counts_per_kg=per_kg)
    return config.scale_outfit(weighs, card_keys.device_file([MASTERS], "terminal"))


def _handheld(setup: Setup) -> Outfit:
    gateway = (setup.gateway_name, setup.gateway_host, setup.gateway_port)
    return handheld.outfit(handheld.HandheldSetup(*gateway, update=setup.update))


SCALE = Kind("scale", firmware_image.SCALE, config.scale_outfit, ScaleProcess)
HANDHELD = Kind("handheld", firmware_image.HANDHELD, _handheld, HandheldProcess)
KINDS = (
    SCALE,
    Kind("rail", firmware_image.RAIL, _rail, RailProcess),
    Kind("terminal", firmware_image.TERMINAL, _terminal, TerminalProcess),
    HANDHELD,
)
