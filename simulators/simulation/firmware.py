"""The device's own modules in this interpreter: the files that ship, under the few names that CPython lacks.

Why not on MicroPython, as everywhere else: here thousands of lives are lived, each cut off at chosen steps, and the
journal, history, custody and publisher are pure enough to run on either Python. What they do on the real interpreter
and on real littlefs is tested where devices are tested.
"""

import asyncio
import importlib
import sys
import time
from typing import Any

from simulators.firmware_image import REPOSITORY

_APPLICATION = str(REPOSITORY / "firmware" / "app")
_FREE_HEAP_BYTES = 65_536


class _Heap:
    """What the device's code knows as ``gc``: a heap that is always swept, as this one is the host's.

    A sweep of the host before each signature would cost ten times the signature and find nothing of the device's.
    """

    @staticmethod
    def collect() -> None:
        """Sweep nothing."""

    @staticmethod
    def mem_free() -> int:
        """Return what a device has free on an ordinary day."""
        return _FREE_HEAP_BYTES


def _wait_for_ms(awaitable: Any, timeout_ms: int) -> Any:
    return asyncio.wait_for(awaitable, timeout_ms / 1000)


def _ticks_add(ticks: int, delta: int) -> int:
    return ticks + delta


def _ticks_diff(later: int, earlier: int) -> int:
    return later - earlier


for _module, _name, _stand_in in (
    (time, "ticks_add", _ticks_add),
    (time, "ticks_diff", _ticks_diff),
    (asyncio, "wait_for_ms", _wait_for_ms),
):
    if not hasattr(_module, _name):
        setattr(_module, _name, _stand_in)
if _APPLICATION not in sys.path:
    sys.path.append(_APPLICATION)

journal: Any = importlib.import_module("device.journal")
mark: Any = importlib.import_module("device.mark")
history: Any = importlib.import_module("device.history")
history.gc = _Heap
publisher: Any = importlib.import_module("device.publisher")
clock_keeper: Any = importlib.import_module("device.clock_keeper")
downlink: Any = importlib.import_module("device.downlink")
downlink_stops: Any = importlib.import_module("device.downlink_stops")
downlink_shelf: Any = importlib.import_module("device.downlink_shelf")
downlink_desk: Any = importlib.import_module("scale.downlink_desk")
plu: Any = importlib.import_module("scale.plu")
