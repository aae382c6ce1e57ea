"""A virtual rail scale: the shipped firmware in a real MicroPython process, and the hands and readers of a line.

line = RailProcess(firmware_image.build(packages=RAIL), flash)
await line.start()
await line.present_card(lot_card("35020000200010000003", "绿源养殖场"))
await line.hang(91_200)
await line.read_tag("135082140018200")
await line.wait_for_beep("done")
await line.take_off()
"""

from collections.abc import Sequence
from functools import reduce
from operator import xor
from pathlib import Path

from tracewire import cbor, record

from simulators.scale_process import WAIT_TIMEOUT_S, Cell, ScaleProcess

PROGRAM = "rail.main"
HEAP = "224K"
"""The 192 KiB of a scale, and 16 for the register of carcasses, the lots and the vouchers (ADR 0017)."""

RAIL_CELL = Cell(counts_at_zero=84_000, counts_per_kg=20_000, noise_counts=120, drift_counts=400, seed=3)
"""Max 300 kg: noise of 6 g, drift of 20 g."""


def frame(kind: str, digits: str) -> str:
    """Return what the reader sends for an ear tag ("E") or a hook ("H"): `firmware/app/rail/ear_tags.py`."""
    content = kind + digits
    return f"${content}*{reduce(xor, content.encode()):02X}"


def lot_card(
    lot: str,
    origin: str,
    product: str = "白条猪肉",
    certificates: Sequence[tuple[int, str]] = ((2, "3508210098765"), (4, "3502000112233"), (5, "厦品检2026-112207")),
) -> bytes:
    """Return a lot card; `certificates` are (kind of document, number), all that a voucher needs unless told."""
    rows: list[object] = [[kind, number, number.encode("gbk"), "", 0, 0] for kind, number in certificates]
    names: list[object] = [origin, origin.encode("gbk"), product, product.encode("gbk")]
    return cbor.encode({4: record.pack_digits(lot), **dict(enumerate(names, 5)), 9: rows})


class RailProcess(ScaleProcess):
    """One rail scale."""

    def __init__(
        self, image: Path, flash: Path, *, cell: Cell = RAIL_CELL, clock_offset_ms: int = 0, heap: str = HEAP
    ) -> None:
        """Prepare a line that runs the compiled `image` on the enrolled `flash`; `start` switches it on."""
        super().__init__(image, flash, cell=cell, clock_offset_ms=clock_offset_ms, heap=heap, program=PROGRAM)
        self._beeps_heard = 0

    async def start(self) -> None:
        """Switch on and wait until it is ready."""
        self._beeps_heard = 0
        await super().start()

    async def hang(self, grams: float) -> None:
        """Let a carcass hang on the rail."""
        await self.put_load(grams)

    async def wait_for_rest(self, grams: int) -> None:
        """Wait until a load is shown at rest."""
        await self.wait_for_text(f"{grams / 1000:.3f} kg 稳定")

    async def take_off(self) -> None:
        """Move the carcass on, and wait until the rail is seen empty."""
        await self.remove_load()
        await self.wait_for_lamp("zero")

    async def read_tag(self, digits: str) -> None:
        """Let the reader see an ear tag."""
        await self.read_frame(frame("E", digits))

    async def read_hook(self, number: int) -> None:
        """Let the reader see a hook."""
        await self.read_frame(frame("H", str(number)))

    async def read_frame(self, line: str) -> None:
        """Let the reader say something, sound or not."""
        await self._send("tag", line)

    async def wait_for_beep(self, name: str, timeout_s: float = WAIT_TIMEOUT_S) -> None:
        """Wait for the next sound that nobody has waited for yet, and pass over others before it."""
        await self.wait_until(lambda: name in self.beeps[self._beeps_heard :], timeout_s)
        self._beeps_heard = self.beeps.index(name, self._beeps_heard) + 1
