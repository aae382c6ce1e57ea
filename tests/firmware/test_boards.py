"""Wiring and freeze manifests of the real boards: complete, and nothing used twice."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interpreters import ROOT

FIRMWARE = ROOT / "firmware"
sys.path.insert(0, str(FIRMWARE / "tools"))

from freeze_manifest import Manifest  # noqa: E402  # the path above has to come first

BOARDS = sorted(path.parent.name for path in FIRMWARE.glob("boards/*/pins.py"))
MANIFESTS = sorted(path for path in FIRMWARE.glob("boards/*/manifest_*.py") if path.stem != "manifest_board")
FIRMWARE_PACKAGES = {path.name for root in ("lib", "app") for path in (FIRMWARE / root).iterdir()} | {"pins"}
OFTEN_ABSENT = {"BATTERY_ADC"}
"""Pins whose driver asks whether the board has them."""

Wiring = dict[str, object]


def wiring(board: str) -> Wiring:
    """The constants of a board's ``pins``."""
    tree = ast.parse((FIRMWARE / "boards" / board / "pins.py").read_text(encoding="utf-8"))
    assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
    return {
        target.id: ast.literal_eval(node.value)
        for node in assignments
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def pins_of(name: str, value: object) -> tuple[int, ...]:
    """The pin numbers in a constant; of a bus the first number is not a pin, of an analogue pin the second."""
    if isinstance(value, dict):
        return tuple(value.values())
    if isinstance(value, tuple):
        return value[1:] if name.endswith(("_UART", "_I2C")) else value[:1] if name.endswith("_ADC") else value
    return () if value is None else (int(str(value)),)


def used_pins(sources: list[Path]) -> set[str]:
    """The names of ``pins`` that modules look at."""
    return {
        node.attr
        for source in sources
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "pins"
    }


def imported(source: Path) -> set[str]:
    """Every module of the firmware that ``source`` imports, wherever in it; of ``from a import b`` both a and a.b."""
    found: set[str] = set()
    tree = ast.parse(source.read_text(encoding="utf-8"))
    for_checkers = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in for_checkers:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.partition(".")[0] in FIRMWARE_PACKAGES}


def path_of(module: str) -> str | None:
    """The file that a module of the firmware would be frozen as; None when it is a name inside of one."""
    candidates = [f"{module.replace('.', '/')}.py", f"{module.replace('.', '/')}/__init__.py"]
    roots = [FIRMWARE / "lib", FIRMWARE / "app", *(FIRMWARE / "boards" / board for board in BOARDS)]
    return next((name for name in candidates for root in roots if (root / name).is_file()), None)


def reached(start: str, frozen: dict[str, Path]) -> dict[str, Path]:
    """The files that a program may import, from its first module on; ``KeyError`` for one that is not frozen."""
    found: dict[str, Path] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = frozen[name]
        waiting += [path for module in imported(frozen[name]) if (path := path_of(module))]
    return found


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_has_exactly_the_pins_that_the_drivers_use(board: str) -> None:
    sources = [*(FIRMWARE / "app/hal").glob("*.py"), *(FIRMWARE / "boards" / board / "hal").glob("*.py")]
    assert wiring(board).keys() == used_pins(sources)


@pytest.mark.parametrize("board", BOARDS)
def test_no_pin_has_two_connectors(board: str) -> None:
    # Parts that are mounted in place of one another have one connector: the same numbers under two names.
    constants = {name: value for name, value in wiring(board).items() if name != "BATTERY_MV"}
    connectors = {pins_of(name, value) for name, value in constants.items()}
    numbers = [number for connector in connectors for number in connector]
    assert sorted(numbers) == sorted(set(numbers))


@pytest.mark.parametrize("source", sorted((FIRMWARE / "app/hal").glob("*.py")), ids=lambda path: path.stem)
def test_a_driver_knows_no_number_of_a_pin_or_bus(source: Path) -> None:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in {"Pin", "UART", "I2C", "SPI", "ADC"}:
                given = [
                    *node.args[:1],
                    *(word.value for word in node.keywords if word.arg in {"tx", "rx", "scl", "sda"}),
                ]
                assert not [argument for argument in given if isinstance(argument, ast.Constant)], ast.unparse(node)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: f"{path.parent.name}-{path.stem[9:]}")
def test_a_manifest_freezes_everything_that_its_program_imports(manifest: Path) -> None:
    device = manifest.stem.removeprefix("manifest_")
    frozen = Manifest(manifest)
    found = reached("_boot.py", frozen.files) | reached("device/enrol.py", frozen.files)
    found |= reached("boot.py" if device == "loader" else f"{device}/main.py", frozen.files)
    assert len(found) > 20
    assert not frozen.required  # firmware/README.md says why
    wired = wiring(manifest.parent.name)
    assert not [name for name in used_pins([*found.values()]) - OFTEN_ABSENT if wired[name] is None]


def test_a_manifest_that_names_what_is_not_there_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.py"
    manifest.write_text('package("absent")')
    with pytest.raises(FileNotFoundError):
        Manifest(manifest)
    (tmp_path / "here.py").touch()
    manifest.write_text('module("here.py")\nmodule("here.py")')
    with pytest.raises(ValueError, match="frozen twice"):
        Manifest(manifest)


def test_the_mip_packages_are_those_of_the_manifests() -> None:
    command = [sys.executable, str(FIRMWARE / "tools/make_mip_packages.py"), "--check"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
