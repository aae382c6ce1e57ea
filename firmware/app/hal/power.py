"""Why the board started, and what it knows of its own supply and warmth."""

import machine
import pins

from hal import chip


def boot_cause() -> str:
    """Return a word of ``vocabulary.BOOT_CAUSES``."""
    return chip.boot_cause()


def restart() -> None:
    """Begin again from power-on; does not return."""
    machine.reset()


def readings() -> "dict[str, int]":
    """Return health fields: the chip's temperature, and the battery on a board that measures it."""
    known = {"temperature_millidegrees": chip.temperature_millidegrees()}
    if pins.BATTERY_ADC is not None:
        known["battery_mv"] = _battery_mv()
        known["battery_percent"] = battery_percent()
    return known


def battery_percent() -> "int | None":
    """Return what is left in the battery, on a straight line between empty and full; None without one."""
    if pins.BATTERY_ADC is None:
        return None
    empty_mv, full_mv = pins.BATTERY_MV
    return max(0, min(100, (_battery_mv() - empty_mv) * 100 // (full_mv - empty_mv)))


def _battery_mv() -> int:
    number, divided_by = pins.BATTERY_ADC
    return chip.pin_mv(number) * divided_by
