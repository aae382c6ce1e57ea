"""A day at a counter scale: sales, and no paper, opened cases, wrong cards, power cuts in the middle of a sale."""

from collections import Counter

from tracewire import cbor, record

from simulators.site import Stall
from simulators.soak.day import Day, Trouble

LOT = "35020000100030000001"
STRANGER = cbor.encode({1: record.pack_digits("3502000019999"), 2: "邻摊", 3: []})
GRAMS = (180, 2600)


class ScaleDay(Day):
    """One stall's scale."""

    stall: Stall

    async def open(self) -> None:
        """Tap the seller's card."""
        await self._tap(self.stall.card(LOT), self.stall.name)

    async def trade(self) -> None:
        """Sell to one customer; every seventh only looks."""
        await self._weigh()
        if (self.done["trades"] + 1) % 7:
            await self.device.press(f"plu{self._key()}")
            self.slips.append(await self.device.next_slip())
        await self.device.remove_load()

    def troubles(self) -> list[Trouble]:
        """Return what goes wrong at a stall."""
        return [self._no_paper, self.tamper, self._wrong_card, self._foreign_card, self.cut_power, self._cut_in_a_sale]

    def expected(self) -> Counter[str]:
        """A printer fault for each spell, four sessions for each wrong card, a foreign card once an hour."""
        return Counter(
            printer_fault=self.done["no paper"],
            card_refused=min(1, self.done["foreign card"]),
            session=1 + 4 * self.done["wrong card"],
        )

    def _key(self) -> int:
        return self.chance.choice(self.stall.goods)[0]

    async def _weigh(self) -> None:
        await self.device.wait_for_lamp("zero")
        await self.device.put_load(self.chance.randint(*GRAMS))
        await self.device.wait_until(lambda: "stable" in self.device.lamps and "zero" not in self.device.lamps)

    async def _tap(self, card: bytes, words: str) -> None:
        await self.device.present_card(card)
        await self.device.wait_for_text(words)
        await self.device.take_card()

    async def _no_paper(self) -> None:
        await self.device.set_printer(self.chance.choice(("paper_out", "jam")))
        await self._weigh()
        await self.device.press(f"plu{self._key()}")
        await self.device.wait_for_message("打印机")
        await self.device.remove_load()
        await self.device.set_printer("ok")
        await self.device.press("digit0")
        self.slips.append(await self.device.next_slip())
        self.done["no paper"] += 1

    async def _wrong_card(self) -> None:
        await self._tap(STRANGER, "摊位 邻摊")
        await self._tap(self.stall.card(LOT), "摊位 " + self.stall.name)
        self.done["wrong card"] += 1

    async def _foreign_card(self) -> None:
        await self._tap(b"a bus ticket", "此卡无法识别")
        self.done["foreign card"] += 1

    async def _cut_in_a_sale(self) -> None:
        await self._weigh()
        await self.device.press(f"plu{self._key()}")
        self.done["cut in a sale"] += 1
        await self.cut_power()
