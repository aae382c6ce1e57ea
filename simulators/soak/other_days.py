"""A day at the slaughter line and a day with the inspector's handheld."""

from collections import Counter

from tracewire import cbor, record

from simulators import nmea
from simulators.handheld_process import HandheldProcess
from simulators.rail_process import RailProcess, lot_card
from simulators.soak.day import Day, Trouble

PIGS = "35020000200010000003"
BUYER = cbor.encode({1: record.pack_digits("3502000010007"), 2: "批发七号", 3: []})
FARM = "长汀县河田镇绿源生态养殖场"
MARKET_GATE = (24.479836, 118.086383)


class RailDay(Day):
    """Carcass by carcass."""

    device: RailProcess

    async def open(self) -> None:
        """Present the card of the pig lot."""
        await self.device.present_card(lot_card(PIGS, FARM))
        await self.device.wait_for_message("批次")

    async def trade(self) -> None:
        """Weigh and tag one carcass."""
        await self._hang()
        await self._tag()
        await self.device.take_off()

    def troubles(self) -> list[Trouble]:
        """Return what goes wrong at a line."""
        return [
            self.cut_power,
            self._cut_under_a_carcass,
            self._same_tag,
            self._garbled_tag,
            self._no_paper,
            self.tamper,
        ]

    def expected(self) -> Counter[str]:
        """Every tag that came twice, damage at the tag reader, every spell without paper."""
        return Counter(
            tag_repeated=self.done["same tag"],
            tag_refused=min(1, self.done["garbled tag"]),
            carcass=self.done["carcasses"],
            printer_fault=self.done["no paper"],
        )

    async def _hang(self) -> None:
        await self.device.hang(80_000 + 100 * self.chance.randint(0, 300))

    async def _tag(self) -> None:
        self.done["carcasses"] += 1
        await self.device.read_tag(self._tag_of(self.done["carcasses"]))
        await self.device.wait_for_beep("done")

    def _tag_of(self, number: int) -> str:
        return f"1350821{number:08d}"

    async def _cut_under_a_carcass(self) -> None:
        await self.device.hang(91_000)
        await self.device.wait_for_text("91.000 kg")
        self.done["cut under a carcass"] += 1
        await self.cut_power()

    async def _same_tag(self) -> None:
        while self.done["carcasses"] < 2:
            await self.trade()
        await self._hang()
        await self.device.read_tag(self._tag_of(self.done["carcasses"] - 1))
        await self.device.wait_for_beep("refused")
        await self._tag()
        await self.device.take_off()
        self.done["same tag"] += 1

    async def _garbled_tag(self) -> None:
        await self.device.read_frame("$E13508214001820*FF")
        self.done["garbled tag"] += 1

    async def _no_paper(self) -> None:
        """A buyer takes away what hangs, and its vouchers come out when there is paper again."""
        await self.trade()
        await self.device.set_printer(self.chance.choice(("paper_out", "jam")))
        await self.device.present_card(BUYER)
        await self.device.wait_for_message("打印机")
        await self.device.take_card()
        await self.device.set_printer("ok")
        while "还有 0 张" not in self.device.screen[2]:
            await self._print_owed()
        self.done["no paper"] += 1

    async def _print_owed(self) -> None:
        before = len(self.device.slips)
        await self.device.press("digit3")
        await self.device.wait_until(lambda: len(self.device.slips) > before and "已补打" in self.device.screen[2])


class HandheldDay(Day):
    """Visit by visit."""

    device: HandheldProcess
    seller: str

    async def open(self) -> None:
        """Wait for the sky."""
        await self.device.hear(nmea.position(*MARKET_GATE))
        await self.device.wait_for_text("定位 ±")

    async def trade(self) -> None:
        """Record one visit."""
        await self.device.press("clear")
        await self.device.wait_until(lambda: "已保存" not in self.device.screen[2])
        await self.device.type(f"2 {self.seller} enter 3 enter enter")
        await self.device.wait_for_message("已保存")

    def troubles(self) -> list[Trouble]:
        """Return what goes wrong in the field."""
        return [self.cut_power, self._cut_in_a_form, self._no_sky]

    def expected(self) -> Counter[str]:
        """Every visit that was saved."""
        return Counter(visit=self.done["trades"])

    async def _cut_in_a_form(self) -> None:
        await self.device.type(f"2 {self.seller} enter 3")
        self.done["cut in a form"] += 1
        await self.cut_power()

    async def _no_sky(self) -> None:
        await self.device.hear(nmea.lost() + nmea.hostile(self.chance, 40))
        self.done["no sky"] += 1
