"""What lies between the devices of the page: every slip and voucher that one has printed and another can scan."""

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
    """Slips in order of printing; ``on_change`` callables hear whenever something has changed hands."""

    def __init__(self) -> None:
        self.slips: list[Slip] = []
        self.on_change: list[Callable[[], None]] = []

    def put(self, slip: Slip) -> None:
        """Lay a slip on the shelf."""
        self.slips.append(slip)
        self.changed()

    def changed(self) -> None:
        """Tell every device's panel that something moved from one device to another."""
        for hear in self.on_change:
            hear()

    def find(self, device: str, number: int) -> Slip | None:
        """Return a slip, or None when it was never printed."""
        return next((slip for slip in self.slips if (slip.device, slip.number) == (device, number)), None)
