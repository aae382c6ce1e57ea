"""The highest record number that is certainly on flash, kept where an old copy of the flash does not reach.

A flash image that is copied, sold upon and put back shows a journal that is sound in itself. Only something outside of
it can tell: ``hal.nvram`` keeps this number, which never falls. A journal that ends before it was set back
(docs/adr/0012). The number is written after the first record since power-on and then for every ``EVERY`` records, so
a copy taken while the power was off is always found out, and the part that keeps it hardly wears.

It belongs to one record key: under another key (a new enrolment) numbers begin anew, and what an earlier key's mark
says is the new one's first testimony.
"""

from tracewire import cbor
from tracewire.errors import Rejected, Unavailable

EVERY = 64  # records; how many a copy of the *running* flash may take back before a keeper's receipt tells


class Mark:
    """``seq`` is on flash; ``is_set_back``: the flash was found behind it, once and for all for this key.

    ``testimony``: what the mark of an earlier key has to say, "" when that key was in order. ``store`` is the board's
    ``hal.nvram``: ``read() -> bytes`` (empty before the first write), ``write(bytes)``, all or nothing.
    """

    def __init__(self, store: object, kid: bytes) -> None:
        self._store = store
        self._kid = kid
        self.seq = 0
        self.is_set_back = False
        self.testimony = ""
        self._recover(store.read())

    def is_due(self, seq: int) -> bool:
        """Tell whether ``seq``, the newest on flash, has gone so far ahead that it must be noted before the next."""
        return seq - self.seq >= EVERY

    def advance(self, seq: int) -> None:
        """Note that record ``seq`` is on flash; kept when this returns. ``Unavailable("mark.nvram")`` when it cannot.

        A crash before it leaves a lower mark, which accuses nobody.
        """
        if seq > self.seq and not self.is_set_back:
            self._keep(seq, False)
            self.testimony = ""

    def latch(self, seq: int) -> None:
        """Note that record ``seq`` is known of and not on flash: from now on until another key is enrolled.

        A mark that cannot be kept holds until the power goes; then whatever told of ``seq`` tells again.
        """
        if self.is_set_back:
            return
        self.is_set_back = True
        try:
            self._keep(max(seq, self.seq), True)
        except Unavailable:
            return

    def _keep(self, seq: int, is_set_back: bool) -> None:
        try:
            self._store.write(cbor.encode([self._kid, seq, is_set_back]))
        except OSError as error:
            raise Unavailable("mark.nvram", str(error))
        self.seq = seq

    def _recover(self, content: bytes) -> None:
        if not content:
            return  # the first power-on of this board
        try:
            kid, seq, is_set_back = cbor.decode(content)
        except (Rejected, TypeError, ValueError):
            self.is_set_back = True  # somebody wrote there, and it was not us
            return
        if kid == self._kid:
            self.seq, self.is_set_back = seq, is_set_back
        elif is_set_back:
            self.testimony = "key %s, known to %d" % ("".join(["%02x" % octet for octet in kid]), seq)
