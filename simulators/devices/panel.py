"""The bridge between a device's front panel and the people who look at it on the page.

A panel outlives its board: goods stay on the pan, the card in the reader and the paper in the printer when the plug is
pulled, and a board that is switched on again finds them there. One task lives as long as the board has power.
"""

import asyncio
import contextlib
import io
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tracewire.errors import Rejected, TracewireError, Unavailable

from simulators.devices.bell import Bell
from simulators.devices.face import Face
from simulators.printer import Printer
from simulators.scale_process import ScaleProcess

OFF, STARTING, ON, STOPPED = "off", "starting", "on", "stopped"
PRINTER_STATES = ("ok", "paper_out", "jam")
SLIPS_SHOWN = 12


@dataclass
class Slip:
    """One printed slip: its picture, and where its QR code leads ("" without a code)."""

    number: int
    png: bytes = field(repr=False)
    url: str
    is_torn: bool = False


class Panel:
    """One device: what is on it, what it shows, and the hands at it. ``bell`` rings whenever ``state`` has changed."""

    def __init__(self, face: Face, board: ScaleProcess) -> None:
        self.face = face
        self.bell = Bell()
        self.slips: list[Slip] = []
        self._board = board
        self._power = OFF
        self._trouble: dict[str, str] | None = None
        self._goods: list[str] = []
        self._loose_grams = 0
        self._card: str | None = None
        self._printer = PRINTER_STATES[0]
        self._life: asyncio.Task[None] | None = None
        self._hands: dict[str, Callable[[Any], Awaitable[None]]] = {
            "power": self._switch,
            "key": self._press,
            "pan": self._lay,
            "card": self._hold_card,
            "printer": self._treat_printer,
            "tear": self._tear,
        }

    def state(self) -> dict[str, object]:
        """Return everything that changes, as the page shows it."""
        has_power = self._power == ON
        return {
            "power": self._power,
            "trouble": self._trouble,
            "screen": self._board.screen if has_power else [],
            "lamps": sorted(self._board.lamps) if has_power else [],
            "pan": {"goods": self._goods, "loose_grams": self._loose_grams, "grams": self._grams()},
            "card": self._card,
            "printer": self._printer,
            "slips": [{"number": s.number, "url": s.url, "torn": s.is_torn} for s in self.slips[-SLIPS_SHOWN:]],
        }

    async def touch(self, message: object) -> None:
        """Do what a hand does: ``{name: value}``, names as in `_hands`; Rejected "hand.unknown" for anything else."""
        if not isinstance(message, dict) or len(message) != 1 or (name := next(iter(message))) not in self._hands:
            raise Rejected("hand.unknown", repr(message)[:80])
        await self._hands[name](message[name])
        self.bell.ring()

    async def switch_on(self) -> None:
        """Give it power and return at once; a device that runs is left as it is."""
        if self._power in (OFF, STOPPED):
            self._power, self._trouble = STARTING, None
            self._life = asyncio.create_task(self._live())
            self.bell.ring()

    async def pull_plug(self) -> None:
        """Cut the power as it is: kill -9."""
        await self._end_life()
        await self._board.kill()
        self._power, self._trouble = OFF, None
        await self._take_slips()  # paper that came out just before
        self.bell.ring()

    async def put_away(self) -> None:
        """End its process, if there is one, and wait until it has ended."""
        await self._end_life()
        await self._board.stop()
        self._power = OFF

    async def _live(self) -> None:
        try:
            await self._board.start()
            await self._find_things_again()
            self._power = ON
            while True:
                await self._take_slips()
                self.bell.ring()
                await self._board.wait_until(partial(self._shows_other_than, self._shown()), math.inf)
        except TracewireError as trouble:
            await self._board.kill()
            self._power = STOPPED
            self._trouble = {"code": trouble.code, "detail": trouble.detail.strip().rpartition("\n")[2]}
            self.bell.ring()

    async def _end_life(self) -> None:
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait([self._life])
            self._life = None

    def _shown(self) -> tuple[list[str], frozenset[str], int]:
        return self._board.screen, self._board.lamps, len(self._board.slips)

    def _shows_other_than(self, seen: tuple[list[str], frozenset[str], int]) -> bool:
        return self._shown() != seen

    async def _find_things_again(self) -> None:
        """Tell a board that was just switched on what the panel line has not told it: printer and card."""
        if self.face.kind.has_printer:
            await self._board.set_printer(self._printer)
        if self._card is not None:
            await self._board.present_card(self._contents(self._card))

    async def _take_slips(self) -> None:
        for number, escpos in enumerate(self._board.slips[len(self.slips) :], len(self.slips) + 1):
            self.slips.append(await asyncio.to_thread(_print, number, escpos))

    # Hands

    async def _switch(self, wanted: object) -> None:
        await (self.switch_on() if wanted == "on" else self.pull_plug())

    async def _press(self, key: object) -> None:
        if not isinstance(key, str) or not self.face.kind.has_key(key):
            raise Rejected("hand.key", repr(key)[:80])
        await self._reach(self._board.press(key))

    async def _lay(self, pan: object) -> None:
        kind = self.face.kind.pan
        if kind is None or not isinstance(pan, dict):
            raise Rejected("hand.pan", repr(pan)[:80])
        goods, loose = pan.get("goods"), pan.get("loose_grams")
        known = [one.name for one in kind.goods]
        if not isinstance(goods, list) or not all(one in known for one in goods) or len(set(goods)) != len(goods):
            raise Rejected("hand.goods", repr(goods)[:80])
        if type(loose) is not int or not 0 <= loose <= kind.loose_grams:
            raise Rejected("hand.grams", repr(loose)[:80])
        self._goods, self._loose_grams = goods, loose
        await self._reach(self._board.put_load(self._grams()))

    async def _hold_card(self, name: object) -> None:
        if name is not None and (not isinstance(name, str) or self.face.card(name) is None):
            raise Rejected("hand.card", repr(name)[:80])
        if self._card is not None:  # one card at a time: the other is taken away first
            await self._reach(self._board.take_card())
        self._card = name
        if name is not None:
            await self._reach(self._board.present_card(self._contents(name)))

    async def _treat_printer(self, state: object) -> None:
        if not self.face.kind.has_printer or state not in PRINTER_STATES:
            raise Rejected("hand.printer", repr(state)[:80])
        self._printer = str(state)
        await self._reach(self._board.set_printer(self._printer))

    async def _tear(self, _: object) -> None:
        for slip in self.slips:
            slip.is_torn = True

    async def _reach(self, touching: Awaitable[None]) -> None:
        with contextlib.suppress(Unavailable):  # a board without power feels nothing; it finds the load when it starts
            await touching

    def _grams(self) -> int:
        kind = self.face.kind.pan
        ready = sum(one.grams for one in kind.goods if one.name in self._goods) if kind else 0
        return ready + self._loose_grams

    def _contents(self, name: str) -> bytes:
        card = self.face.card(name)
        assert card is not None, name
        return card.contents


def _print(number: int, escpos: bytes) -> Slip:
    paper = Printer().render(escpos)
    png = io.BytesIO()
    paper.image.save(png, "PNG", optimize=True)
    return Slip(number, png.getvalue(), paper.codes[0][0] if paper.codes else "")
