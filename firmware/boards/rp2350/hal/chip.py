"""What an RP2350 calls differently from other chips: its flash, its sensors, its reasons for a reset.

Written from the documentation and the sources of MicroPython's rp2 port; not tried on a board yet. That
``rp2.Flash`` takes ``start`` and ``len``, and can be read as memory, stands in the sources only.
"""

import machine
import rp2
import uctypes
import vfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LITTLEFS = {"readsize": 128, "progsize": 256, "lookahead": 32}
"""The flash is written in pages of 256 bytes, nothing smaller; the wear with these sizes was not measured."""

MARK_BLOCKS = 2
"""Blocks at the end of the storage that the file system does not get; ``hal.nvram`` keeps its mark there."""

_BLOCK_BYTES = 4096
_BLOCK_COUNT = 4  # request of the block protocol
_FLASH_ADDRESS = 0x10000000  # where the flash is read as memory: RP2350 data sheet, "Address map"
_SEGMENTS, _SEGMENT = 1, 2  # requests of vfs.rom_ioctl
_REFERENCE_UV = 3300000


def file_system() -> rp2.Flash:
    """Return the storage for littlefs: all of it but the blocks of the mark."""
    return rp2.Flash(start=0, len=_storage_bytes() - MARK_BLOCKS * _BLOCK_BYTES)


def marks() -> rp2.Flash:
    """Return the blocks of the mark."""
    return rp2.Flash(start=_storage_bytes() - MARK_BLOCKS * _BLOCK_BYTES, len=MARK_BLOCKS * _BLOCK_BYTES)


def program() -> "Iterator[bytearray]":
    """Yield the flash below the ROM area, or below the storage on a board without one: the interpreter, frozen code.

    What an earlier, longer interpreter left behind is read too: a bench erases the chip before it flashes one.
    """
    end = vfs.rom_ioctl(_SEGMENT, 0) if vfs.rom_ioctl(_SEGMENTS) > 0 else rp2.Flash()
    yield uctypes.bytearray_at(_FLASH_ADDRESS, uctypes.addressof(end) - _FLASH_ADDRESS)


def boot_cause() -> str:
    """Return a word of ``vocabulary.BOOT_CAUSES``.

    ``machine.reset`` goes through the watchdog on this chip and the port tells the two alike: "other" is either.
    """
    return "power_on" if machine.reset_cause() == machine.PWRON_RESET else "other"


def temperature_millidegrees() -> int:
    """Return how warm the chip is: 0.706 V at 27 °C, 1.721 mV less a degree (data sheet, "Temperature Sensor")."""
    microvolts = _microvolts(machine.ADC(machine.ADC.CORE_TEMP))
    return 27000 - (microvolts - 706000) * 1000 // 1721


def pin_mv(number: int) -> int:
    """Return the voltage at an analogue pin, against a supply taken to be 3.3 V."""
    return _microvolts(machine.ADC(machine.Pin(number))) // 1000


def _microvolts(converter: machine.ADC) -> int:
    return converter.read_u16() * _REFERENCE_UV // 65535


def _storage_bytes() -> int:
    return rp2.Flash().ioctl(_BLOCK_COUNT, 0) * _BLOCK_BYTES
