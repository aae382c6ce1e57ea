"""The MicroPython half of the device bench: a settled weight becomes a durable sale and the bytes of its slip.

Prints ``name milliseconds`` lines: the whole sale, and a signature alone, in turns in one process; the best of several
turns counts. Flash is the virtual board's: an image file in the page cache of this machine.
"""

import gc
import sys
import time

from device import journal
from device.history import History
from device.journal import Journal
from device.mark import Mark
from hal import clock, flash, nvram
from scale import slip
from scale.plu import Plu
from tracewire import p256, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

BOOT = {"software": "bench", "security_version": 1, "cause": 1, "model": "bench"}
WEIGHING = {"gross_grams": 520, "tare_grams": 0, "tare_mode": 0, "net_grams": 520, "e_grams": 5}
SALE = {
    "net_grams": 520,
    "tare_grams": 0,
    "price_fen_per_kg": 3680,
    "amount_fen": 1914,
    "plu": 1,
    "lot": "35020000100070000012",
    "weighing_back": 1,
}
GOODS = Plu(1, "五花肉", b"\xce\xe5\xbb\xa8\xc8\xe2", 3680)
HEAD = slip.Letterhead(b"\xc8\xfd\xba\xc5", "scale-0001", "https://trace.example/t/", "3502000010007")
KEY = p256.SigningKey(bytes(range(1, 33)), bytes)  # hedged, as on a device
TURNS = 5
SALES = 40


def milliseconds(action: "Callable[[], object]", repeats: int) -> float:
    """Return the time of one ``action`` out of ``repeats``, after a collection."""
    gc.collect()
    started = time.time_ns()
    for _ in range(repeats):
        action()
    return (time.time_ns() - started) / repeats / 1e6


def main() -> None:
    """Time a sale and a signature."""
    path = flash.mount(create=True) + "/journal"
    journal.create(path)
    history = History(Journal(path, 600 * 1024), KEY, clock, BOOT, Mark(nvram, KEY.kid))
    history.start()

    def sell() -> None:
        sale, sealed = history.write([(record.WEIGHING, WEIGHING), (record.SALE, SALE)])[-1]
        slip.compose(HEAD, GOODS, sale, sealed)

    message = bytes(200)
    sale_ms = sign_ms = 1e9
    for _ in range(TURNS):
        sale_ms = min(sale_ms, milliseconds(sell, SALES))
        sign_ms = min(sign_ms, milliseconds(lambda: KEY.sign(message), SALES))
    for name, value in (("sale", sale_ms), ("sign", sign_ms)):
        sys.stdout.write(name + " " + str(value) + "\n")


if __name__ == "__main__":
    main()
