"""Slips that a printer without paper still owes: on flash, until they are on paper.

One small file for each, because the journal lets go of a sale when the cloud has it. At most ``MOST``; then the oldest
is given up, whose customer has left long ago: the sale is in the ledger all the same.
"""

import os

from tracewire import cbor, cose, record
from tracewire.errors import Rejected, Unavailable

from scale.plu import Plu

MOST = 24

_FOLDER = "/slips"


class OwedSlips:
    """``numbers``: the sequence numbers of their sales, oldest first."""

    def __init__(self, root: str) -> None:
        self._folder = root + _FOLDER
        try:
            self.numbers = sorted([int(name) for name in os.listdir(self._folder)])
        except OSError:
            self.numbers = []  # the folder is made with the first of them

    def keep(self, goods: Plu, sale: "record.Record", sealed: bytes, is_preset: bool) -> None:
        """Keep what a slip needs; on flash when this returns. ``Unavailable("slip.flash")``: it is not kept."""
        content = cbor.encode([goods.number, goods.name_gbk, is_preset, sealed])
        try:
            if not self.numbers:
                self._make_folder()
            with open(self._path(sale.seq), "wb") as file:
                file.write(content)
        except OSError as error:
            raise Unavailable("slip.flash", str(error))
        self.numbers.append(sale.seq)
        if len(self.numbers) > MOST:
            self.forget(self.numbers[0])

    def read(self, number: int) -> "tuple[Plu, record.Record, bytes, bool] | None":
        """Return goods, sale, its sealed bytes and whether its tare was keyed in; None when it cannot be read."""
        try:
            with open(self._path(number), "rb") as file:
                plu, name_gbk, is_preset, sealed = cbor.decode(file.read())
            return Plu(plu, "", name_gbk, 0), record.decode(cose.parse(sealed).payload), sealed, is_preset
        except (OSError, Rejected, TypeError, ValueError):  # the power went while littlefs made the file
            return None

    def forget(self, number: int) -> None:
        """Let go of a slip that is on paper. A crash before it prints the slip once more, marked as such."""
        self.numbers.remove(number)
        try:
            os.remove(self._path(number))
        except OSError:
            return  # it comes back at the next power-on, and is printed once more

    def _make_folder(self) -> None:
        try:
            os.mkdir(self._folder)
        except OSError:
            os.stat(self._folder)  # is there from before

    def _path(self, number: int) -> str:
        return "%s/%08d" % (self._folder, number)
