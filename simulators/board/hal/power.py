"""Why the virtual board started, and its battery: the panel sends ``battery`` with percent, or null for mains alone."""

import os
import sys

from hal.panel import plug

_percent = []


def boot_cause() -> str:
    """Return a word of ``vocabulary.BOOT_CAUSES``: what CHENGXIN_BOOT_CAUSE says, else somebody switched it on."""
    return os.getenv("CHENGXIN_BOOT_CAUSE") or "power_on"


def restart() -> None:
    """Begin again from power-on: the process ends, and whoever holds its panel starts the next one."""
    sys.exit(0)


def readings() -> "dict[str, int]":
    """Return health fields of the supply: the battery, when there is one."""
    percent = battery_percent()
    return {} if percent is None else {"battery_percent": percent}


def battery_percent() -> "int | None":
    """Return what is left in the battery; None without one."""
    if not _percent:
        _percent.append(None)
        plug().on("battery", _set)
    return _percent[0]


def _set(percent: "int | None") -> None:
    _percent[0] = percent
