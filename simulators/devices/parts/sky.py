"""The sky over a handheld: where it is, and how well its receiver sees the satellites, one second after another."""

import asyncio
import random

from tracewire.errors import Rejected

from simulators import nmea
from simulators.devices.parts.part import Part, reach
from simulators.devices.sketch_map import SketchMap
from simulators.handheld_process import HandheldProcess

GOOD, POOR, NONE, GARBAGE = "good", "poor", "none", "garbage"
HDOP = {GOOD: 0.9, POOR: 7.5}
GARBAGE_LINES = 6
SECOND_S = 1.0


class Sky(Part):
    """``{"sky": "poor"}`` changes what is seen of it, ``{"place": [latitude, longitude]}`` walks there."""

    name = "sky"

    def __init__(self, sketch: SketchMap, board: HandheldProcess) -> None:
        super().__init__()
        self._map = sketch
        self._board = board
        self._sight = GOOD
        self._latitude, self._longitude = self._map.places[0].latitude, self._map.places[0].longitude
        self._chance = random.Random(1)
        self.hands = {"sky": self._look, "place": self._walk}

    def things(self) -> object:
        """Return the map."""
        return self._map

    def state(self) -> object:
        """Return what is seen, and where the inspector stands."""
        return {"sight": self._sight, "latitude": self._latitude, "longitude": self._longitude}

    async def work(self) -> None:
        """Let the receiver speak, once a second."""
        while True:
            await self._speak()
            await asyncio.sleep(SECOND_S)

    async def _speak(self) -> None:
        await reach(self._board.hear(self._second()))

    def _second(self) -> bytes:
        if self._sight in HDOP:
            return nmea.position(self._latitude, self._longitude, hdop=HDOP[self._sight])
        return nmea.lost() if self._sight == NONE else nmea.hostile(self._chance, GARBAGE_LINES)

    async def _look(self, sight: object) -> None:
        if sight not in (GOOD, POOR, NONE, GARBAGE):
            raise Rejected("hand.sky", repr(sight)[:80])
        self._sight = str(sight)
        await self._speak()

    async def _walk(self, place: object) -> None:
        match place:
            case [int() | float() as latitude, int() | float() as longitude] if self._map.holds(latitude, longitude):
                self._latitude, self._longitude = float(latitude), float(longitude)
                await self._speak()
            case _:
                raise Rejected("hand.place", repr(place)[:80])
