"""Clocks of the virtual board: the host's, moved by CHENGXIN_CLOCK_OFFSET_MS for boards whose clock is wrong."""

import os
import time

_OFFSET_MS = int(os.getenv("CHENGXIN_CLOCK_OFFSET_MS") or 0)


def now_ms() -> int:
    """Unix milliseconds; the unix port counts from 1970 already."""
    return time.time_ns() // 1000000 + _OFFSET_MS


def ticks_ms() -> int:
    """Milliseconds that only go forward; compare with ``time.ticks_diff``."""
    return time.ticks_ms()
