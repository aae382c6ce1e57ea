"""The devices that stand beside a market's counter scales, set up for their work: rail scale, terminal, handheld."""

from simulators import firmware_image
from simulators.rail_process import RAIL_CELL
from simulators.scale_process import Cell
from simulators.site import Board
from simulators.terminal_process import PLATFORM_CELL


def rail(name: str, place: str) -> Board:
    """Return a rail scale for whole pigs: Max 300 kg, e = 100 g."""
    rail = "rail = { species = 1, sides = false, lightest_g = 20000 }\n"
    setup = _weighing(RAIL_CELL, max_g=300_000, min_g=2_000, e_g=100) + rail
    return Board(name, "rail", place, firmware_image.RAIL, setup)


def terminal(name: str, place: str) -> Board:
    """Return a wholesale terminal that sells carcasses: Max 150 kg, e = 50 g."""
    plu = 'plu = [ { number = 1, name = "白条猪肉", price_fen_per_kg = 2400 } ]\n'
    setup = _weighing(PLATFORM_CELL, max_g=150_000, min_g=1_000, e_g=50) + plu
    return Board(name, "terminal", place, firmware_image.TERMINAL, setup)


def handheld(name: str, place: str) -> Board:
    """Return an inspector's handheld, which weighs nothing."""
    return Board(name, "handheld", place, firmware_image.HANDHELD)


def _weighing(cell: Cell, max_g: int, min_g: int, e_g: int) -> str:
    zero, per_kg = cell.calibration
    plate = f"max_g = {max_g}, min_g = {min_g}, e_g = {e_g}"
    return f"scale = {{ {plate}, zero_counts = {zero}, counts_per_kg = {per_kg} }}\n"
