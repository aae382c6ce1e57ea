"""Power-on of the virtual board with time that does not wait: while nothing is to be done, what comes next is due now.

So half an hour of a device's life takes seconds, and every task of the shipped firmware sees its clocks go on as ever:
asyncio takes its time from ``hal.clock`` here, and what it would sleep passes there. After ``HASTE_MS`` the log says so
and time goes on as everywhere else.
"""

import asyncio
import sys
from asyncio import core

HASTE_MS = 1800000

_wait_io_event = core.IOQueue.wait_io_event


async def hurry() -> None:
    """Begin once the firmware is found, which is when the loop runs."""
    from hal import clock  # noqa: PLC0415 (it is on the ROM, which is mounted by now)

    def wait(queue: core.IOQueue, duration_ms: int) -> None:
        _wait_io_event(queue, min(0, duration_ms))
        clock.sleep_ms[0] += max(0, duration_ms)
        if clock.sleep_ms[0] > HASTE_MS:
            core.IOQueue.wait_io_event = _wait_io_event
            sys.stdout.write("clock: %d s have passed in haste\n" % (HASTE_MS // 1000))

    core.ticks = clock.ticks_ms
    core.IOQueue.wait_io_event = wait


asyncio.create_task(hurry())  # noqa: RUF006 (the loop runs until the power goes, and keeps it)
import power_on  # noqa: E402, F401 (it runs the program, and never returns)
