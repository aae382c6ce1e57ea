"""The bridge between a device's front panel and the people who look at it on the page.

A panel outlives its board: what lies on its parts stays there when the plug is pulled, and a board that is switched on
again finds it. One task lives as long as the board has power.
"""

import asyncio
import math
from collections.abc import Sequence
from functools import partial

from tracewire.errors import Rejected, TracewireError

from simulators.devices.bell import Bell
from simulators.devices.face import Face
from simulators.devices.parts.camera import Camera
from simulators.devices.parts.part import Hand, Part
from simulators.devices.parts.printer import Printer
from simulators.scale_process import ScaleProcess

OFF, STARTING, ON, STOPPED = "off", "starting", "on", "stopped"


class Panel:
    """One device: what is on it, what it shows, and the hands at it. ``bell`` rings whenever ``state`` has changed."""

    def __init__(self, face: Face, board: ScaleProcess, parts: Sequence[Part]) -> None:
        self.face = face
        self.bell = Bell()
        self._board = board
        self._parts = parts
        self._power = OFF
        self._trouble: dict[str, str] | None = None
        self._life: asyncio.Task[None] | None = None
        self._hands: dict[str, Hand] = {"power": self._switch}
        for part in parts:
            self._hands.update(part.hands)

    def description(self) -> dict[str, object]:
        """Return what the page needs to draw it, once."""
        return {
            "name": self.face.name,
            "kind": self.face.kind,
            "place": self.face.place,
            "goods": {key: {"name": name, "fen": fen} for key, (name, fen) in self.face.goods.items()},
            "parts": {part.name: part.things() for part in self._parts},
        }

    def state(self) -> dict[str, object]:
        """Return everything that changes, as the page shows it."""
        has_power = self._power == ON
        return {
            "power": self._power,
            "trouble": self._trouble,
            "screen": self._board.screen if has_power else [],
            "lamps": sorted(self._board.lamps) if has_power else [],
            **{part.name: part.state() for part in self._parts},
        }

    def picture(self, name: str, number: int) -> bytes | None:
        """Return the PNG of a slip or of a photo, numbered from 1; None when there is none."""
        for part in self._parts:
            if name == "slips" and isinstance(part, Printer):
                return next((slip.png for slip in part.slips if slip.number == number), None)
            if name == "photos" and isinstance(part, Camera):
                return next((photo.png for photo in part.photos if photo.number == number), None)
        return None

    async def touch(self, message: object) -> None:
        """Do what a hand does: ``{name: value}``, names as the parts have them; Rejected "hand.unknown" for others."""
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
        await self._notice()  # paper that came out just before
        self.bell.ring()

    async def put_away(self) -> None:
        """End its process, if there is one, and wait until it has ended."""
        await self._end_life()
        await self._board.stop()
        self._power = OFF

    async def _live(self) -> None:
        work: list[asyncio.Task[None]] = []
        try:
            await self._board.start()
            for part in self._parts:
                await part.find_again()
            self._power = ON
            work += [asyncio.create_task(part.work()) for part in self._parts]
            while True:
                heard = self._board.messages
                await self._notice()
                self.bell.ring()
                await self._board.wait_until(partial(self._says_more_than, heard), math.inf)
        except TracewireError as trouble:
            await self._board.kill()
            self._power = STOPPED
            self._trouble = {"code": trouble.code, "detail": trouble.detail.strip().rpartition("\n")[2]}
            self.bell.ring()
        finally:
            for task in work:
                task.cancel()

    def _says_more_than(self, heard: int) -> bool:
        return self._board.messages != heard

    async def _notice(self) -> None:
        for part in self._parts:
            await part.notice()

    async def _end_life(self) -> None:
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait([self._life])
            self._life = None

    async def _switch(self, wanted: object) -> None:
        await (self.switch_on() if wanted == "on" else self.pull_plug())
