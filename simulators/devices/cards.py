"""Cards as people carry them: one thing, in one place at a time, that says the same at every reader.

A counter scale and a rail scale are given a card's contents, a terminal the chip with its keys and memory. What a
terminal has written stands in both.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tracewire import cbor, record
from tracewire.errors import Rejected

from simulators.devices.kinds import Words
from simulators.terminal_process import Card as Chip

_LOTS, _GRAMS_OR_LOT = 3, 4


@dataclass(eq=False)
class Card:
    """A card to tap; ``style`` is how it looks: "ours", "stock", "lot", "foreign" or "broken"."""

    name: str
    label: Words
    style: str
    contents: bytes = field(repr=False)
    chip: Chip | None = field(default=None, repr=False)
    lift: Callable[[], Awaitable[None]] | None = field(default=None, repr=False)
    """Takes it away from the reader on which it lies; None while it lies on none."""

    def says(self) -> str:
        """Return what a person would like to know of it: what is left, or its newest lot; "" for what is no card."""
        try:
            fields = cbor.decode(self.contents)
        except Rejected:
            return ""
        if not isinstance(fields, dict):
            return ""
        more = fields.get(_GRAMS_OR_LOT)
        if isinstance(more, bytes):
            return f"…{record.unpack_digits(more)[-7:]}"
        lots = fields.get(_LOTS) or []
        newest = f"…{record.unpack_digits(lots[0][1])[-7:]}" if lots else "—"
        return newest if more is None else f"{newest} {sum(more) / 1000:.1f} kg"
