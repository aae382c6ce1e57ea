"""A night at a wholesale terminal: deals; no paper, false cards, cards and plugs pulled in the middle of a write."""

import asyncio
from collections import Counter

from cards.contents import Contents

from simulators.card_reader import factory_card
from simulators.devices.issuing import IssuingDesk
from simulators.site import STALLS
from simulators.soak.day import Day, Trouble
from simulators.terminal_process import Card, TerminalProcess

WHOLESALER, LOT = "3502000010007", "35020000200030000001"
STOCK_GRAMS = 100_000_000
LITTLE_GRAMS = 5_000
BUS_CARD_UID = b"\x5a\x11\x22\x33"
BUYERS = ("A12", "B07")
"""The first one's card is an NTAG 424 DNA, the second one's a MIFARE Classic, which can be copied."""

BAD_CARDS = ("card pulled out", "foreign card", "copied card", "card set back")
"""What a terminal says on record, each one at most once an hour."""

MOMENTS = ("lost", "torn", "kept")
FRAMES = {"ntag424": range(8, 12), "mifare-classic": range(8, 21)}
"""Frames to a card, the last of which write it, by kind of chip; 1 to 7 find it and prove who it is."""


class TerminalDay(Day):
    """Deal by deal; ``desk`` issues the cards."""

    device: TerminalProcess
    desk: IssuingDesk

    async def open(self) -> None:
        """Fetch the cards of the night: two sellers of one house, two buyers, and one for somebody with a reader."""
        self._seller, self._poor, self._forged, *buyers = await asyncio.to_thread(self._issue)
        self._buyers = dict(zip(BUYERS, buyers, strict=True))

    async def trade(self) -> None:
        """Sell to one of the buyers, and write both cards."""
        buyer = self.chance.choice(BUYERS)
        await self._deal(buyer)
        await self._write(buyer)

    def troubles(self) -> list[Trouble]:
        """Return what goes wrong in a hall."""
        return [
            self.cut_power,
            self.tamper,
            self._cut_after_a_deal,
            self._cut_in_a_write,
            self._card_pulled_out,
            self._foreign_card,
            self._copied_card,
            self._old_card,
            self._overdrawn,
            self._no_paper,
        ]

    def expected(self) -> Counter[str]:
        """Every deal that was signed, whatever became of its cards and its paper; each bad card of a kind once."""
        bad_cards = sum(self.done[what] > 0 for what in BAD_CARDS)
        return Counter(
            movement=self.done["deals"],
            printer_fault=self.done["no paper"],
            card_refused=bad_cards,
            overdrawn=min(1, self.done["overdrawn"]),
        )

    def _issue(self) -> list[Card]:
        stock = Contents(WHOLESALER, "批发七号", ((1, LOT),), (STOCK_GRAMS,))
        poor = Contents(WHOLESALER, "批发七号", ((1, LOT),), (LITTLE_GRAMS,))
        secure, plain = [Contents(stall.seller_code, name, ()) for stall, name in zip(STALLS, BUYERS, strict=True)]
        kinds = ((stock, True), (poor, True), (plain, False), (secure, True), (plain, False))
        return [self.desk.issue(what, is_secure=is_secure) for what, is_secure in kinds]

    async def _show(self, card: Card, answer: str) -> str:
        await self.device.present_card(card)
        said = await self.device.wait_for_answer(answer)
        await self.device.take_card()
        return said

    async def _take_part(self, card: Card, name: str) -> None:
        """Let a card sell or buy. After a power cut it may be told once more that it is written, and taps again."""
        while "已写卡" in await self._show(card, name):
            self.done["told twice"] += 1

    def _tear(self, card: Card) -> tuple[int, str]:
        return self.chance.choice(FRAMES[card.memory["kind"]]), self.chance.choice(MOMENTS)

    async def _weigh(self, least_kg: int = 2) -> None:
        grams = 50 * self.chance.randint(20 * least_kg, 2_000)
        await self.device.put_load(grams)
        await self.device.wait_for_text(f"{grams / 1000:.3f} kg 稳定")

    async def _sign(self, buyer: str) -> None:
        await self._take_part(self._seller, "批发七号")
        await self._take_part(self._buyers[buyer], buyer)
        await self._weigh()
        await self.device.press("set")
        await self.device.wait_for_answer("已成交")
        self.done["deals"] += 1

    async def _deal(self, buyer: str) -> None:
        await self._sign(buyer)
        self.slips += [await self.device.next_slip(), await self.device.next_slip()]

    async def _write(self, buyer: str) -> None:
        await self._show(self._buyers[buyer], "已写卡 " + buyer)
        await self._show(self._seller, "已写卡 批发七号")
        await self._clear_pan()

    async def _clear_pan(self) -> None:
        await self.device.remove_load()
        await self.device.wait_for_lamp("zero")

    async def _cut_after_a_deal(self) -> None:
        buyer = self.chance.choice(BUYERS)
        await self._deal(buyer)
        await self.cut_power()
        await self._write(buyer)
        self.done["cut after a deal"] += 1

    async def _cut_in_a_write(self) -> None:
        buyer = self.chance.choice(BUYERS)
        await self._deal(buyer)
        for card in (self._buyers[buyer], self._seller):
            await self.device.cut_power_under(card, *self._tear(card))
            await self.cut_power()
        await self._write(buyer)
        self.done["cut in a write"] += 1

    async def _card_pulled_out(self) -> None:
        buyer = self.chance.choice(BUYERS)
        await self._deal(buyer)
        for card in (self._buyers[buyer], self._seller):
            await self.device.pull_card_after(*self._tear(card))
            await self._show(card, "卡已离开")
        await self._write(buyer)
        self.done["card pulled out"] += 1

    async def _foreign_card(self) -> None:
        await self._show(factory_card(BUS_CARD_UID), "不是本系统的卡")
        self.done["foreign card"] += 1

    async def _copied_card(self) -> None:
        """What is written on one card, on another one of another number."""
        self._forged.memory["blocks"] = self._buyers["B07"].memory["blocks"]
        await self._show(self._forged, "此卡为复制卡")
        self.done["copied card"] += 1

    async def _old_card(self) -> None:
        """A card that was set back to what it said before its last purchase."""
        before = Card({**self._buyers["B07"].memory})
        await self._deal("B07")
        await self._write("B07")
        await self._show(before, "被退回旧值")
        self.done["card set back"] += 1

    async def _overdrawn(self) -> None:
        await self._take_part(self._poor, "批发七号")
        await self._take_part(self._buyers["A12"], "A12")
        await self._weigh(least_kg=LITTLE_GRAMS // 1000 + 1)
        await self.device.press("set")
        await self.device.wait_for_answer("超过卡上余量，剩余 5.000 kg")
        await self.device.press("clear")
        await self.device.wait_for_answer("已清除")
        await self._clear_pan()
        self.done["overdrawn"] += 1

    async def _no_paper(self) -> None:
        await self.device.set_printer(self.chance.choice(("paper_out", "jam")))
        buyer = self.chance.choice(BUYERS)
        await self._sign(buyer)
        await self.device.wait_for_answer("打印机")
        await self.device.set_printer("ok")
        await self.device.press("digit0")
        self.slips += [await self.device.next_slip(), await self.device.next_slip()]
        await self._write(buyer)
        self.done["no paper"] += 1
