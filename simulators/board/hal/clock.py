"""Clocks of the virtual board: the host's, moved by CHENGXIN_CLOCK_OFFSET_MS for boards whose clock is wrong.

Both run ahead of the host by ``sleep_ms``: what was slept through at once (``power_on_hasty``).
"""

import os
import time

_offset_ms = [int(os.getenv("CHENGXIN_CLOCK_OFFSET_MS") or 0)]
sleep_ms = [0]  # named as the interpreter names something: a ROM shortens other names, and this one is set from outside


def now_ms() -> int:
    """Unix milliseconds; the unix port counts from 1970 already."""
    return time.time_ns() // 1000000 + _offset_ms[0] + sleep_ms[0]


def set_ms(unix_ms: int) -> None:
    """Set the clock, until the power goes; whoever calls this has put a clock record on flash first."""
    _offset_ms[0] += unix_ms - now_ms()


def ticks_ms() -> int:
    """Milliseconds that only go forward; compare with ``time.ticks_diff``."""
    return time.ticks_add(time.ticks_ms(), sleep_ms[0])
