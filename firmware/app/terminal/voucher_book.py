"""The last vouchers of this terminal, on flash: what a buyer gets printed again by tapping the card alone.

A ring of small files, each the goods number and the sealed record; a voucher's place follows from its number, so there
is no index that could disagree with them.
"""

import os

from tracewire import cbor, cose, record
from tracewire.errors import Rejected, Unavailable

DIRECTORY = "vouchers"
CAPACITY = 24
"""Files of one flash block each."""


class Voucher:
    """One voucher: the goods number ``plu``, the record ``moved`` and its ``sealed`` bytes."""

    def __init__(self, plu: int, sealed: bytes) -> None:
        self.plu = plu
        self.sealed = sealed
        self.moved = record.decode(cose.parse(sealed).payload)

    @property
    def number(self) -> str:
        """Number of the voucher, and code of the lot that the buyer got."""
        return self.moved.body["voucher"]


class VoucherBook:
    """The ring under the flash root ``root``; ``code_base`` begins the numbers of this terminal."""

    def __init__(self, root: str, code_base: str) -> None:
        self._path = root + "/" + DIRECTORY
        self._code_base = code_base
        if DIRECTORY not in os.listdir(root or "/"):
            os.mkdir(self._path)  # the first boot

    def keep(self, voucher: Voucher) -> None:
        """Keep a voucher whose record is in the journal; on flash when this returns, Unavailable "voucher.flash"."""
        # Committed by littlefs at close. A crash before it: boot keeps it again from the journal.
        try:
            with open(self._file(voucher.moved.totals[0]), "wb") as file:
                file.write(cbor.encode([voucher.plu, voucher.sealed]))
        except OSError as error:
            raise Unavailable("voucher.flash", str(error))

    def last(self, count: int, most: int, party: "str | None" = None) -> "list[Voucher]":
        """Return up to ``most`` vouchers, newest first: those in which ``party`` bought or sold, or all.

        ``count`` is how many codes the terminal has given (``History.totals[0]``).
        """
        found = []
        for number in range(count, max(0, count - CAPACITY), -1):
            voucher = self._read(number)
            if voucher is None or len(found) == most:
                continue
            body = voucher.moved.body
            if party in (None, body["to_party"], body["from_party"]):
                found.append(voucher)
        return found

    def _read(self, number: int) -> "Voucher | None":
        try:
            with open(self._file(number), "rb") as file:
                voucher = Voucher(*cbor.decode(file.read()))
        except (OSError, Rejected):
            return None  # never written, or its file was just being made when the power went
        return voucher if voucher.number == record.code_of(self._code_base, number) else None

    def _file(self, number: int) -> str:
        return "%s/%02d" % (self._path, number % CAPACITY)
