"""The desk where deals are signed: weighing and movement in one commit, then the cards are owed, then the voucher.

Nothing here waits between checking a deal and writing it, so no other task can come between. The weight comes from the
scale or, for a share of a lot, from the card's own stock; no key gives one.
"""

import time

from hal import clock
from tracewire import record
from tracewire.errors import Rejected

from terminal import voucher
from terminal.deal import Deal
from terminal.owed import Write, digest
from terminal.screens import CHOSEN, DONE, REPRINTED, SHARES, kilograms
from terminal.voucher_labels import COPY_AGAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cards.reader import Reader
    from device.downlink_lots import Lots
    from scale.load import Load
    from scale.platform import Loads
    from scale.plu import PriceList
    from scale.station import Station
    from tracewire.record import Record

    from terminal.deal import Party
    from terminal.owed import Owed
    from terminal.screens import TerminalScreen

IDLE_MS = 120000
"""A deal that nobody touched for two minutes is over: the next card must not buy from somebody who went away."""

AGAIN = 3
"""Vouchers that a card alone gets printed again."""


class TradeDesk:
    """One deal at a time."""

    def __init__(
        self,
        *,
        station: "Station",
        loads: "Loads",
        prices: "PriceList",
        reader: "Reader",
        owed: "Owed",
        screen: "TerminalScreen",
        lots: "Lots",
    ) -> None:
        self._station = station
        self._history = station.history
        self._loads = loads
        self._prices = prices
        self._reader = reader
        self._owed = owed
        station.journal.spare_segments = voucher.SPARE_SEGMENTS
        self._screen = screen
        self._lots = lots
        self._touched_ms = clock.ticks_ms()
        self._deal = Deal()
        self._show()

    def take(self, party: "Party") -> None:
        """Let a card sell or buy; Rejected as ``Deal.take``."""
        self._touch()
        self._deal.take(party)
        self._show()

    def choose(self, number: int) -> None:
        """Choose the ``number``-th lot of the seller's card."""
        self._touch()
        self._deal.choose(number)
        self._show()
        self._screen.say(CHOSEN + self._deal.row[1][-7:])

    def key_in(self, digit: int) -> None:
        """Take a digit of the number of shares; 0 first, and before a buyer's card, prints vouchers again."""
        self._touch()
        if not digit and not self._deal.shares:
            self._reprint()
            return
        self._deal.key_in(digit)
        self._screen.say(SHARES % (self._deal.shares, kilograms(self._deal.share_grams())))

    def clear(self, answer: str) -> None:
        """Take back the shares that were keyed in, or else the whole deal, and say ``answer``."""
        if self._deal.shares:
            self._deal.shares = 0
        else:
            self._deal = Deal()
        self._screen.say(answer)
        self._show()

    def confirm(self) -> None:
        """Sign the deal; on flash when this returns, with what the cards are owed and the voucher printed.

        Raises Rejected "deal.…", "weighing.…", "card.overdrawn" (with what is left), "card.full", "lot.frozen",
        "lot.overdrawn", "plu.unknown", "sale.repeated"; Unavailable "journal.full", "notes.flash".
        """
        self._touch()
        self._station.lock_desk.require_unlocked()
        self._station.storage_line.require_room()
        deal = self._deal
        plu, lot = deal.row
        goods = self._prices.goods(plu)
        load = None if deal.shares else self._require_load()
        grams = load.reading.net_grams if load else deal.share_grams()
        if grams <= 0:
            raise Rejected("deal.nothing")
        self._lots.require_sellable(lot, grams)
        entries, weighing_back = load.weighing_before(self._history) if load else ([], None)
        count = self._history.totals[0] + 1
        number = record.code_of(self._station.settings.code_base, count)
        self._owed.stage(count, _writes(deal, deal.check(grams), number, grams))
        entries.append(deal.movement(number, grams, goods.name, weighing_back))
        moved, sealed = self._history.write(entries)[-1]  # 2 sign, 3 journal
        # On flash. A crash from here on: the deal counts, and so does what was staged; the voucher is in the journal.
        self._deal = Deal()
        if load:
            load.weighing_seq, load.is_sold = moved.seq - weighing_back, True
        self._lots.sold(lot, grams)
        self._station.publisher.wake()  # 4 publish
        self._report(self._owed.commit())
        self._show()
        self._screen.say(DONE % (kilograms(grams), number[-7:]))
        self._reader.present_again()  # a card that lies there gets what it is owed at once
        self._station.paper.issue(self._compose([((moved, sealed), copy) for copy in voucher.COPIES]))

    def _require_load(self) -> "Load":
        self._station.weigher.check_sellable()
        load = self._loads.current
        if load is None:
            raise Rejected("weighing.none")
        if load.is_sold:
            raise Rejected("sale.repeated")
        return load

    def _reprint(self) -> None:
        """Print the last vouchers of the card that was tapped alone; without one what is owed, or else the newest."""
        seller, paper, journal = self._deal.seller, self._station.paper, self._station.journal
        if seller is None and paper.print_owed():
            return
        if seller is None:
            wanted = [(one, copy) for one in voucher.last(journal, 1) for copy in voucher.COPIES]
        else:
            wanted = [(one, COPY_AGAIN) for one in voucher.last(journal, AGAIN, seller.code)]
        if not wanted:
            raise Rejected("voucher.nothing")
        if paper.put(self._compose(wanted)):
            self._screen.say(REPRINTED % len(wanted))

    def _compose(self, wanted: "list[tuple[tuple[Record, bytes], bytes]]") -> "Iterator[bytes]":
        for (moved, sealed), copy in wanted:
            yield voucher.compose(self._station.settings, self._name_gbk(moved.body["goods"]), moved, sealed, copy)

    def _name_gbk(self, name: str) -> bytes:
        for goods in self._prices.by_number.values():
            if goods.name == name:
                return goods.name_gbk
        raise Rejected("plu.unknown", name)

    def _report(self, given_up: "list[Write]") -> None:
        for write in given_up:
            self._history.audit("card_unsettled", write.describe())

    def _touch(self) -> None:
        now_ms = clock.ticks_ms()
        if time.ticks_diff(now_ms, self._touched_ms) > IDLE_MS:
            self._deal = Deal()
        self._touched_ms = now_ms

    def _show(self) -> None:
        self._screen.deal(self._deal)


def _writes(deal: Deal, seller_after: object, number: str, grams: int) -> "list[Write]":
    """Return what the two cards will be owed: stock down on the seller's when it holds any, the lot on the buyer's."""
    plu, lot = deal.row
    seller, buyer = deal.seller, deal.buyer
    after, bought = digest(buyer.after_receipt(plu, number, grams)), record.pack_digits(number)
    writes = [Write(buyer.uid, buyer.generation, after, True, plu, bought, grams)]
    if seller_after is not None:
        writes.insert(
            0, Write(seller.uid, seller.generation, digest(seller_after), False, plu, record.pack_digits(lot), grams)
        )
    return writes
