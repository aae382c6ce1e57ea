"""What comes down: receipts for the publisher, and sealed statements that change what this device does (spec 14).

Why so suspicious: whoever holds the broker can send anything, twice, late, or to the wrong scale. A statement acts only
when a keeper sealed it for this device, it is newer than the one acted on, and it has not expired. The newest serial of
each kind is on flash with its effect, so a restart opens no door. Everything else changes nothing and is an audit
record, one per reason and hour: a hostile sender cannot fill the journal.

``on(kind, apply)`` says who acts. ``apply(statement)`` returns when the effect is on flash; ``Unavailable`` means not
now, and is tried again about every second; ``Rejected`` means never.
"""

from device.downlink_shelf import Shelf
from device.refusals import Refusals
from tracewire import cose, feed, receipt
from tracewire.errors import Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.clock_keeper import ClockKeeper
    from device.history import History
    from device.publisher import Publisher
    from tracewire.p256 import VerifyingKey


class Downlink:
    """Takes every message on the device's down topic."""

    def __init__(
        self,
        root: str,
        kid: bytes,
        keepers: "list[tuple[int, VerifyingKey]]",
        clock: "ClockKeeper",
        history: "History",
        publisher: "Publisher",
    ) -> None:
        self._kid = kid
        self._keepers = keepers
        self._clock = clock
        self._history = history
        self._publisher = publisher
        self._appliers = {feed.FIRMWARE: _stands}
        self._waiting = {}
        self._refusals = Refusals("downlink_refused", history, publisher, clock.ticks_ms)
        self.shelf = Shelf(root)

    def on(self, kind: int, apply: "Callable[[feed.Statement], None]") -> None:
        """Let ``apply`` act on statements of ``kind``; a kind that nobody acts on is refused."""
        self._appliers[kind] = apply

    def hear(self, topic: str, sealed: bytes) -> None:
        """Take one message; for ``device.mqtt.Client``."""
        try:
            message = cose.parse(sealed)
            if not feed.is_statement(message.payload):
                self._publisher.hear(topic, sealed)
                return
            self._take(message)
        except Rejected as refusal:
            self._refusals.tell(refusal.code)
        except Unavailable:
            return  # a clock record that the journal has no room for; the keeper answers the next record as well

    def settle(self) -> None:
        """Try again what could not be done at once; ``device.publisher`` calls it about once a second."""
        for kind in list(self._waiting):
            statement = self._waiting[kind]
            try:
                self._appliers[kind](statement)
                self.shelf.keep(statement)
                # On flash with its serial. A crash before it: the keeper repeats, and it is done once more.
            except Unavailable:
                continue
            except Rejected as refusal:
                self._refusals.tell(refusal.code)
            del self._waiting[kind]
            self._publisher.wake()

    def readings(self) -> "dict[str, int]":
        """Return health fields of what came down."""
        return {"downlink_refused": self._refusals.count}

    def _take(self, message: "cose.Sealed") -> None:
        level, key = self._keeper(message.kid)
        cose.verify(message, cose.FEED, key)
        statement = feed.decode(message.payload)
        if statement.kid != self._kid:
            raise Rejected("downlink.kid")
        if statement.kind == feed.CLOCK:
            self._set_clock(statement, level)
            return
        if level != receipt.CLOUD:
            raise Rejected("downlink.level")
        if statement.kind not in self._appliers:
            raise Rejected("downlink.kind")
        waiting = self._waiting.get(statement.kind)
        newest = waiting.serial if waiting else self.shelf.serial(statement.kind)
        if statement.serial < newest:
            raise Rejected("downlink.replay")
        if statement.serial == newest:
            return  # a repeat: the keeper could not know
        if self._clock.now_ms() > statement.expires_ms:
            raise Rejected("downlink.expired")
        self._waiting[statement.kind] = statement
        self.settle()

    def _set_clock(self, statement: "feed.Statement", level: int) -> None:
        ((unix_ms, seq, digest),) = statement.body
        self._clock.require_news(unix_ms)
        age_ms = self._publisher.answer_age_ms(seq, digest)
        if age_ms is None:
            return  # to a record of long ago: true, perhaps, but when?
        source = "cloud" if level == receipt.CLOUD else "gateway"
        self._clock.accept(unix_ms, age_ms, source, self._history)
        self._publisher.wake()

    def _keeper(self, kid: bytes) -> "tuple[int, VerifyingKey]":
        for level, key in self._keepers:
            if key.kid == kid:
                return level, key
        raise Rejected("downlink.keeper")


def _stands(_offer: "feed.Statement") -> None:
    """Do nothing more: an offer of firmware stands on the shelf, and ``update`` looks there."""
