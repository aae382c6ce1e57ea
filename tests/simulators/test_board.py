"""The virtual board stands in for the real one: same modules, same classes, same methods, and the real one compiles."""

import ast
import subprocess
from pathlib import Path

import pytest

from simulators.firmware_image import COMPILER
from tests.interpreters import ROOT

REAL, VIRTUAL, BOARDS = ROOT / "firmware/app/hal", ROOT / "simulators/board/hal", ROOT / "firmware/boards"
PROCESSORS = {"esp32_s3": "xtensawin", "rp2350": "armv7emsp"}
ONLY_REAL, ONLY_VIRTUAL = {"chip"}, {"panel"}


def drivers(board: str) -> dict[str, Path]:
    """The modules of ``hal`` on a real board: those of every board, and its own."""
    return {path.stem: path for folder in (REAL, BOARDS / board / "hal") for path in sorted(folder.glob("*.py"))}


OUTSIDE = {"pins": "{}/pins.py", "boot": "boot.py", "_boot": "_boot.py"}
"""What is frozen beside ``hal``."""
DRIVERS = [(board, name) for board in PROCESSORS for name in drivers(board)]

Signature = tuple[str, bool, tuple[str, ...]]


def public_signatures(source: Path) -> set[Signature]:
    """Every public function and method of a module: name, whether it is awaited, and what it takes."""
    found: set[Signature] = set()
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for member in members:
            if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                takes = tuple(argument.arg for argument in member.args.args)
                found.add((prefix + member.name, isinstance(member, ast.AsyncFunctionDef), takes))
    return {entry for entry in found if not entry[0].rpartition(".")[2].startswith("_")}


@pytest.mark.parametrize("board", PROCESSORS)
def test_every_board_has_the_same_modules(board: str) -> None:
    names = {path.stem for path in VIRTUAL.glob("*.py")}
    assert names - ONLY_VIRTUAL == set(drivers(board)) - ONLY_REAL


@pytest.mark.parametrize(("board", "name"), [entry for entry in DRIVERS if entry[1] not in {"__init__", *ONLY_REAL}])
def test_a_driver_and_its_stand_in_are_called_alike(board: str, name: str) -> None:
    # The flash of the virtual board is a device of its own; what firmware calls is ``mount``.
    real = public_signatures(drivers(board)[name])
    virtual = {entry for entry in public_signatures(VIRTUAL / f"{name}.py") if "BlockDevice" not in entry[0]}
    assert real == virtual


def test_what_chips_call_differently_is_called_alike_by_drivers() -> None:
    common = [public_signatures(drivers(board)["chip"]) for board in PROCESSORS]
    asked = {
        node.attr
        for path in REAL.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "chip"
    } - {"LITTLEFS"}
    for signatures in common:
        assert asked <= {name for name, _, _ in signatures}
    assert asked == {name for name, _, _ in common[0] & common[1]}


@pytest.mark.parametrize(("board", "name"), [*DRIVERS, *((board, name) for board in PROCESSORS for name in OUTSIDE)])
def test_a_driver_of_a_real_board_compiles_for_its_processor(board: str, name: str, tmp_path: Path) -> None:
    source = (drivers(board) | {key: BOARDS / path.format(board) for key, path in OUTSIDE.items()})[name]
    command = [f"-march={PROCESSORS[board]}", "-o", str(tmp_path / "driver.mpy"), str(source)]
    process = COMPILER.run(*command, stderr=subprocess.PIPE, text=True)
    assert (process.communicate()[1], process.returncode) == ("", 0)
