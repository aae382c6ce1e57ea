"""What a sale costs the device: time from a settled weight to a durable record and the bytes of its slip; flash wear.

    python -m simulators.bench selling

The time on an ESP32 is *estimated*, no board was run: the sale's time against a signature's, both on this machine in
one run, times the 44 ms that a signature is estimated to take at 240 MHz (4.86 M instructions counted on an emulated
Cortex-M3, 9.0 ns each; trust it to 40 %).
"""

import os
import re
import subprocess
import tempfile

from simulators import firmware_image
from simulators.bench.figures import Figure, at_most
from simulators.scale_process import HEAP

SIGNATURE_ON_ESP32_MS = 44.0
SALE = "tests/micropython/device_selling.py"
WEAR = "tests/micropython/device_wear.py"
_BOARD = "simulators/board:firmware/lib:firmware/app:tests/micropython:.frozen"
_WEAR_LINE = re.compile(r"^(?P<way>.+): (?P<erases>[\d.]+) erases and (?P<octets>\d+) bytes", re.MULTILINE)


def figures() -> list[Figure]:
    """Measure sale and wear."""
    with tempfile.TemporaryDirectory() as folder:
        search_path = f"{firmware_image.build()}:.frozen"
        said = _run(search_path, HEAP, SALE, flash=f"{folder}/flash")
    times = {name: float(value) for name, value in (line.split() for line in said.splitlines())}
    on_esp32_ms = times["sale"] / times["sign"] * SIGNATURE_ON_ESP32_MS
    wear = list(_WEAR_LINE.finditer(_run(_BOARD, "8M", WEAR)))
    return [
        Figure("settled weight to durable sale and slip", f"{times['sale']:.2f} ms"),
        at_most("the same on an ESP32 at 240 MHz, estimated", on_esp32_ms, 300, "ms"),
        *(at_most(f"erases per record, {one['way']}", float(one["erases"]), 0.2, "blocks", 3) for one in wear),
        *(Figure(f"programmed per record, {one['way']}", f"{one['octets']} bytes") for one in wear),
    ]


def _run(search_path: str, heap: str, script: str, flash: str = "") -> str:
    command = [str(firmware_image.INTERPRETER), "-X", f"heapsize={heap}", script]
    environment = {**os.environ, "MICROPYPATH": search_path, "CHENGXIN_FLASH": flash}
    return subprocess.run(  # noqa: S603  # our interpreter, our scripts
        command, cwd=firmware_image.REPOSITORY, env=environment, capture_output=True, text=True, check=True
    ).stdout
