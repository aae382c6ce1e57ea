"""A slaughter line for tests: how it is set up, what people do at it, what its journal holds."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from provisioning import config
from provisioning.enrol import Order
from simulators.rail_process import RAIL_CELL, RailProcess, lot_card
from tests.firmware.enrolling import enrol_board, set_up

PIGS, MORE_PIGS, BUYER = "35082100010010000001", "35082100010010000002", "3502000010101"
RAIL = config.Rail(species=1, has_sides=False, lightest_g=20_000)
SETUP = set_up(RAIL_CELL, max_g=300_000, min_g=2_000, e_g=100, journal_bytes=131_072, plu=(), rail=RAIL)
WITH_SIDES = config.Rail(species=1, has_sides=True, lightest_g=10_000)

Story = Callable[[RailProcess], Awaitable[None]]
Tell = Callable[[Story], None]


def tag(number: int) -> str:
    return f"1350821{40_018_200 + number:08d}"


def enrol_line(authority: Path, image: Path, flash: Path, setup: config.Setup, name: str) -> Path:
    order = Order(name, "rail", stall="银祥肉联厂", site="银祥肉联厂")
    return enrol_board(authority, image, flash, order, config.scale_outfit(setup))


async def bring_lot(line: RailProcess, lot: str = PIGS, origin: str = "绿源养殖场") -> None:
    await line.present_card(lot_card(lot, origin))
    await line.wait_for_message("批次 " + origin)
    await line.take_card()


async def weigh(line: RailProcess, grams: int, digits: str) -> None:
    """One carcass as it should be: it hangs, its tag is read, it is recorded, it moves on."""
    await line.hang(grams)
    await line.read_tag(digits)
    await line.wait_for_beep("done")
    await line.take_off()
