"""The seller's card at the scale: one tap signs in, and the seller keeps selling until another card comes.

Tapping the same card again changes nothing, so a seller who is not sure may tap twice. A card with other lots replaces
the session. The clear key, pressed while the card lies on the reader, signs out.
"""

from tracewire.errors import Rejected, Unavailable

from scale import session
from scale.screens import SIGNED_IN, SIGNED_OUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.downlink_stops import Stops
    from device.refusals import Refusals

    from scale.plu import PriceList
    from scale.screens import Screen
    from scale.session import Session, SessionStore


class SignIn:
    """Who is selling, on the screen, in the journal and on flash. ``serve_cards`` is an endless task."""

    def __init__(
        self,
        card_reader: object,
        store: "SessionStore",
        prices: "PriceList",
        screen: "Screen",
        history: object,
        publisher: object,
        refusals: "Refusals",
        stops: "Stops",
    ) -> None:
        self._card_reader = card_reader
        self._store = store
        self._prices = prices
        self._screen = screen
        self._history = history
        self._publisher = publisher
        self._refusals = refusals
        self._stops = stops
        self._on_reader = None
        self._show()

    def session(self, is_in_hand: bool = False) -> "Session":
        """Return who is selling; Rejected "session.none" when nobody has tapped a card.

        Rejected "card.suspended", which is on record, unless the load ``is_in_hand`` since before the market said so.
        """
        current = self._store.current
        if current is None:
            raise Rejected("session.none")
        if not is_in_hand:
            try:
                self._stops.require_seller(current.seller)
            except Rejected as refusal:
                self._refusals.tell(refusal.code)
                raise
        return current

    async def serve_cards(self) -> None:
        """Answer every card that is presented; a card that is taken away ends nothing."""
        while True:
            try:
                card = await self._card_reader.next_card()
                self._on_reader = None  # also when the next card is not one of ours
                if card is not None:
                    self._on_reader = session.decode_card(card)
                    self._tap(self._on_reader)
            except Rejected as refusal:
                self._screen.refuse(refusal.code)
                self._refusals.tell(refusal.code)
            except Unavailable as refusal:
                self._screen.refuse(refusal.code)

    def clear(self) -> None:
        """Sign out if a card lies on the reader; the clear key alone ends no session."""
        if self._on_reader and self._store.current:
            self._change([self._store.current.record(session.OUT)], None)
            self._screen.say(SIGNED_OUT)

    def _tap(self, card: "Session") -> None:
        self._stops.require_seller(card.seller)
        before = self._store.current
        if before is None or before.card != card.card:
            entries = [card.record(session.IN, self._prices)]
            if before is not None and before.seller != card.seller:
                entries.insert(0, before.record(session.OUT))
            self._change(entries, card)
        self._screen.say(SIGNED_IN + card.stall)

    def _change(self, entries: "list[tuple[int, dict[str, object]]]", current: "Session | None") -> None:
        self._history.write(entries)
        # A crash here: recorded, but the session of before still holds; the next tap is recorded again.
        self._store.keep(current)
        self._publisher.wake()
        self._show()

    def _show(self) -> None:
        self._screen.seller(self._store.current.stall if self._store.current else None)
