"""The parts of a device: each knows its state and the hands that may touch it. Which ones a device has, `of` says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulators.devices.cards import Card
from simulators.devices.face import Face
from simulators.devices.parts.beeper import Beeper
from simulators.devices.parts.camera import Camera
from simulators.devices.parts.card_slot import CardSlot, ChipSlot
from simulators.devices.parts.case import Case, Engineer, Unlock
from simulators.devices.parts.desk import Desk
from simulators.devices.parts.keypad import Keypad
from simulators.devices.parts.pan import Pan
from simulators.devices.parts.part import Part
from simulators.devices.parts.printer import Printer
from simulators.devices.parts.scanner import Scanner
from simulators.devices.parts.sky import Sky
from simulators.devices.parts.tag_reader import TagReader
from simulators.devices.shelf import Shelf
from simulators.devices.sketch_map import XIAMEN
from simulators.handheld_process import HandheldProcess
from simulators.rail_process import RailProcess
from simulators.scale_process import ScaleProcess
from simulators.terminal_process import TerminalProcess


@dataclass(frozen=True)
class Market:
    """What parts of several devices share: the shelf between them, and the people beside them."""

    shelf: Shelf
    unlock: Unlock
    """The authority's telephone."""
    look: Callable[[Card], None]
    """Reads a card again that a terminal has written."""
    enter: Callable[[str], Card]
    """Writes a slaughter voucher on its buyer's card."""
    rail: str
    """The device whose vouchers those are."""


def of(face: Face, board: ScaleProcess, market: Market) -> Iterator[Part]:
    """Return every part of the device with this face; what only one kind of board has follows from the board."""
    kind = face.kind
    yield Keypad(kind, board)
    if kind.pan:
        yield Pan(kind.pan, board)
    if kind.has_printer:
        yield Printer(face, board, market.shelf)
    if kind.has_case_switch:
        yield Case(board)
        yield Engineer(face.name, board, market.unlock)
    match board:
        case RailProcess():
            yield CardSlot(face, board, market.shelf)
            yield TagReader(board)
            yield Beeper(board)
        case TerminalProcess():
            yield ChipSlot(face, board, market.shelf, market.look)
            yield Beeper(board)
            yield Desk(market.shelf, market.rail, market.enter)
        case HandheldProcess():
            yield Scanner(face, board, market.shelf)
            yield Sky(XIAMEN, board)
            yield Camera(board)
        case _:
            yield CardSlot(face, board, market.shelf)
