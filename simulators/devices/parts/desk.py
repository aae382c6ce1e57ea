"""The market's card desk beside a terminal: what came from the slaughterhouse is put on its buyer's card."""

import asyncio
from collections.abc import Callable

from tracewire.errors import Rejected

from simulators.devices.cards import Card
from simulators.devices.parts.part import Part
from simulators.devices.shelf import Shelf

SHOWN = 3


class Desk(Part):
    """``{"desk": "35020000100050000002"}`` enters a voucher that was printed at the rail."""

    name = "desk"

    def __init__(self, shelf: Shelf, rail: str, enter: Callable[[str], Card]) -> None:
        """Take vouchers of the device ``rail``; ``enter`` writes one on a card."""
        super().__init__()
        self._shelf = shelf
        self._rail = rail
        self._enter = enter
        self._entered: list[str] = []
        self.hands = {"desk": self._take}

    def state(self) -> object:
        """Return the vouchers that nobody has entered yet, newest first."""
        return list(reversed(self._waiting()))[:SHOWN]

    async def _take(self, voucher: object) -> None:
        if not isinstance(voucher, str) or voucher not in self._waiting():
            raise Rejected("hand.desk", repr(voucher)[:80])
        card = await asyncio.to_thread(self._enter, voucher)
        self._entered.append(voucher)
        if card.lift is not None:  # it is handed back written: it lies on no reader any more
            await card.lift()
        self._shelf.changed()

    def _waiting(self) -> list[str]:
        printed = dict.fromkeys(
            slip.url.partition("#")[0].rpartition("/")[2] for slip in self._shelf.slips if slip.device == self._rail
        )
        return [voucher for voucher in printed if voucher and voucher not in self._entered]
