"""The cards on the page, and the market's card desk, which writes a lot from a slaughter voucher on its buyer's card.

The desk believes the ledger and not the paper: it looks the voucher's movement up in the cloud.
"""

import os
from collections.abc import Sequence

import httpx
from cards.contents import Contents, decode
from tracewire import cose, record
from tracewire.errors import Rejected

from simulators import accounting
from simulators.card_reader import factory_card
from simulators.devices.cards import Card
from simulators.devices.issuing import IssuingDesk
from simulators.devices.kinds import Words
from simulators.site import Site, Stall

FOREIGN_ANSWER = bytes.fromhex("3b6800000073c84013009000")
"""What a bus card answers with: no card of ours."""
WHOLESALER, WHOLESALER_NAME = "3502000010007", "批发七号"
CARCASS_PLU = 1
"""Under which goods number a carcass is traded at the terminal."""


class Wallet:
    """Every card that a person of the page carries, and the desk that issues and enters."""

    def __init__(self, site: Site, stalls: Sequence[Stall], lots: dict[str, str], grams: int) -> None:
        """Issue the cards: each stall's with its lot of ``lots``, the wholesaler's with ``grams`` of its own."""
        self._site = site
        self._desk = IssuingDesk(site)
        stock = Contents(WHOLESALER, WHOLESALER_NAME, ((CARCASS_PLU, lots[WHOLESALER]),), (grams,))
        name = Words(f"{WHOLESALER_NAME}的卡", "Wholesaler's card")
        self.wholesaler = Card("wholesaler", name, "stock", stock.encode(), self._desk.issue(stock, is_secure=True))
        self.stalls = [self._stall_card(stall, lots[stall.seller_code]) for stall in stalls]
        self._cards = {stall.seller_code: card for stall, card in zip(stalls, self.stalls, strict=True)}
        self._cards[WHOLESALER] = self.wholesaler
        self.no_cards = self._no_cards()

    def look(self, card: Card) -> None:
        """Let a card say what a terminal has written on its chip; one that cannot be read says what it said."""
        if card.chip is not None and card.name not in ("foreign", "broken"):
            card.contents = self._desk.read(card.chip).encode()

    def enter(self, voucher: str) -> Card:
        """Write the lot of a slaughter voucher on its buyer's card; return the card.

        Rejected "desk.unreachable" without the cloud, "desk.not_yet" while the movement is under way, "desk.nobody"
        for a buyer who has no card here, "card.full".
        """
        grams, buyer = self._movement(voucher)
        card = self._cards.get(buyer)
        if card is None or card.chip is None:
            raise Rejected("desk.nobody", buyer)
        what = decode(card.contents).receive(CARCASS_PLU, voucher, grams)
        self._desk.rewrite(card.chip, what, f"slaughter voucher {voucher}")
        card.contents = what.encode()
        return card

    def _movement(self, voucher: str) -> tuple[int, str]:
        try:
            rows = accounting.read_ledger(self._site.url)
        except httpx.HTTPError:
            raise Rejected("desk.unreachable") from None
        for row in reversed(rows):
            statement = record.decode(cose.parse(row.sealed).payload)
            for lot, grams in statement.body.get("outputs", ()) if statement.kind == record.MOVEMENT else ():
                if lot == voucher:
                    return grams, statement.body["to_party"]
        raise Rejected("desk.not_yet", voucher)

    def _stall_card(self, stall: Stall, lot: str) -> Card:
        what = decode(stall.card(lot))
        label = Words(f"{stall.seller}的卡", f"{stall.seller}'s card")
        return Card(stall.scale, label, "ours", what.encode(), self._desk.issue(what, is_secure=False))

    def _no_cards(self) -> tuple[Card, Card]:
        """Return a card that is not ours, and one of ours that is broken."""
        spoiled = self._desk.issue(decode(self.wholesaler.contents), is_secure=True)
        second, first = spoiled.memory["files"]
        spoiled.memory["files"] = [second[:256] + "5a" * 128, "5a" * (len(first) // 2)]  # both copies, no key
        half = self.stalls[0].contents[: len(self.stalls[0].contents) // 2]
        return (
            Card("foreign", Words("公交卡", "Bus card"), "foreign", FOREIGN_ANSWER, factory_card(os.urandom(4))),
            Card("broken", Words("坏卡", "Broken card"), "broken", half, spoiled),
        )
