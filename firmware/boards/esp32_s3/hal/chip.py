"""What an ESP32-S3 calls differently from other chips: its partitions, its sensors, its reasons for a reset."""

import esp32
import machine
from esp32 import Partition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LITTLEFS = {"readsize": 128, "progsize": 32, "lookahead": 32}
"""Caches of 512 bytes: a file up to that size lies inside littlefs' log. With MicroPython's own sizes a record costs
four times the erases (tests/micropython/device_wear.py)."""

_BLOCK_BYTES = 4096
_BLOCK_COUNT = 4  # request of the block protocol
_CAUSES = {
    machine.PWRON_RESET: "power_on",
    machine.WDT_RESET: "watchdog",
    machine.SOFT_RESET: "command",
}


def file_system() -> Partition:
    """Return the partition for littlefs."""
    return Partition.find(Partition.TYPE_DATA, label="vfs")[0]


def program() -> "Iterator[bytearray]":
    """Yield the application partition, block by block, always in the same buffer."""
    partition = Partition(Partition.RUNNING)
    block = bytearray(_BLOCK_BYTES)
    for number in range(partition.ioctl(_BLOCK_COUNT, 0)):
        partition.readblocks(number, block)
        yield block


def boot_cause() -> str:
    """Return a word of ``vocabulary.BOOT_CAUSES``."""
    return _CAUSES.get(machine.reset_cause(), "other")


def temperature_millidegrees() -> int:
    """Return how warm the chip is."""
    return esp32.mcu_temperature() * 1000


def pin_mv(number: int) -> int:
    """Return the voltage at an analogue pin, by the calibration in the chip."""
    return machine.ADC(machine.Pin(number)).read_uv() // 1000
