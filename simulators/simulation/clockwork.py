"""Time and chance of one simulated world, both from its seed: the same seed is the same world, step by step.

Why an event loop of our own: the product's code waits with ``asyncio``, so a loop whose time jumps runs it unchanged,
hours in milliseconds. Nothing here waits for anything real: there are no sockets, and what the code hands to a thread
is run on the spot, so that the order of steps is the scheduler's and nobody else's.
"""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from random import Random
from typing import TypeVar, TypeVarTuple

from tracewire.errors import Misuse

START_MS = 1_795_000_000_000
"""Unix milliseconds at which every world begins."""


T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class PowerCut(BaseException):
    """The power of one house is gone; no handler of the product's own may catch it, hence no ``Exception``."""


class _Jump(selectors.DefaultSelector):
    """Instead of waiting, says how long the wait would have been."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed_seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Misuse("simulation.stuck", "nothing will ever happen again")
        self.elapsed_seconds += max(0.0, timeout)
        return []


class Clockwork(asyncio.SelectorEventLoop):
    """An event loop whose time stands still while there is something to do, and else jumps to the next timer."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Return the seconds since the world began."""
        return self._jump.elapsed_seconds

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run what was meant for a thread at once, in the caller's turn; a power cut in it travels to who awaits."""
        del executor  # nothing runs beside the scheduler
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except BaseException as error:  # noqa: BLE001 (handed to the caller whole)
            future.set_exception(error)
        return future


class World:
    """One seed: its clock, its luck, and the list of what happened.

    ``odds`` name what may go wrong and how often, each between 0 and 1; an absent name never happens. ``calm`` ends all
    faults: what is still wrong a few hours later is a bug.
    """

    def __init__(self, seed: int, odds: Mapping[str, float]) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.loop = Clockwork()
        self.is_calm = False
        self.events: list[str] = []
        self._odds = odds

    def now_ms(self) -> int:
        """Return Unix milliseconds of this world."""
        return START_MS + round(self.loop.time() * 1000)

    def note(self, who: str, what: str) -> None:
        """Write down one step; two runs of one seed write the same."""
        self.events.append(f"{self.now_ms() - START_MS:>9} ms  {who:<10} {what}")

    def happens(self, what: str) -> bool:
        """Tell whether the fault of this name strikes now."""
        return not self.is_calm and self.random.random() < self._odds.get(what, 0.0)

    def maybe_cut(self, who: str, where: str) -> None:
        """Perhaps end a house between two durable steps; raises ``PowerCut``."""
        if self.happens("power cut"):
            self.note(who, f"power cut {where}")
            raise PowerCut(who)

    async def pause(self, least_ms: float, most_ms: float) -> None:
        """Let time go by."""
        await asyncio.sleep(self.random.uniform(least_ms, most_ms) / 1000)
