"""Every slip and voucher that a device of this page has printed, where others can reach it: an inspector scans them."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Slip:
    """One printed slip: which device printed it, its picture, and where its QR code leads ("" without a code)."""

    device: str
    number: int
    png: bytes = field(repr=False)
    url: str
    is_torn: bool = False


class Shelf:
    """Slips in order of printing; ``on_new`` callables hear of each."""

    def __init__(self) -> None:
        self.slips: list[Slip] = []
        self.on_new: list[Callable[[], None]] = []

    def put(self, slip: Slip) -> None:
        """Lay a slip on the shelf."""
        self.slips.append(slip)
        for hear in self.on_new:
            hear()

    def find(self, device: str, number: int) -> Slip | None:
        """Return a slip, or None when it was never printed."""
        return next((slip for slip in self.slips if (slip.device, slip.number) == (device, number)), None)
