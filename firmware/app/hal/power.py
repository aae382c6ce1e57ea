"""Why the board started."""

import machine

_CAUSES = {
    machine.PWRON_RESET: "power_on",
    machine.WDT_RESET: "watchdog",
    machine.SOFT_RESET: "command",
}


def boot_cause() -> str:
    """Return a word of ``vocabulary.BOOT_CAUSES``."""
    return _CAUSES.get(machine.reset_cause(), "other")
