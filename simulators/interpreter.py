"""The MicroPython interpreter of a virtual board: the one from PyPI, with a ROM mapped beside its heap.

    python -m simulators.interpreter ROM [what micropython takes …]

The interpreter is a library in this process. The ROM stands at a fixed address outside of its heap, as flash does on a
board; ``CHENGXIN_ROM`` tells it where, and ``simulators/board/power_on.py`` mounts it.
"""

import ctypes
import importlib
import mmap
import os
import sys
from pathlib import Path


def main(rom: Path, arguments: list[str]) -> int:
    """Run the interpreter with ``rom`` in its address space; return its exit status."""
    with rom.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    address = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
    os.environ["CHENGXIN_ROM"] = f"{address}:{len(mapped)}"
    micropython = importlib.import_module("micropython_run")  # by name: a compiled module without types
    return int(micropython.run_main(["micropython", *arguments]) or 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
