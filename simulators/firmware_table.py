"""Compile every device for every processor, and print what each takes: ``make firmware``.

    python -m simulators.firmware_table [DEVICE …]

Into ``build/firmware/<device>/<processor>`` go the modules that a board freezes or loads, and ``rom.img``, all of them
as one ROM, which a release ships. ``virtual`` is the image that the tests run. What a board's own drivers need
(``machine``, ``network``) is not here, so those images are compiled and not run.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from simulators import firmware_image, rail_process, rom_image, scale_process, terminal_process
from simulators.firmware_image import ROM_FILE

DEVICES = {
    "scale": firmware_image.SCALE,
    "rail": firmware_image.RAIL,
    "handheld": firmware_image.HANDHELD,
    "terminal": firmware_image.TERMINAL,
}
BOARDS = {"xtensawin": "esp32_s3", "armv7emsp": "rp2350", "armv6m": "rp2350"}
"""Which board's drivers and wiring go with a processor.

Xtensa LX7; Cortex-M33 with single-precision floats; Cortex-M0+. Rail and handheld need three UARTs, and an RP2350 has
two; the smallest processor has no board here. They are compiled all the same: it shows that every module compiles.
"""

VIRTUAL = "virtual"

HEAPS = {
    "scale": scale_process.HEAP,
    "rail": rail_process.HEAP,
    "handheld": scale_process.HEAP,
    "terminal": terminal_process.HEAP,
}
"""Heap that each has on the virtual board, and does its work in."""

_HEAP = "512K"  # enough to import everything: what is held is measured, not what fits
_MEASURE = """
import gc, os, sys, uctypes, vfs
address, size = os.getenv("CHENGXIN_ROM").split(":")
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(address), int(size))), "/rom")
sys.path.insert(0, "/rom")
gc.collect()
before = gc.mem_alloc()
__import__(sys.argv[1])
gc.collect()
print(gc.mem_alloc() - before)
"""


@dataclass(frozen=True)
class Row:
    """One line of the table. Sizes in bytes; ``heap_bytes`` only where the image can be run.

    ``names``: how many different ones the ROM brings along that the virtual board's interpreter does not have.
    """

    device: str
    processor: str
    modules: int
    module_bytes: int
    rom_bytes: int
    names: int
    heap_bytes: int | None = None

    def line(self) -> str:
        """Return it for people."""
        heap = "" if self.heap_bytes is None else f"{self.heap_bytes:,} of {HEAPS[self.device]}"
        return (
            f"{self.device:<10}{self.processor:<12}{self.modules:>8}"
            f"{self.module_bytes:>14,}{self.rom_bytes:>12,}{self.names:>8,}{heap:>20}"
        )


HEADING = (
    f"{'device':<10}{'processor':<12}{'modules':>8}{'.mpy bytes':>14}{'ROM bytes':>12}"
    f"{'names':>8}{'heap, imported':>20}"
)


def for_board(device: str, processor: str) -> Row:
    """Compile a device with drivers and wiring of the board that has the processor; raises Misuse "image.compile"."""
    folder = firmware_image.DEFAULT_FOLDER / device / processor
    with tempfile.TemporaryDirectory(dir=_made(folder.parent), prefix=".building-") as scratch:
        building = Path(scratch) / processor
        firmware_image.compile_for_board(DEVICES[device], building, processor, BOARDS[processor])
        rom = rom_image.pack(building)
        (building / ROM_FILE).write_bytes(rom)
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    return _row(device, processor, folder)


def for_virtual_board(device: str) -> Row:
    """Compile a device for the virtual board, and measure the heap that its modules hold once they are imported."""
    folder = firmware_image.build(firmware_image.DEFAULT_FOLDER / device / VIRTUAL, DEVICES[device])
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(_MEASURE)
        script.flush()
        command = [sys.executable, "-m", "simulators.interpreter", str(folder / ROM_FILE), "-X", f"heapsize={_HEAP}"]
        done = subprocess.run(  # noqa: S603 (our interpreter, the script above)
            [*command, script.name, f"{device}.main"], check=True, capture_output=True, text=True
        )
    return _row(device, VIRTUAL, folder, int(done.stdout))


def _row(device: str, processor: str, folder: Path, heap_bytes: int | None = None) -> Row:
    modules = list(folder.rglob("*.mpy"))
    size = sum(module.stat().st_size for module in modules)
    rom = (folder / ROM_FILE).read_bytes()
    names = {name for file in rom_image.files(rom) if file[:1] == b"M" for name in rom_image.names(file)}
    brought = names - firmware_image.known_to_interpreter({name for name in names if name.isidentifier()})
    return Row(device, processor, len(modules), size, len(rom), len(brought), heap_bytes)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main() -> None:
    """Build what is asked for, with a line for each image as soon as it is there."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.firmware_table",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("device", nargs="*", help=f"{', '.join(DEVICES)}; all of them without one")
    wanted = parser.parse_args().device or list(DEVICES)
    if unknown := set(wanted) - DEVICES.keys():
        parser.error(f"no such device: {', '.join(sorted(unknown))}")
    sys.stdout.write(HEADING + "\n")
    steps = [(device, processor) for device in wanted for processor in (*BOARDS, VIRTUAL)]
    for number, (device, processor) in enumerate(steps, start=1):
        _progress(f"{number} of {len(steps)}: compiling a {device} for {processor} …")
        row = for_virtual_board(device) if processor == VIRTUAL else for_board(device, processor)
        _progress("")
        sys.stdout.write(row.line() + "\n")
        sys.stdout.flush()
    sys.stdout.write(f"in {firmware_image.DEFAULT_FOLDER.relative_to(firmware_image.REPOSITORY)}\n")


def _progress(text: str) -> None:
    """Say what is being done on the last line of a terminal; the next text replaces it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
