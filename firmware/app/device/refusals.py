"""Refusals that a record must tell of: each reason once an hour, with how many of it went untold.

Somebody who sends rubbish without end, or plays with a bus card, must neither go unnoticed nor fill the journal.
"""

import time

from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.history import History
    from device.publisher import Publisher

SILENT_MS = 3600000  # between two audit records of one reason


class Refusals:
    """Tells them as audit records of one ``event``. ``count`` is how many there were since power-on."""

    def __init__(self, event: str, history: "History", publisher: "Publisher", ticks_ms: "Callable[[], int]") -> None:
        self.count = 0
        self._event = event
        self._history = history
        self._publisher = publisher
        self._ticks_ms = ticks_ms
        self._told = {}  # reason: (ticks of its audit record, how often refused since)

    def tell(self, code: str) -> None:
        """Count one, and put it on record when its turn has come; a journal without room tells of itself."""
        self.count += 1
        now = self._ticks_ms()
        told_at, untold = self._told.get(code, (None, 0))
        if told_at is not None and 0 <= time.ticks_diff(now, told_at) < SILENT_MS:
            self._told[code] = (told_at, untold + 1)
            return
        try:
            self._history.audit(self._event, "%s, %d more before" % (code, untold) if untold else code)
        except Unavailable:
            return
        self._told[code] = (now, 0)
        self._publisher.wake()
