"""Why the board started, and what it knows of its own supply and warmth."""

import esp32
import machine

from hal import pins

_CAUSES = {
    machine.PWRON_RESET: "power_on",
    machine.WDT_RESET: "watchdog",
    machine.SOFT_RESET: "command",
}


def boot_cause() -> str:
    """Return a word of ``vocabulary.BOOT_CAUSES``."""
    return _CAUSES.get(machine.reset_cause(), "other")


def restart() -> None:
    """Begin again from power-on; does not return."""
    machine.reset()


def readings() -> "dict[str, int]":
    """Return health fields: the chip's temperature, and the battery on a board that measures it."""
    known = {"temperature_millidegrees": esp32.mcu_temperature() * 1000}
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
    return machine.ADC(machine.Pin(number)).read_uv() * divided_by // 1000
