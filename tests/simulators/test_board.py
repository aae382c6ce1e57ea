"""The virtual board stands in for the real one: same modules, same classes, same methods, and the real one compiles."""

import ast
import subprocess
from pathlib import Path

import pytest

from simulators.firmware_image import COMPILER
from tests.interpreters import ROOT

REAL, VIRTUAL = ROOT / "firmware/app/hal", ROOT / "simulators/board/hal"
ONLY_REAL, ONLY_VIRTUAL = {"pins"}, {"panel"}
MODULES = sorted(path.stem for path in REAL.glob("*.py") if path.stem not in ONLY_REAL)

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


def test_both_boards_have_the_same_modules() -> None:
    names = {path.stem for path in VIRTUAL.glob("*.py")}
    assert names - ONLY_VIRTUAL == set(MODULES)


@pytest.mark.parametrize("name", [name for name in MODULES if name != "__init__"])
def test_a_driver_and_its_stand_in_are_called_alike(name: str) -> None:
    # The flash of the virtual board is a device of its own; what firmware calls is ``mount``.
    real = public_signatures(REAL / f"{name}.py")
    virtual = {entry for entry in public_signatures(VIRTUAL / f"{name}.py") if "BlockDevice" not in entry[0]}
    assert real == virtual


@pytest.mark.parametrize("source", sorted(REAL.glob("*.py")), ids=lambda path: path.stem)
def test_a_driver_of_the_real_board_compiles_for_its_processor(source: Path, tmp_path: Path) -> None:
    command = ["-march=xtensawin", "-o", str(tmp_path / "driver.mpy"), str(source)]
    process = COMPILER.run(*command, stderr=subprocess.PIPE, text=True)
    assert (process.communicate()[1], process.returncode) == ("", 0)
