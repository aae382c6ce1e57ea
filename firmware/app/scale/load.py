"""The load on the pan: weighed once, sold at most once.

Its weighing record waits a moment for its sale, so that both reach flash in one commit; an unsold one is recorded by
itself when the moment has passed, or when the next load settles.
"""

import time

from tracewire import record
from tracewire.errors import Rejected

from scale.price import amount_fen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.history import History
    from device.publisher import Publisher

    from scale.plu import Plu
    from scale.weighing import Reading

SALE_WAIT_MS = 2000
"""Longest time from a settled weight to its record on flash: what a power cut may take from the unsold weighings."""

_NO_TARE, _MEASURED_TARE, _PRESET_TARE = 0, 1, 2  # positions in ``vocabulary.TARE_MODES``


class Load:
    """One settled weighing. ``weighing_seq`` is the number of its record, None until that is on flash."""

    def __init__(self, reading: "Reading", e_grams: int, now_ticks_ms: int) -> None:
        self.reading = reading
        self.weighing_seq = None
        self.is_sold = False
        self._e_grams = e_grams
        self._settled_ticks_ms = now_ticks_ms

    def is_due(self, now_ticks_ms: int) -> bool:
        """Tell whether its weighing has waited long enough for a sale."""
        is_waiting = self.weighing_seq is None
        return is_waiting and time.ticks_diff(now_ticks_ms, self._settled_ticks_ms) >= SALE_WAIT_MS

    def wait_again(self, now_ticks_ms: int) -> None:
        """Try its weighing record again later: there was no room for it."""
        self._settled_ticks_ms = now_ticks_ms

    def weighing(self) -> "tuple[int, dict[str, object]]":
        """Return kind and body of its weighing record."""
        return record.WEIGHING, {
            "gross_grams": self.reading.gross_grams,
            "tare_grams": self.reading.tare_grams,
            "tare_mode": _tare_mode(self.reading),
            "net_grams": self.reading.net_grams,
            "e_grams": self._e_grams,
        }

    def weighing_before(self, history: "History") -> "tuple[list[tuple[int, dict[str, object]]], int]":
        """Return what to write before a record about it, and how far before that record its weighing stands."""
        if self.weighing_seq is None:
            return [self.weighing()], 1
        return [], history.next_seq - self.weighing_seq

    def keep(self, history: "History", publisher: "Publisher") -> None:
        """Record its weighing by itself, unless it is on flash already; raises as ``History.write``."""
        if self.weighing_seq is None:
            weighing, _ = history.write([self.weighing()])[0]
            self.weighing_seq = weighing.seq
            publisher.wake()

    def sale(self, goods: "Plu", lot: str, weighing_back: int) -> "tuple[int, dict[str, object]]":
        """Return kind and body of its sale as ``goods`` from ``lot``; Rejected "sale.repeated" when it is sold.

        ``weighing_back`` is how many records before the sale its weighing stands (spec 4.7).
        """
        if self.is_sold:
            raise Rejected("sale.repeated")
        return record.SALE, {
            "net_grams": self.reading.net_grams,
            "tare_grams": self.reading.tare_grams,
            "price_fen_per_kg": goods.price_fen_per_kg,
            "amount_fen": amount_fen(self.reading.net_grams, goods.price_fen_per_kg),
            "plu": goods.number,
            "lot": lot,
            "weighing_back": weighing_back,
        }


def _tare_mode(reading: "Reading") -> int:
    if not reading.tare_grams:
        return _NO_TARE
    return _PRESET_TARE if reading.is_preset else _MEASURED_TARE
