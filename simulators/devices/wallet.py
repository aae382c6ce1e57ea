"""The cards on the page, and the market's card desk, which writes a lot from a slaughter voucher on its buyer's card.

The desk believes the ledger and not the paper: it looks the voucher's movement up in the cloud.
"""

from collections.abc import Sequence
from functools import partial

import httpx
from tracewire import cbor, cose, record
from tracewire.errors import Rejected

from simulators import accounting
from simulators.card_desk import PLAIN, SECURE, CardDesk
from simulators.devices.cards import Card
from simulators.devices.kinds import Words
from simulators.site import Site, Stall
from simulators.terminal_process import Card as Chip

FOREIGN_ANSWER = bytes.fromhex("3b6800000073c84013009000")
"""What a bus card answers with: no card of ours."""
WHOLESALER, WHOLESALER_NAME = "3502000010007", "批发七号"
CARCASS_PLU = 1
"""Under which goods number a carcass is traded at the terminal."""

_SELLER, _STALL, _LOTS, _GRAMS = 1, 2, 3, 4


class Wallet:
    """Every card that a person of the page carries; ``desk`` has the keys of the site."""

    def __init__(self, site: Site, desk: CardDesk, stalls: Sequence[Stall], lots: dict[str, str], grams: int) -> None:
        """Issue the cards: each stall's with its lot of ``lots``, the wholesaler's with ``grams`` of its own."""
        self._site = site
        self._desk = desk
        stock = {_SELLER: record.pack_digits(WHOLESALER), _STALL: WHOLESALER_NAME}
        stock |= {_LOTS: [[CARCASS_PLU, record.pack_digits(lots[WHOLESALER])]], _GRAMS: [grams]}
        whole = cbor.encode(stock)
        self.wholesaler = self._issue("wholesaler", Words("批发七号的卡", "Wholesaler's card"), "stock", whole)
        self.stalls = [self._stall_card(stall, lots[stall.seller_code]) for stall in stalls]
        self._cards = {stall.seller_code: card for stall, card in zip(stalls, self.stalls, strict=True)}
        self._cards[WHOLESALER] = self.wholesaler

    def no_cards(self) -> tuple[Card, Card]:
        """Return a card that is not ours, and one of ours that is broken."""
        foreign = CardDesk(self._desk.image).issue(PLAIN, self.stalls[0].contents)
        spoiled = self._desk.issue(SECURE, self.wholesaler.contents)
        spoiled["files"] = ["5a" * (len(file) // 2) for file in spoiled["files"]]
        half = self.stalls[0].contents[: len(self.stalls[0].contents) // 2]
        return (
            Card("foreign", Words("公交卡", "Bus card"), "foreign", FOREIGN_ANSWER, Chip(foreign)),
            Card("broken", Words("坏卡", "Broken card"), "broken", half, Chip(spoiled)),
        )

    def look(self, card: Card) -> None:
        """Let a card say what a terminal has written on its chip; one that cannot be read says what it said."""
        if card.chip is not None and card.name not in ("foreign", "broken"):
            card.contents = self._desk.read(card.chip.memory)

    def enter(self, voucher: str) -> Card:
        """Write the lot of a slaughter voucher on its buyer's card; return the card.

        Rejected "desk.unreachable" without the cloud, "desk.not_yet" while the movement is under way, "desk.nobody"
        for a buyer who has no card here, "card.full".
        """
        grams, buyer = self._movement(voucher)
        card = self._cards.get(buyer)
        if card is None or card.chip is None:
            raise Rejected("desk.nobody", buyer)
        fields = cbor.decode(card.contents)
        assert isinstance(fields, dict)
        lot = record.pack_digits(voucher)
        if _GRAMS in fields:
            rows = [(row, left) for row, left in zip(fields[_LOTS], fields[_GRAMS], strict=True) if left]
            fields[_LOTS] = [[CARCASS_PLU, lot], *(row for row, _ in rows)]
            fields[_GRAMS] = [grams, *(left for _, left in rows)]
        else:
            fields[_LOTS] = [[plu, lot] for plu, _ in fields[_LOTS]]
        card.chip.memory = self._desk.rewrite(card.chip.memory, cbor.encode(fields))
        card.contents = cbor.encode(fields)
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
        label = Words(f"{stall.seller}的卡", f"{stall.seller}'s card")
        return self._issue(stall.scale, label, "ours", stall.card(lot))

    def _issue(self, name: str, label: Words, style: str, contents: bytes) -> Card:
        issue = partial(self._desk.issue, SECURE if style == "stock" else PLAIN)
        return Card(name, label, style, contents, Chip(issue(contents)))
