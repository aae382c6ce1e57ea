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


def readings() -> "dict[str, int]":
    """Return health fields: the chip's temperature, and the battery's voltage on a board that measures it."""
    known = {"temperature_millidegrees": esp32.mcu_temperature() * 1000}
    if pins.BATTERY_ADC is not None:
        number, divided_by = pins.BATTERY_ADC
        known["battery_mv"] = machine.ADC(machine.Pin(number)).read_uv() * divided_by // 1000
    return known
