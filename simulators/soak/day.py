"""One device's day: so many trades, and with every few of them the next trouble; what was done is counted.

The order of troubles, the goods and the pauses come from one seed. What a trouble must leave in the ledger is said
beside it, in ``expected``: a fault that no record shows would be a fault that nobody can prove.
"""

import itertools
import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from tracewire import record
from tracewire.vocabulary import AUDIT_EVENTS

from provisioning import unlock
from simulators.scale_process import ScaleProcess

SETTLE_TIMEOUT_S = 120.0

Trouble = Callable[[], Awaitable[None]]


class Day(ABC):
    """A device and whoever works at it. ``done`` counts trades and troubles; ``slips`` are what was printed.

    ``authority`` is the directory of whoever tells what unlocks an opened case.
    """

    authority: Path

    def __init__(self, name: str, device: ScaleProcess, image: Path, flash: Path, chance: random.Random) -> None:
        self.name = name
        self.device = device
        self.image = image
        self.flash = flash
        self.chance = chance
        self.done: Counter[str] = Counter()
        self.slips: list[bytes] = []

    @abstractmethod
    async def open(self) -> None:
        """Begin the day at a device that was just switched on."""

    @abstractmethod
    async def trade(self) -> None:
        """Do what this device is for, once."""

    @abstractmethod
    def troubles(self) -> list[Trouble]:
        """Return what may go wrong here."""

    @abstractmethod
    def expected(self) -> Counter[str]:
        """Return how many records of which name the troubles must have left, at least (see ``names``)."""

    async def live(self, trades: int, every: int, progress: Callable[[], None]) -> None:
        """Live the whole day; a trouble comes before every ``every``-th trade, each kind in its turn."""
        await self.switch_on()
        await self.open()
        troubles = self.troubles()
        self.chance.shuffle(troubles)
        turns = itertools.cycle(troubles)
        for number in range(1, trades + 1):
            if number % every == 0:
                await next(turns)()
            await self.trade()
            self.done["trades"] += 1
            progress()

    async def settle(self) -> None:
        """Wait until the device says that the cloud holds all it has signed."""
        await self.device.wait_until(
            lambda: "link" in self.device.lamps and "pending" not in self.device.lamps, SETTLE_TIMEOUT_S
        )

    async def switch_on(self) -> None:
        """Switch the device on."""
        self.done["boot"] += 1
        await self.device.start()

    async def cut_power(self) -> None:
        """Pull the plug, clear the pan, and plug in again."""
        await self.device.kill()
        await self.device.remove_load()
        await self.switch_on()

    async def tamper(self) -> None:
        """Open the case and close it, ask the authority what unlocks the device, and type that."""
        await self.device.open_case()
        await self.device.wait_until(lambda: "询问码" in self.device.screen[3])
        await self.device.close_case()
        challenge = self.device.screen[3].split("询问码")[1].split()[0]
        await self.device.press("plu1")
        await self.device.wait_for_message("秤已锁")
        if self.chance.random() < 0.5:
            await self.cut_power()  # a lock outlives it
        for digit in unlock.answer(self.authority, self.name, challenge, "case opened in a soak", datetime.now(UTC)):
            await self.device.press(f"digit{digit}")
        await self.device.wait_for_message("已解锁")
        self.done["tampered"] += 1

    def unseen(self, records: list[record.Record]) -> list[str]:
        """Return what went wrong here without leaving the records that it must."""
        seen = Counter(itertools.chain.from_iterable(map(names, records)))
        tampered = dict.fromkeys(("case_opened", "locked", "unlocked"), self.done["tampered"])
        wanted = self.expected() + Counter(boot=self.done["boot"], **tampered)
        return [
            f"{self.name}: {count} times {what}, {seen[what]} in the ledger"
            for what, count in wanted.items()
            if seen[what] < count
        ]


def names(statement: record.Record) -> list[str]:
    """Return under which names a record is counted: its kind, and the event of an audit record."""
    found = [record.KINDS[statement.kind]]
    if statement.kind == record.AUDIT:
        found.append(AUDIT_EVENTS[statement.body["event"]])
    return found
