"""The MicroPython interpreter of a virtual board: the one from PyPI, with a ROM mapped beside its heap.

    python -m simulators.interpreter ROM [what micropython takes …]

The interpreter is a library in this process. The ROM stands at a fixed address outside of its heap, as flash does on a
board; ``CHENGXIN_ROM`` tells it where, and ``simulators/board/power_on.py`` mounts it. A board that takes updates has a
program area too, the file ``CHENGXIN_PROGRAM_FILE``; ``CHENGXIN_PROGRAM_AREA`` tells where that stands.
"""

import ctypes
import importlib
import mmap
import os
import sys
from pathlib import Path

PROGRAM_AREA_BYTES = 512 * 1024
"""A ROM partition of a board with room to grow: a rail scale fills a third of it."""


def main(rom: Path, arguments: list[str]) -> int:
    """Run the interpreter with ``rom`` in its address space; return its exit status."""
    with rom.open("rb") as file:
        os.environ["CHENGXIN_ROM"], _rom = _placed(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    if area := os.environ.get("CHENGXIN_PROGRAM_FILE"):
        with _area_file(Path(area)).open("r+b") as file:
            os.environ["CHENGXIN_PROGRAM_AREA"], _area = _placed(mmap.mmap(file.fileno(), 0))
    micropython = importlib.import_module("micropython_run")  # by name: a compiled module without types
    return int(micropython.run_main(["micropython", *arguments]) or 0)


def _placed(mapped: mmap.mmap) -> tuple[str, mmap.mmap]:
    """Return "address:size" of mapped memory, and what keeps it mapped."""
    return f"{ctypes.addressof(ctypes.c_char.from_buffer(mapped))}:{len(mapped)}", mapped


def _area_file(path: Path) -> Path:
    """Return the file of the program area; a new one is erased flash."""
    if not path.exists():
        path.write_bytes(b"\xff" * PROGRAM_AREA_BYTES)
    return path


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
