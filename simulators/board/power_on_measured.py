"""Power-on of the virtual board with somebody who looks at its heap: whenever less is free than ever, the log says so.

Looked at once a second, swept before, beside the program's own tasks.
"""

import asyncio
import gc
import sys

PERIOD_MS = 1000


async def watch() -> None:
    """Print the least free bytes so far, for ever."""
    least = gc.mem_free()
    while True:
        gc.collect()
        if gc.mem_free() < least:
            least = gc.mem_free()
            sys.stdout.write("heap: %d bytes free\n" % least)
        await asyncio.sleep_ms(PERIOD_MS)


asyncio.create_task(watch())  # noqa: RUF006 (the loop runs until the power goes, and keeps it)
import power_on  # noqa: E402, F401 (it runs the program, and never returns)
