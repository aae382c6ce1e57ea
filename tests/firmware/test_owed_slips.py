"""Paper out, jam, battery low, power cut at the printer's first byte: what the seller is told, and what comes later."""

import asyncio
import signal
from pathlib import Path

from tracewire import record

from simulators import flash_files
from simulators.printer import Printer
from simulators.scale_process import ScaleProcess
from tests.firmware.evidence import history
from tests.firmware.test_scale_process import (
    CELL,
    Tell,
    at_the_scale,
    enrolled,
    flash,
    image,
    put,
    sale_on,
    sealed_on,
    sign_in,
)

__all__ = ("at_the_scale", "enrolled", "flash", "image")  # fixtures, used by name


async def sell(scale: ScaleProcess, grams: float, words: str) -> None:
    await put(scale, grams)
    await scale.press("plu1")
    await scale.wait_for_message(words)


def test_slips_that_the_printer_owes_are_printed_by_one_key_and_marked(
    at_the_scale: Tell, image: Path, flash: Path
) -> None:
    async def without_paper(scale: ScaleProcess) -> None:
        await sign_in(scale)
        await scale.set_printer("paper_out")
        await sell(scale, 520, "打印机缺纸，交易已记录，换纸后按0补打")
        await scale.set_printer("jam")
        await sell(scale, 640, "打印机卡纸")
        await scale.press("digit0")  # still jammed: nothing is lost
        await scale.wait_for_message("打印机卡纸")
        assert scale.slips == []

    async def with_paper(scale: ScaleProcess) -> None:  # the power was off in between
        await scale.press("digit0")
        slips = [await scale.next_slip(), await scale.next_slip()]
        await scale.wait_for_message("已补打 2 张，还有 0 张")
        papers = [Printer().render(slip) for slip in slips]
        assert all("补打" in paper.lines for paper in papers)
        assert [sale_on(slip).body["net_grams"] for slip in slips] == [520, 640]
        assert [sealed_on(slip) for slip in slips] == sealed
        await scale.press("digit3")  # nothing is owed any more: 0 is a digit again
        await scale.press("digit0")
        await scale.wait_for_message("低于最小称量")
        await put(scale, 700)
        await scale.press("plu1")
        assert "补打" not in Printer().render(await scale.next_slip()).lines

    at_the_scale(without_paper)
    everything = zip(history(image, flash), flash_files.read_journal(image, flash), strict=True)
    sealed = [octets for statement, octets in everything if statement.kind == record.SALE]
    at_the_scale(with_paper)


def test_a_low_battery_is_said_and_a_charged_one_is_not(at_the_scale: Tell) -> None:
    async def story(scale: ScaleProcess) -> None:
        await scale.set_battery(9)
        await scale.wait_until(lambda: "电量低" in scale.screen[3] and "alarm" in scale.lamps)
        await scale.set_battery(80)
        await scale.wait_until(lambda: "电量低" not in scale.screen[3] and "alarm" not in scale.lamps)

    at_the_scale(story)


class KilledAtTheFirstByte(ScaleProcess):
    """A scale whose power goes when the first byte for the printer comes out of it."""

    async def _plugged_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        eavesdropper = asyncio.StreamReader()

        async def listen() -> None:
            said = b""
            while piece := await reader.read(1):
                said += piece
                eavesdropper.feed_data(piece)
                if said.endswith(b'{"slip": "') and self._process is not None:
                    self._process.send_signal(signal.SIGKILL)
                    break
            eavesdropper.feed_eof()

        listening = asyncio.create_task(listen())
        await super()._plugged_in(eavesdropper, writer)
        await listening


def test_a_sale_is_on_flash_before_the_first_byte_of_its_slip_reaches_the_printer(image: Path, flash: Path) -> None:
    async def run() -> None:
        scale = KilledAtTheFirstByte(image, flash, cell=CELL)
        await scale.start()
        await sign_in(scale)
        await put(scale, 520)
        await scale.press("plu1")
        await scale.wait_until(lambda: not scale.is_running)
        assert scale.slips == []
        await scale.kill()

    asyncio.run(run())
    newest = history(image, flash)[-1]
    assert newest.kind == record.SALE
    assert newest.body["net_grams"] == 520
