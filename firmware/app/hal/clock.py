"""Clocks; the only place that converts a port's epoch to Unix time."""

import time

_EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0  # 2000-01-01 in Unix seconds, on ports that count from there


def now_ms() -> int:
    """Unix milliseconds of the battery-backed clock; whole seconds on ports that keep no more."""
    return time.time_ns() // 1000000 + _EPOCH_S * 1000


def ticks_ms() -> int:
    """Milliseconds that only go forward; compare with ``time.ticks_diff``."""
    return time.ticks_ms()
