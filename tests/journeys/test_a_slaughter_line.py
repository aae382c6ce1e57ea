"""From the pig lot at the farm to the voucher in the buyer's hand, through a real rail scale, gateway and cloud."""

import asyncio

import httpx
import pytest
from tracewire import cbor, chain, cose, record

from simulators import accounting, boards
from simulators.printer import Printer
from simulators.rail_process import RailProcess, lot_card
from simulators.site import Site
from simulators.upstream import UpstreamDevice

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]
LINE, PLANT, FARM, BUYER = "line-0002", "银祥肉联厂", "长汀县河田镇绿源生态养殖场", "3502000010101"
BOARDS = [boards.rail(LINE, PLANT)]


@pytest.fixture(scope="module")
def pigs(site: Site) -> str:
    """A pig lot that its farm has stated; cloud and gateway run, and know the line."""
    site.cloud.start()
    site.gateway.start()
    with UpstreamDevice(site.node("farm-0001"), "localhost", site.mqtt_port) as farm:
        lot = farm.next_code()
        farm.state(record.LOT, {"lot": lot, "source": 2, "goods": "生猪", "place": FARM, "division": "350821"})
        farm.wait_until_settled(30)
    return lot


async def weigh(line: RailProcess, number: int) -> None:
    await line.hang(88_000 + 500 * number)
    await line.read_tag(f"1350821{number:08d}")
    await line.wait_for_beep("done")


async def morning(line: RailProcess, lot: str) -> list[bytes]:
    """Six carcasses: the plug is pulled under the third, the fifth is condemned; then the buyer's card."""
    await line.present_card(lot_card(lot, FARM))
    await line.wait_for_message("批次")
    for number in range(1, 7):
        await weigh(line, number)
        if number == 3:
            await line.kill()
            await line.remove_load()
            await line.start()
        if number == 5:
            await line.press("digit1")
            await line.wait_for_message("已判不合格")
        await line.take_off()
    await line.present_card(cbor.encode({1: record.pack_digits(BUYER), 2: "八市12号", 3: []}))
    return [await line.next_slip(), await line.next_slip()]


def test_what_hung_at_the_line_is_in_the_ledger_once_and_its_voucher_leads_to_the_farm(site: Site, pigs: str) -> None:
    image, flash = site.image_of(BOARDS[0]), site.flash_of(LINE)

    async def story() -> list[bytes]:
        async with RailProcess(image, flash) as line:
            slips = await morning(line, pigs)
            await line.wait_until(lambda: "link" in line.lamps and "pending" not in line.lamps, 60)
            return slips

    slips = asyncio.run(story())
    head = accounting.scale_head(image, flash)
    rows = [row.sealed for row in accounting.read_ledger(site.url)]
    of_line = [sealed for sealed in rows if record_of(sealed).kind != record.LOT]
    reached = chain.GENESIS
    for sealed in of_line:
        reached = chain.check(reached, record_of(sealed), sealed)
    assert reached == head
    bodies = [record_of(sealed).body for sealed in of_line]
    assert [body["hot_grams"] for body in bodies if "hot_grams" in body] == [88_000 + 500 * n for n in range(1, 7)]
    moved = next(body for body in bodies if "voucher" in body)
    assert len(moved["inputs"]) == 5  # not the condemned one
    url = Printer().render(slips[0]).codes[0][0]
    assert url == f"{site.url}/t/{moved['voucher']}"
    told = httpx.get(url).raise_for_status().text
    for fact in (FARM, "3508210098765", "3502000112233", "厦品检2026-112207", PLANT):
        assert fact in told, fact


def record_of(sealed: bytes) -> record.Record:
    return record.decode(cose.parse(sealed).payload)
