"""Compile every device for every kind of processor, and print what each takes: ``make firmware``.

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

from simulators import firmware_image, rom_image
from simulators.firmware_image import ROM_FILE

DEVICES = {
    "scale": firmware_image.SCALE,
    "rail": firmware_image.RAIL,
    "handheld": firmware_image.HANDHELD,
    "terminal": firmware_image.TERMINAL,
}
PROCESSORS = ("xtensawin", "armv7emsp", "armv6m")
"""ESP32-S3; Cortex-M33 with single-precision floats, the RP2350; Cortex-M0+, the RP2040."""

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
    """One line of the table. Sizes in bytes; ``heap_bytes`` only where the image can be run."""

    device: str
    processor: str
    modules: int
    module_bytes: int
    rom_bytes: int
    heap_bytes: int | None = None

    def line(self) -> str:
        """Return it for people."""
        heap = "" if self.heap_bytes is None else f"{self.heap_bytes:,}"
        return (
            f"{self.device:<10}{self.processor:<12}{self.modules:>8}"
            f"{self.module_bytes:>14,}{self.rom_bytes:>12,}{heap:>18}"
        )


HEADING = f"{'device':<10}{'processor':<12}{'modules':>8}{'.mpy bytes':>14}{'ROM bytes':>12}{'heap, imported':>18}"


def for_board(device: str, processor: str) -> Row:
    """Compile a device with the drivers of the reference board; raises Misuse "image.compile"."""
    folder = firmware_image.DEFAULT_FOLDER / device / processor
    with tempfile.TemporaryDirectory(dir=_made(folder.parent), prefix=".building-") as scratch:
        building = Path(scratch) / processor
        firmware_image.compile_for_board(DEVICES[device], building, processor)
        rom = rom_image.pack(building)
        (building / ROM_FILE).write_bytes(rom)
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    return _row(device, processor, folder)


def for_virtual_board(device: str) -> Row:
    """Compile a device for the virtual board, and measure the heap that its modules hold once they are imported."""
    folder = firmware_image.build(firmware_image.DEFAULT_FOLDER / device / "virtual", DEVICES[device])
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(_MEASURE)
        script.flush()
        command = [sys.executable, "-m", "simulators.interpreter", str(folder / ROM_FILE), "-X", f"heapsize={_HEAP}"]
        done = subprocess.run(  # noqa: S603 (our interpreter, the script above)
            [*command, script.name, f"{device}.main"], check=True, capture_output=True, text=True
        )
    return _row(device, "virtual", folder, int(done.stdout))


def _row(device: str, processor: str, folder: Path, heap_bytes: int | None = None) -> Row:
    modules = list(folder.rglob("*.mpy"))
    size = sum(module.stat().st_size for module in modules)
    return Row(device, processor, len(modules), size, (folder / ROM_FILE).stat().st_size, heap_bytes)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main() -> None:
    """Build what is asked for, with a line for each image as soon as it is there."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("device", nargs="*", help="which devices; all without one")
    wanted = parser.parse_args().device or list(DEVICES)
    sys.stdout.write(HEADING + "\n")
    for device in wanted:
        for processor in PROCESSORS:
            sys.stdout.write(for_board(device, processor).line() + "\n")
            sys.stdout.flush()
        sys.stdout.write(for_virtual_board(device).line() + "\n")
        sys.stdout.flush()
    sys.stdout.write(f"in {firmware_image.DEFAULT_FOLDER.relative_to(firmware_image.REPOSITORY)}\n")


if __name__ == "__main__":
    main()
