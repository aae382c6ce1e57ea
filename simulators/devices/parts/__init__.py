"""The parts of a device: each knows its state and the hands that may touch it. Which ones a device has, `of` says."""

from collections.abc import Iterator

from simulators.devices.face import Face
from simulators.devices.parts.beeper import Beeper
from simulators.devices.parts.camera import Camera
from simulators.devices.parts.card_slot import CardSlot
from simulators.devices.parts.case import Case, Engineer, Unlock
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


def of(face: Face, board: ScaleProcess, shelf: Shelf, unlock: Unlock) -> Iterator[Part]:
    """Return every part of the device with this face; what only one kind of board has follows from the board."""
    kind = face.kind
    yield Keypad(kind, board)
    if kind.pan:
        yield Pan(kind.pan, board)
    if kind.has_card_reader:
        yield CardSlot(face, board)
    if kind.has_printer:
        yield Printer(face, board, shelf)
    if kind.has_case_switch:
        yield Case(board)
        yield Engineer(board, unlock)
    match board:
        case RailProcess():
            yield TagReader(board)
            yield Beeper(board)
        case HandheldProcess():
            yield Scanner(face, board, shelf)
            yield Sky(XIAMEN, board)
            yield Camera(board)
