"""A night in a wholesale hall: cards from the desk, deals at a real terminal, a slip that leads back to the farm."""

import asyncio

import httpx
import pytest
from cards.contents import Contents
from tracewire import chain, cose, record

from provisioning import card_keys, layout
from provisioning.card_desk import CardDesk
from simulators import accounting, boards
from simulators.card_reader import VirtualReader, factory_card
from simulators.printer import Printer
from simulators.scale_process import ScaleProcess
from simulators.site import STALLS, Site
from simulators.terminal_process import Card, TerminalProcess
from simulators.upstream import UpstreamDevice
from tests.firmware.terminal.night import show

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]
TERMINAL, HALL, FARM = "hall-0002", "厦门批发市场", "长汀县河田镇绿源生态养殖场"
WHOLESALER, STALL = "3502000010007", STALLS[0]
BOARDS = [boards.terminal(TERMINAL, HALL)]


@pytest.fixture(scope="module")
def bought_lot(site: Site) -> str:
    """The wholesaler's lot: pigs of a farm, slaughtered, and handed over at the line. Cloud and gateway run."""
    site.cloud.start()
    site.gateway.start()
    with (
        UpstreamDevice(site.node("farm-0001"), "localhost", site.mqtt_port) as farm,
        UpstreamDevice(site.node("line-0001"), "localhost", site.mqtt_port) as line,
    ):
        pigs = farm.next_code()
        farm.state(record.LOT, {"lot": pigs, "source": 2, "goods": "生猪", "place": FARM, "division": "350821"})
        carcass = line.next_code()
        line.state(record.CARCASS, {"carcass": carcass, "lot": pigs, "hot_grams": 90_000, "side": 0})
        lot = line.next_code()
        line.state(record.MOVEMENT, {
            "movement": 1, "inputs": ((carcass, 90_000),), "outputs": ((lot, 90_000),),
            "to_party": WHOLESALER, "voucher": lot, "goods": "白条猪肉",
        })  # fmt: skip
        farm.wait_until_settled(30)
        line.wait_until_settled(30)
    return lot


def issue(site: Site, uid: bytes, *words: str) -> Card:
    """Lay a factory card on the desk's reader, type the command, take the card."""
    with VirtualReader() as reader:
        reader.lay(factory_card(uid))
        site.chengxin(
            "card", "issue", "--ca", str(site.directory / "ca"), "--passphrase-file", str(site.card_passphrase_file),
            "--reader", reader.address, *words,
        )  # fmt: skip
        return reader.take()


async def night(terminal: TerminalProcess, seller: Card, buyer: Card) -> list[bytes]:
    """Two deals; the plug is pulled between the record and the cards of the first one."""
    vouchers = []
    for grams in (12_500, 20_000):
        await show(terminal, seller, "批发七号")
        await show(terminal, buyer, "A12")
        await terminal.put_load(grams)
        await terminal.wait_for_text(f"{grams / 1000:.3f} kg 稳定")
        await terminal.press("set")
        vouchers += [await terminal.next_slip(), await terminal.next_slip()]
        await terminal.wait_for_answer("已成交")
        if grams == 12_500:
            await terminal.kill()
        await terminal.remove_load()
        if not terminal.is_running:
            await terminal.start()
        await show(terminal, seller, "已写卡 批发七号")
        await show(terminal, buyer, "已写卡 A12")
        await terminal.wait_for_lamp("zero")
    await terminal.wait_until(lambda: "link" in terminal.lamps and "pending" not in terminal.lamps, 60)
    return vouchers


async def sale(site: Site, card: bytes) -> bytes:
    """The buyer's card signs in at the stall's counter scale, and 520 g go over it."""
    async with ScaleProcess(site.image, site.flash(STALL), cell=STALL.cell) as scale:
        await scale.present_card(card)
        await scale.wait_for_text("摊位 A12")
        await scale.wait_for_lamp("zero")
        await scale.put_load(520)
        await scale.wait_until(lambda: "stable" in scale.lamps and "zero" not in scale.lamps)
        await scale.press("plu1")
        slip = await scale.next_slip()
        await scale.wait_until(lambda: "link" in scale.lamps and "pending" not in scale.lamps, 60)
        return slip


def test_what_was_dealt_in_at_night_is_in_the_ledger_once_and_a_slip_in_the_morning_leads_to_the_farm(
    site: Site, bought_lot: str
) -> None:
    image, flash = site.image_of(BOARDS[0]), site.flash_of(TERMINAL)
    seller = issue(
        site, b"\x04\xde\x5f\x1e\xac\xc0\x40",
        "--seller", WHOLESALER, "--stall", "批发七号", "--wholesale", "--lot", f"1:{bought_lot}:90000",
    )  # fmt: skip
    buyer = issue(site, b"\x04\x11\x22\x33\x44\x55\x66", "--seller", STALL.seller_code, "--stall", "A12")

    async def story() -> list[bytes]:
        async with TerminalProcess(image, flash) as terminal:
            return await night(terminal, seller, buyer)

    vouchers = asyncio.run(story())
    head = accounting.scale_head(image, flash)
    rows = [row.sealed for row in accounting.read_ledger(site.url)]
    deals = [one for one in map(record_of, rows) if one.body.get("from_party") == WHOLESALER]
    assert [one.body["inputs"] for one in deals] == [((bought_lot, 12_500),), ((bought_lot, 20_000),)]
    reached = chain.GENESIS
    kid = cose.parse(next(sealed for sealed in rows if record_of(sealed).body.get("from_party") == WHOLESALER)).kid
    for sealed in [sealed for sealed in rows if cose.parse(sealed).kid == kid]:
        reached = chain.check(reached, record_of(sealed), sealed)
    assert reached == head

    urls = [Printer().render(slip).codes[0][0] for slip in vouchers]
    assert len(set(urls)) == 2
    for url, deal in zip(urls[::2], deals, strict=True):
        assert record_of(accounting.sealed_in_url(url)) is not None
        assert url.startswith(f"{site.url}/t/{deal.body['voucher']}#")
        told = httpx.get(url).raise_for_status().text
        assert FARM in told and HALL in told

    lot = deals[-1].body["voucher"]
    said = contents_of(site, buyer)
    assert said.lots == ((1, lot),)
    assert contents_of(site, seller).grams == (57_500,)
    slip = asyncio.run(sale(site, said.encode()))
    told = httpx.get(Printer().render(slip).codes[0][0]).raise_for_status().text
    for fact in (FARM, HALL, lot):
        assert fact in told, fact


def contents_of(site: Site, card: Card) -> Contents:
    """Read a card as the desk does."""
    files = layout.existing(site.directory / "ca")
    rings = card_keys.load(files, site.card_passphrase_file.read_bytes().strip())
    reader = VirtualReader()
    reader.lay(card)
    contents: Contents = asyncio.run(CardDesk(files, rings, reader.chip).read()).said.contents
    return contents


def record_of(sealed: bytes) -> record.Record:
    return record.decode(cose.parse(sealed).payload)
