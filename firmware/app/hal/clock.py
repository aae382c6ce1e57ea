"""Clocks; the only place that converts a port's epoch to Unix time."""

import time

from machine import RTC

_EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0  # 2000-01-01 in Unix seconds, on ports that count from there


def now_ms() -> int:
    """Unix milliseconds of the battery-backed clock; whole seconds on ports that keep no more."""
    return time.time_ns() // 1000000 + _EPOCH_S * 1000


def set_ms(unix_ms: int) -> None:
    """Set the clock; whoever calls this has put a clock record on flash first."""
    year, month, day, hour, minute, second, weekday, _ = time.gmtime(unix_ms // 1000 - _EPOCH_S)
    RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


def ticks_ms() -> int:
    """Milliseconds that only go forward; compare with ``time.ticks_diff``."""
    return time.ticks_ms()
