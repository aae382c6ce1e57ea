"""The newest statements that were acted on: serial and body by kind, in one small file, replaced whole.

Price lists leave only their serial here: what they said is in ``plu.cbor``.
"""

import os

from tracewire import cbor, feed
from tracewire.errors import Misuse, Rejected, Unavailable

FILE = "downlink.cbor"
"""``[[kind, serial, [row, …]], …]``, rows as they travel but for codes of digits, which are text."""


class Shelf:
    """What stands, under the flash root ``root``."""

    def __init__(self, root: str) -> None:
        """Read it; ``Misuse("downlink.broken")`` when it cannot be read: a frozen lot must not come free by damage."""
        self._path = root + "/" + FILE
        self._rows = self._read()

    def serial(self, kind: int) -> int:
        """Return the newest serial of a kind, 0 for none."""
        return self._rows[kind][0] if kind in self._rows else 0

    def body(self, kind: int) -> "list[list[object]]":
        """Return the rows of a kind, none when nothing was ever said."""
        return self._rows[kind][1] if kind in self._rows else []

    def keep(self, statement: "feed.Statement") -> None:
        """Let a statement stand from now on; on flash when this returns, ``Unavailable("downlink.flash")`` if not."""
        body = [] if statement.kind == feed.PRICES else [list(row) for row in statement.body]
        rows = dict(self._rows)
        rows[statement.kind] = (statement.serial, body)
        try:
            with open(self._path + ".new", "wb") as stream:
                stream.write(cbor.encode([[kind, serial, kept] for kind, (serial, kept) in rows.items()]))
            os.rename(self._path + ".new", self._path)
        except OSError as error:
            raise Unavailable("downlink.flash", str(error))
        # Commit point: littlefs renames atomically. A crash before it keeps the statements of before.
        self._rows = rows

    def _read(self) -> "dict[int, tuple[int, list[list[object]]]]":
        try:
            with open(self._path, "rb") as stream:
                content = stream.read()
        except OSError:
            return {}
        try:
            return {kind: (serial, body) for kind, serial, body in cbor.decode(content)}
        except (Rejected, TypeError, ValueError):
            raise Misuse("downlink.broken", FILE)
